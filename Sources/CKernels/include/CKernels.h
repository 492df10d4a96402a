// What Swift cannot say about the processor, and the values that pass to the per-CPU targets.
#ifndef CKERNELS_H
#define CKERNELS_H

#include <fenv.h>
#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// Whether this processor and its system run AVX2, FMA and F16C code.
static inline int cpu_has_avx2(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
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

/// Whether they run AVX512-BF16 too: products of pairs of bfloat16.
static inline int cpu_has_avx512_bf16(void) {
#if defined(__x86_64__)
  return cpu_has_avx512() && __builtin_cpu_supports("avx512bf16");
#else
  return 0;
#endif
}

/// Tells the processor that this is a spinning wait.
static inline void cpu_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Keeps the thread's floating-point settings and sets the defaults: rounding to nearest, no traps,
/// denormals as they are. Kernels are held to their bounds, and to the same bytes, with these alone.
static inline void fp_begin(fenv_t *saved) {
  fegetenv(saved);
  fesetenv(FE_DFL_ENV);
}

/// Sets the defaults.
static inline void fp_set_default(void) { fesetenv(FE_DFL_ENV); }

/// Sets what fp_begin() kept.
static inline void fp_end(const fenv_t *saved) { fesetenv(saved); }

/// Asks for a cache line ahead of its use; any address will do.
static inline void prefetch(const float *address) { __builtin_prefetch(address); }

/// Makes the compiler forget what lies there.
static inline void forget(void *place) { __asm__ volatile("" : "+r"(place) : : "memory"); }

#if defined(__AVX2__)
typedef float floats_8 __attribute__((ext_vector_type(8)));

/// The same vector, which is computed here and not later; and what is loaded behind it is not loaded before.
static inline floats_8 settled_8(floats_8 v) {
  __asm__ volatile("" : "+x"(v) : : "memory");
  return v;
}
#endif

#if defined(__aarch64__)
typedef float floats_4 __attribute__((ext_vector_type(4)));

/// The same vector, which is computed here and not where it is used, when what it is made of would have had
/// to stay.
static inline floats_4 settled_4(floats_4 v) {
  __asm__ volatile("" : "+w"(v));
  return v;
}

/// Noise where there is none.
static inline const float *no_noise(void) {
  static const float zeros[4];
  return zeros;
}
#endif

/// Four signed bytes as floats.
static inline void widen_bytes_4(const void *from, void *to) {
  typedef int8_t bytes __attribute__((ext_vector_type(4), aligned(1)));
  typedef float floats __attribute__((ext_vector_type(4), aligned(4)));
  *(floats *)to = __builtin_convertvector(*(const bytes *)from, floats);
}

#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
#define OBV_TARGET(features) __attribute__((target(features)))
#else
#define OBV_TARGET(features)
#endif

/// Eight half floats as floats, for code of processors that convert them. (The standard library's
/// conversion is generic code, which must not be made here.)
OBV_TARGET("avx,f16c")
static inline void widen_halves_8(const void *from, void *to) {
  typedef _Float16 halves __attribute__((ext_vector_type(8), aligned(2)));
  typedef float floats __attribute__((ext_vector_type(8), aligned(4)));
  *(floats *)to = __builtin_convertvector(*(const halves *)from, floats);
}

#if defined(__aarch64__)
/// Four, which every arm64 processor converts.
static inline void widen_halves_4(const void *from, void *to) {
  typedef _Float16 halves __attribute__((ext_vector_type(4), aligned(2)));
  typedef float floats __attribute__((ext_vector_type(4), aligned(4)));
  *(floats *)to = __builtin_convertvector(*(const halves *)from, floats);
}
#endif

/// Sixteen.
OBV_TARGET("avx512f")
static inline void widen_halves_16(const void *from, void *to) {
  typedef _Float16 halves __attribute__((ext_vector_type(16), aligned(2)));
  typedef float floats __attribute__((ext_vector_type(16), aligned(4)));
  *(floats *)to = __builtin_convertvector(*(const halves *)from, floats);
}

/// Eight.
OBV_TARGET("avx2")
static inline void widen_bytes_8(const void *from, void *to) {
  typedef int8_t bytes __attribute__((ext_vector_type(8), aligned(1)));
  typedef float floats __attribute__((ext_vector_type(8), aligned(4)));
  *(floats *)to = __builtin_convertvector(*(const bytes *)from, floats);
}

/// Sixteen.
OBV_TARGET("avx512f")
static inline void widen_bytes_16(const void *from, void *to) {
  typedef int8_t bytes __attribute__((ext_vector_type(16), aligned(1)));
  typedef float floats __attribute__((ext_vector_type(16), aligned(4)));
  *(floats *)to = __builtin_convertvector(*(const bytes *)from, floats);
}
#endif

#if defined(__x86_64__)
/// Sixteen floats as bfloat16, rounded to nearest even.
OBV_TARGET("avx512f,avx512bf16")
static inline void narrow_bfloats_16(const void *from, void *to) {
  typedef float floats __attribute__((vector_size(64), aligned(4)));
  typedef __bf16 bfloats __attribute__((vector_size(32), aligned(2)));
  const bfloats none = {0};
  *(bfloats *)to = __builtin_ia32_cvtneps2bf16_512_mask(*(const floats *)from, none, 0xffff);
}

/// Adds to each of sixteen floats the two products of a pair of bfloat16.
OBV_TARGET("avx512f,avx512bf16")
static inline void add_pair_products_16(const void *a, const void *b, void *sums) {
  typedef float floats __attribute__((vector_size(64), aligned(4)));
  typedef __bf16 pairs __attribute__((vector_size(64), aligned(2)));
  *(floats *)sums = __builtin_ia32_dpbf16ps_512(
      *(const floats *)sums, *(const pairs *)a, *(const pairs *)b);
}
#else
// The rooms for x86-64's vectors are compiled for other processors too, and run on none.
static inline void narrow_bfloats_16(const void *from, void *to) { __builtin_trap(); }
static inline void add_pair_products_16(const void *a, const void *b, void *sums) { __builtin_trap(); }
#endif

// Feature maps lie as [row][block][column][lane]: a block is one vector of channels, so neighbouring
// pixels are a constant distance apart whatever the width. Unused lanes of the last block hold finite
// values that do not count (noise reaches them too): no sum may take them, or only times zero.

/// What happens to a convolution's sums: clamp(gain * leaky_relu(y * factor + noise + bias)).
typedef struct {
  const float *_Nullable factors;  ///< [blocks * lanes], demodulation, or NULL for ones
  const float *bias;     ///< [blocks * lanes]
  const float *_Nullable noise;    ///< [size][size], or NULL
  float strength;        ///< multiplies noise
  float slope;           ///< of the leaky ReLU
  float gain;            ///< after it
  float clamp;           ///< largest magnitude after the gain; infinity for none
} kernel_epilogue;

/// Rows of W x + bias, for one vector x or several.
typedef struct {
  const float *bias;        ///< [rows]
  const float *x;           ///< [vectors][stride], of which `count` are multiplied
  ptrdiff_t count;
  ptrdiff_t vectors;
  ptrdiff_t stride;         ///< floats from one x to the next, and from one output to the next
  ptrdiff_t first;          ///< rows first ..< last
  ptrdiff_t last;
  int activated;            ///< leaky ReLU 0.2 and sqrt 2 behind
  float *output;            ///< [vectors][stride], of which rows are written
} kernel_dense;

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
  ptrdiff_t ahead;          ///< floats from an input to one that the first pair asks for meanwhile; 0 for none
} kernel_conv;

