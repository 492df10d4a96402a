/* The smallest test harness: a claim that does not hold is printed and counted. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

extern int checks, failures;

#define CHECK(claim) \
  do { \
    checks++; \
    if (!(claim)) { \
      failures++; \
      printf("%s:%d: %s\n", __FILE__, __LINE__, #claim); \
    } \
  } while (0)

/* The call gives this status, and a sentence if it is a failure's. */
#define GIVES(wanted, call) \
  do { \
    obv_status found = (call); \
    checks++; \
    if (found != (wanted)) { \
      failures++; \
      printf("%s:%d: %s: '%s' (%s), not '%s'\n", __FILE__, __LINE__, #call, obv_status_text(found), \
             found ? obv_last_error() : "", obv_status_text(wanted)); \
    } \
  } while (0)

/* The last sentence has these words. */
#define SAYS(words) CHECK(strstr(obv_last_error(), words) != NULL)

#endif
