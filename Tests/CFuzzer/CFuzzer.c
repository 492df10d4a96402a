#include "CFuzzer.h"

/* Weak, so that a program links without them: Swift cannot say that. */
__attribute__((weak)) int LLVMFuzzerRunDriver(int *count, char ***words, obv_fuzz_trial trial);
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t most);
__attribute__((weak)) void __asan_init(void);

int obv_fuzz_is_linked(void) { return LLVMFuzzerRunDriver != NULL; }

int obv_fuzz_run(int count, char **words, obv_fuzz_trial trial) {
  return LLVMFuzzerRunDriver(&count, &words, trial);
}

size_t obv_fuzz_mutate(uint8_t *bytes, size_t count, size_t most) {
  return LLVMFuzzerMutate == NULL ? count : LLVMFuzzerMutate(bytes, count, most);
}

int obv_fuzz_is_sanitized(void) { return __asan_init != NULL; }
