// Calls of a caller's functions that no C++ exception leaves.
#ifndef CCALLBACK_H
#define CCALLBACK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// What callback_progress() gives where the function threw.
enum { callback_threw = -1 };

/// Calls an obv_progress_fn: 0 where it gives 0, 1 for any other number.
int32_t callback_progress(
    int32_t (*function)(void *_Nullable, uint32_t, uint32_t), void *_Nullable user, uint32_t done,
    uint32_t total);

/// Calls an obv_log_fn; 0, or callback_threw.
int32_t callback_log(
    void (*function)(void *_Nullable, int32_t, const char *_Nullable), void *_Nullable user,
    int32_t level, const char *text);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