/// Tile rows of a 3x3 convolution by Winograd's F(4x4, 3x3), from prepared rows; a tile is 4 x 4 outputs.
typedef struct {
  const float *input;       ///< the prepared row above the first tile row, column -1, block 0
  ptrdiff_t input_row;
  ptrdiff_t input_block;
  ptrdiff_t in_blocks;
  ptrdiff_t channels;       ///< input channels that are multiplied
  const float *weights;     ///< [36][pair or single block][channel][lanes of it], transformed
  float *transformed;       ///< scratch, [36][in_blocks][tile_rows * tiles][lane]
  float *products;          ///< scratch, [36][out_blocks][tile_rows * tiles][lane]
  float *output;            ///< pixel 0 of the first output row, block 0
  ptrdiff_t output_row;
  ptrdiff_t output_block;
  ptrdiff_t out_blocks;
  ptrdiff_t tiles;          ///< of a row
  ptrdiff_t tile_rows;
} kernel_winograd;

/// Raw rows of a transposed convolution of stride 2 by Winograd's F(4, 2) along both axes; a tile is
/// 4 x 4 inputs.
typedef struct {
  const float *input;       ///< the prepared row above the first tile row, column -1, block 0
  ptrdiff_t input_row;
  ptrdiff_t input_block;
  ptrdiff_t in_blocks;
  ptrdiff_t channels;       ///< input channels that are multiplied
  const float *weights;     ///< [6][6][pair or single block][channel][lanes of it], transformed
  float *transformed;       ///< scratch, [81][in_blocks][tile_rows * tiles][lane]
  float *products;          ///< scratch, [81][out_blocks][tile_rows * tiles][lane]
  float *output;            ///< raw column 0 of the first tile row's even row, block 0
  ptrdiff_t output_row;     ///< floats from one raw row to the next
  ptrdiff_t output_block;
  ptrdiff_t odd_columns;    ///< floats from even column 0 to odd column 1
  ptrdiff_t out_blocks;
  ptrdiff_t tiles;          ///< of a row
  ptrdiff_t tile_rows;
} kernel_winograd_up;

/// One row of a convolution by taps on a planar map, [row][channel][column].
typedef struct {
  const float *input;       ///< column 0, channel 0
  const ptrdiff_t *steps;   ///< offsets in floats from there, by input channel and tap
  ptrdiff_t step_count;
  const float *weights;     ///< [group][step][output channel of it]
  float *output;            ///< column 0, channel 0
  ptrdiff_t output_channel;
  ptrdiff_t outputs;        ///< output channels, dealt out evenly to groups
  ptrdiff_t group;          ///< at most as many in one
  ptrdiff_t columns;        ///< a multiple of the lanes
} kernel_planar;

/// Four rows of a 3x3 convolution on a planar map, by Winograd's F(4, 3) along columns.
typedef struct {
  const float *input;       ///< the map, [size][channel][size]
  const float *style;       ///< [channel]
  ptrdiff_t channels;
  const ptrdiff_t *steps;   ///< by channel and tap -1, 0, 1, in one point of what is transformed
  const float *weights;     ///< [6][group][channel][tap][output channel of it], transformed
  float *transformed;       ///< scratch from column 0, [6][channel][stride], zeros beside the columns
  ptrdiff_t stride;
  float *products;          ///< scratch, [6][outputs][chunk]
  ptrdiff_t chunk;          ///< columns done together, a multiple of the lanes
  float *output;            ///< the first of the four rows
  ptrdiff_t outputs;
  ptrdiff_t group;
} kernel_planar_winograd;

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
  float *image;            ///< row 0 of channel 0, each row `size` long
  ptrdiff_t plane;         ///< floats from one channel of the image to the next
} kernel_image;

#pragma clang assume_nonnull end

#endif
