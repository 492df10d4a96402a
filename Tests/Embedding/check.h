/* The smallest test harness: a claim that does not hold is printed and counted. */
#ifndef CHECK_H
#define CHECK_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern int checks, failures;

/* Entries of a folder, such as /proc/self/fd. */
static inline int entries(const char *path) {
  int count = 0;
  DIR *all = opendir(path);
  while (all && readdir(all)) count++;
  if (all) closedir(all);
  return count;
}

/* Whether so many threads are left; a joined one may still be listed for a moment. */
static inline int threads_are(int wanted) {
  for (int i = 0; i < 1000 && entries("/proc/self/task") != wanted; i++) usleep(1000);
  return entries("/proc/self/task") == wanted;
}

/* Adds a sentence to the file that SENTENCES names, where it names one: builds are compared by them. */
static inline void keep_sentence(const char *file, int line, const char *status, const char *sentence) {
  const char *path = getenv("SENTENCES");
  FILE *kept = path ? fopen(path, "a") : NULL;
  if (!kept) return;
  fprintf(kept, "%s:%d: %s: %s\n", file, line, status, sentence);
  fclose(kept);
}

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
    if (found) keep_sentence(__FILE__, __LINE__, obv_status_text(found), obv_last_error()); \
    if (found != (wanted)) { \
      failures++; \
      printf("%s:%d: %s: '%s' (%s), not '%s'\n", __FILE__, __LINE__, #call, obv_status_text(found), \
             found ? obv_last_error() : "", obv_status_text(wanted)); \
    } \
  } while (0)

/* The last sentence has these words. */
#define SAYS(words) CHECK(strstr(obv_last_error(), words) != NULL)

#endif
