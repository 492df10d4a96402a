// Prints how many thousand million float multiply-and-adds a second this machine does, counted as two
// operations each: {"isa": "avx512", "gflops": [one thread, two threads, ...]}.
//
//   cc -O3 -ffp-contract=fast -pthread peak.c -o peak && ./peak THREADS
//
// One loop, compiled for each vector width; the widest that the processor has is run. Chains of
// multiply-and-adds that do not depend on each other hide the latency of four cycles at two a cycle.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { chains = 12, turns = 20 * 1000 * 1000, most_threads = 64, attempts = 5 };

static volatile float sink;  // keeps the work from being left out

// Every loop over the chains is unrolled, or the sums would stay in memory.
#define EACH_CHAIN _Pragma("GCC unroll 12") for (int c = 0; c < chains; c++)
#define LOOP(NAME, LANES, TARGET)                                      \
  typedef float NAME##_vector __attribute__((vector_size(LANES * 4))); \
  TARGET static void *NAME(void *unused) {                             \
    NAME##_vector zero = {0}, factor = zero + 0.999f, sum[chains];     \
    EACH_CHAIN sum[c] = zero + (float)c;                               \
    for (long t = 0; t < turns; t++) EACH_CHAIN sum[c] = sum[c] * factor + factor; \
    EACH_CHAIN zero += sum[c];                                         \
    sink = zero[0];                                                    \
    return unused;                                                     \
  }

#pragma GCC diagnostic ignored "-Wpsabi"
LOOP(portable, 4, )
#ifdef __x86_64__
LOOP(avx2, 8, __attribute__((target("avx2,fma"))))
LOOP(avx512, 16, __attribute__((target("avx512f,fma"))))
#endif

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// The best of some attempts: the machine's other work only ever takes away.
static double gflops(void *(*loop)(void *), int lanes, int threads) {
  double best = 0;
  for (int attempt = 0; attempt < attempts; attempt++) {
    pthread_t started[most_threads];
    double start = seconds();
    for (int i = 0; i < threads; i++)
      if (pthread_create(&started[i], NULL, loop, NULL) != 0) exit(1);
    for (int i = 0; i < threads; i++) pthread_join(started[i], NULL);
    double rate = 2.0 * chains * lanes * turns * threads / (seconds() - start) / 1e9;
    if (rate > best) best = rate;
  }
  return best;
}

int main(int count, char **words) {
  int threads = count == 2 ? atoi(words[1]) : 0;
  if (threads < 1 || threads > most_threads) {
    fprintf(stderr, "usage: peak THREADS (1 to %d)\n", most_threads);
    return 64;
  }
  void *(*loop)(void *) = portable;
  const char *name = "portable";
  int lanes = 4;
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx512f")) {
    loop = avx512, name = "avx512", lanes = 16;
  } else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    loop = avx2, name = "avx2", lanes = 8;
  }
#endif
  printf("{\"isa\": \"%s\", \"gflops\": [", name);
  for (int t = 1; t <= threads; t++) printf("%s%.1f", t > 1 ? ", " : "", gflops(loop, lanes, t));
  printf("]}\n");
  return 0;
}
