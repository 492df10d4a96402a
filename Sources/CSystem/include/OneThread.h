// Where there is one thread, as in WebAssembly: the names that the rooms use, which do next to nothing.
#ifndef CSYSTEM_ONE_THREAD_H
#define CSYSTEM_ONE_THREAD_H

#include <errno.h>
#include <stddef.h>

#pragma clang assume_nonnull begin

typedef struct { int unused; } pthread_mutex_t;
typedef struct { int unused; } pthread_cond_t;
typedef struct { int unused; } sigset_t;
typedef unsigned long pthread_t;
typedef unsigned pthread_key_t;

static inline int pthread_mutex_init(pthread_mutex_t *mutex, const void *_Nullable attributes) { return 0; }
static inline int pthread_mutex_destroy(pthread_mutex_t *mutex) { return 0; }
static inline int pthread_mutex_lock(pthread_mutex_t *mutex) { return 0; }
static inline int pthread_mutex_unlock(pthread_mutex_t *mutex) { return 0; }
static inline int pthread_cond_init(pthread_cond_t *condition, const void *_Nullable attributes) { return 0; }
static inline int pthread_cond_destroy(pthread_cond_t *condition) { return 0; }
static inline int pthread_cond_broadcast(pthread_cond_t *condition) { return 0; }
static inline int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) { return 0; }

/// No thread can be had.
static inline int pthread_create(
    pthread_t *thread, const void *_Nullable attributes,
    void *_Nullable (*_Nonnull body)(void *_Nullable), void *_Nullable argument) {
  return EAGAIN;
}
static inline int pthread_join(pthread_t thread, void *_Nullable *_Nullable result) { return ESRCH; }

// One key is all that is asked for.
extern void *_Nullable one_thread_value;
static inline int pthread_key_create(
    pthread_key_t *key, void (*_Nullable end)(void *_Nullable)) {
  *key = 0;
  return 0;
}
static inline void *_Nullable pthread_getspecific(pthread_key_t key) { return one_thread_value; }
static inline int pthread_setspecific(pthread_key_t key, const void *_Nullable value) {
  one_thread_value = (void *)value;
  return 0;
}

static inline void thread_block_signals(sigset_t *before) {}
static inline void thread_restore_signals(const sigset_t *before) {}

#pragma clang assume_nonnull end

#endif
