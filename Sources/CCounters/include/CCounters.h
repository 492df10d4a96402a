// The processor's own counters through Linux' perf_event_open, which Swift's Glibc module does not show.
#ifndef CCOUNTERS_H
#define CCOUNTERS_H

#include <errno.h>
#include <stdint.h>
#if defined(__linux__)
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

typedef enum { CCOUNTERS_INSTRUCTIONS, CCOUNTERS_CYCLES, CCOUNTERS_CACHE_MISSES } ccounters_event;

/// Opens a stopped counter of what this process does outside of the kernel, in this thread and in those
/// that it starts from now on; gives a descriptor, or -1 with errno.
static inline int ccounters_open(ccounters_event event) {
#if defined(__linux__)
  static const uint64_t configs[] = {
      PERF_COUNT_HW_INSTRUCTIONS, PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_HW_CACHE_MISSES};
  struct perf_event_attr attr = {0};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_HARDWARE;
  attr.config = configs[event];
  attr.disabled = 1;
  attr.inherit = 1;
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  attr.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
  return (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
#else
  (void)event;
  errno = ENOSYS;
  return -1;
#endif
}

/// Lets a counter run, or stops it.
static inline void ccounters_run(int descriptor, int runs) {
#if defined(__linux__)
  ioctl(descriptor, runs ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
#else
  (void)descriptor;
  (void)runs;
#endif
}

/// Reads count, nanoseconds enabled and nanoseconds counted; gives 0, or -1.
static inline int ccounters_read(int descriptor, uint64_t values[3]) {
#if defined(__linux__)
  return read(descriptor, values, 3 * sizeof(uint64_t)) == (long)(3 * sizeof(uint64_t)) ? 0 : -1;
#else
  (void)descriptor;
  (void)values;
  return -1;
#endif
}

#endif
