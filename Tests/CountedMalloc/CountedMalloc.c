// glibc lets a program bring its own malloc and shows its own under other names; all libraries,
// Swift's too, then call these.

#include "CountedMalloc.h"

#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static atomic_int is_counting;
static atomic_int to_show;
static atomic_long calls;
// What walks the stack allocates too, and must not count itself.
static _Thread_local int is_showing;

static void count(void) {
  void *frames[32];
  if (!atomic_load_explicit(&is_counting, memory_order_relaxed) || is_showing) return;
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  if (atomic_load(&to_show) > 0 && atomic_fetch_sub(&to_show, 1) > 0) {
    is_showing = 1;
    backtrace_symbols_fd(frames, backtrace(frames, 32), STDERR_FILENO);
    (void)!write(STDERR_FILENO, "\n", 1);
    is_showing = 0;
  }
}

void *malloc(size_t size) {
  count();
  return __libc_malloc(size);
}

void *calloc(size_t elements, size_t size) {
  count();
  return __libc_calloc(elements, size);
}

void *realloc(void *old, size_t size) {
  count();
  return __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  count();
  void *found = __libc_memalign(alignment, size);
  if (!found) return ENOMEM;
  *out = found;
  return 0;
}

void free(void *old) { __libc_free(old); }

void count_allocations(int shows) {
  atomic_store(&to_show, shows ? 3 : 0);
  atomic_store(&calls, 0);
  atomic_store(&is_counting, 1);
}

long counted_allocations(void) {
  atomic_store(&is_counting, 0);
  return atomic_load(&calls);
}
