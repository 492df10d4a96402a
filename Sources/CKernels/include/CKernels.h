// What Swift cannot say about the processor, and the values that pass to the per-CPU targets.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#pragma clang assume_nonnull begin

/// Whether this processor and its system run AVX2 and FMA code.
static inline int cpu_has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
  return 0;
#endif
}

/// Whether this processor and its system run the AVX-512 subsets that KernelsAVX512 uses.
static inline int cpu_has_avx512(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return cpu_has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#else
  return 0;
#endif
}

/// Writes the mask of processors that this thread may use, 64 to a word; gives the bytes written, or
/// -1. (Swift's Glibc module does not show sched_getaffinity.)
static inline long cpu_affinity(uint64_t *words, size_t bytes) {
  return syscall(SYS_sched_getaffinity, 0, bytes, words);
}

/// Tells the processor that this is a spinning wait.
static inline void cpu_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

// Feature maps lie as [row][block][column][lane]: a block is one vector of channels, so neighbouring
// pixels are a constant distance apart whatever the width. Unused lanes of the last block hold finite
// values that do not count (noise reaches them too): no sum may take them, or only times zero.

/// What happens to a convolution's sums: clamp(gain * leaky_relu(y * factor + noise + bias)).
typedef struct {
  const float *factors;  ///< [blocks * lanes], demodulation
  const float *bias;     ///< [blocks * lanes]
  const float *_Nullable noise;    ///< [size][size], or NULL
  float strength;        ///< multiplies noise
  float slope;           ///< of the leaky ReLU
  float gain;            ///< after it
  float clamp;           ///< largest magnitude after the gain; infinity for none
} kernel_epilogue;

/// Rows of a convolution by taps, from prepared rows (modulated, with a border of zeros).
typedef struct {
  const float *input;       ///< pixel 0 of the first row, tap offset 0, block 0
  ptrdiff_t input_row;      ///< floats from one row to the next
  ptrdiff_t input_block;    ///< floats from one block of channels to the next
  ptrdiff_t channels;       ///< input channels that are multiplied
  const ptrdiff_t *taps;    ///< offsets in floats from the pixel
  ptrdiff_t tap_count;
  const float *weights;     ///< [pair or single block][tap][channel][lanes of it]
  float *output;            ///< pixel 0 of the first row, block 0
  ptrdiff_t output_row;
  ptrdiff_t output_block;
  ptrdiff_t blocks;         ///< blocks of output channels
  ptrdiff_t pixels;         ///< of a row
  ptrdiff_t rows;
} kernel_conv;

/// Rows of the raw transposed convolution, filtered and finished.
typedef struct {
  const float *even;        ///< raw columns 0, 2, ... 2w of the row above the first: [block][w+2][lane]
  const float *odd;         ///< raw columns -1, 1, ... 2w+1: [block][w+2][lane]
  ptrdiff_t raw_row;        ///< floats from one raw row to the next
  float *output;            ///< first output row, [block][2w][lane]
  ptrdiff_t output_row;
  ptrdiff_t blocks;
  ptrdiff_t width;          ///< w, columns of the input
  ptrdiff_t rows;           ///< output rows
  float *vertical;          ///< scratch, 2 * (w+2) * lanes floats
} kernel_filter;

/// An image, and the one of half the size that it builds on.
typedef struct {
  ptrdiff_t size;
  ptrdiff_t channels;      ///< 1 to 4
  const float *_Nullable previous;   ///< [channels][size/2][size/2], or NULL
  float *image;            ///< [channels][size][size]
} kernel_image;

#pragma clang assume_nonnull end

#endif
