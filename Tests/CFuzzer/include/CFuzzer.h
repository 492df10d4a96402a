/* libFuzzer of clang's runtime, where a program was linked with it; else nothing. */
#ifndef CFUZZER_H
#define CFUZZER_H

#include <stddef.h>
#include <stdint.h>

typedef int (*obv_fuzz_trial)(const uint8_t *bytes, size_t count);

/* Whether there is a fuzzer in this program. */
int obv_fuzz_is_linked(void);

/* Runs it with a program's words until it has found something or has had enough; its exit code. */
int obv_fuzz_run(int count, char **words, obv_fuzz_trial trial);

/* The fuzzer's own mutation of bytes, in place; their new number. */
size_t obv_fuzz_mutate(uint8_t *bytes, size_t count, size_t most);

/* Whether a sanitizer keeps the books of memory, which multiplies it. */
int obv_fuzz_is_sanitized(void);

#endif
