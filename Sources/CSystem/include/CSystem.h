// The part of the C library that the runtime's rooms use, and what Swift cannot say about the system.
//
// In place of Swift's own Glibc module, which Embedded Swift lacks: macros such as errno, functions with
// a variable number of arguments and the differences between systems are functions here.
#ifndef CSYSTEM_H
#define CSYSTEM_H

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__wasm__)
#include "OneThread.h"
#else
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

#pragma clang assume_nonnull begin

/// errno.
static inline int32_t error_number(void) { return errno; }

/// Whether an error number says that there is no such file.
static inline int error_is_missing(int32_t number) { return number == ENOENT || number == ENOTDIR; }

/// Whether it says that there is no memory.
static inline int error_is_memory(int32_t number) { return number == ENOMEM; }

/// Whether it says that a call was interrupted and is to be made again.
static inline int error_is_interruption(int32_t number) { return number == EINTR; }

/// Whether it says that the file is there already.
static inline int error_is_existing(int32_t number) { return number == EEXIST; }

/// Whether it says that a name is too long.
static inline int error_is_long_name(int32_t number) { return number == ENAMETOOLONG; }

// MARK: Files

/// Opens a file for reading; a named pipe is not waited for. A descriptor, or -1.
static inline int file_open(const char *path) {
  return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/// Creates a file that must not be there yet, for writing. A descriptor, or -1.
static inline int file_create(const char *path) {
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

/// write(2), under a name that is no method's.
static inline ptrdiff_t file_write(int descriptor, const void *bytes, size_t count) {
  return write(descriptor, bytes, count);
}

/// Whether it is a regular file.
static inline int file_is_regular(const struct stat *status) { return S_ISREG(status->st_mode); }

/// Whether it is a directory.
static inline int file_is_folder(const struct stat *status) { return S_ISDIR(status->st_mode); }

#if !defined(__wasm__)
/// A file's bytes, read-only, until memory_unmap(); NULL on failure.
static inline const void *_Nullable file_map(int descriptor, size_t count) {
  void *base = mmap(NULL, count, PROT_READ, MAP_PRIVATE, descriptor, 0);
  return base == MAP_FAILED ? NULL : base;
}

static inline void memory_unmap(const void *base, size_t count) { munmap((void *)base, count); }

/// Lets the system take back the pages of a mapping of file_map(); who reads them gets them from the file again.
static inline void memory_forget(const void *base, size_t count) {
  madvise((void *)base, count, MADV_DONTNEED);
}

/// Whether the system would give so many bytes more.
static inline int memory_can_be_had(size_t count) {
  void *base = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return 0;
  munmap(base, count);
  return 1;
}
#else
static inline const void *_Nullable file_map(int descriptor, size_t count) {
  errno = ENOSYS;
  return NULL;
}

static inline void memory_unmap(const void *base, size_t count) {}

static inline void memory_forget(const void *base, size_t count) {}

static inline int memory_can_be_had(size_t count) {
  void *base = malloc(count);
  free(base);
  return base != NULL;
}
#endif

// MARK: The process and the machine

/// The number of this process.
static inline int32_t process_number(void) {
#if defined(__wasm__)
  return 1;
#else
  return getpid();
#endif
}

/// Asks for large pages; where there are none, small ones do.
static inline void memory_prefer_large_pages(void *base, size_t count) {
#if defined(MADV_HUGEPAGE)
  madvise(base, count, MADV_HUGEPAGE);
#endif
}

/// Bytes of a page.
static inline ptrdiff_t memory_page(void) {
#if defined(__wasm__)
  return 65536;
#else
  return sysconf(_SC_PAGESIZE);
#endif
}

/// Bytes of the machine's memory.
static inline ptrdiff_t memory_of_machine(void) {
#if defined(__wasm__)
  return PTRDIFF_MAX;
#else
  return sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
#endif
}

/// Bytes of the last cache; 0 where the system does not say.
static inline ptrdiff_t memory_of_cache(void) {
#if defined(_SC_LEVEL3_CACHE_SIZE)
  ptrdiff_t bytes = sysconf(_SC_LEVEL3_CACHE_SIZE);
  return bytes > 0 ? bytes : 0;
#else
  return 0;
#endif
}

/// The process's own limits in bytes, of its address space and of its data; UINT64_MAX for none.
static inline void memory_limits(uint64_t *space, uint64_t *data) {
  *space = *data = UINT64_MAX;
#if !defined(__wasm__)
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) *space = limit.rlim_cur;
  if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) *data = limit.rlim_cur;
#endif
}

/// Nanoseconds of a clock that never goes back; it stands still in WebAssembly, where nobody waits.
static inline int64_t clock_nanoseconds(void) {
#if defined(__wasm__)
  return 0;
#else
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
}

// MARK: Threads

/// Writes the mask of processors that this thread may use, 64 to a word; gives the bytes written, or -1.
static inline ptrdiff_t thread_affinity(uint64_t *words, size_t bytes) {
#if defined(__wasm__)
  return -1;
#else
  return syscall(SYS_sched_getaffinity, 0, bytes, words);
#endif
}

/// Names this thread, by 15 bytes at most.
static inline void thread_set_name(const char *name) {
#if !defined(__wasm__)
  prctl(PR_SET_NAME, name, 0, 0, 0);
#endif
}

#if !defined(__wasm__)
/// Keeps signals away from the threads that are made next: they are for the host's.
static inline void thread_block_signals(sigset_t *before) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, before);
}

static inline void thread_restore_signals(const sigset_t *before) {
  pthread_sigmask(SIG_SETMASK, before, NULL);
}
#endif

#pragma clang assume_nonnull end

#endif
