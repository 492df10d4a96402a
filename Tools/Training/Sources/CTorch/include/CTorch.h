// LibTorch behind a C interface: the part that StyleGAN2 and its losses need.
//
// A ct_tensor is one reference to a tensor; it is owned by whoever received it and goes back with
// ct_free(). Arguments are borrowed for the call. A function that can fail gives NULL for success,
// else a sentence that goes back with ct_free_error(); results are then untouched. No C++ exception
// leaves this library.

#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor_s ct_tensor;
typedef char *ct_error;

/// Where a tensor lives.
typedef enum { CT_CPU = 0, CT_CUDA = 1 } ct_device;

typedef enum {
  CT_NEG, CT_SQUARE, CT_SQRT, CT_RSQRT, CT_ABS, CT_SOFTPLUS, CT_SUM, CT_MEAN, CT_DETACH, CT_CLONE,
  CT_CONTIGUOUS, CT_CHANNELS_LAST, CT_GELU, CT_SIGMOID, CT_FLOAT32
} ct_unary_kind;
typedef enum { CT_ADD, CT_SUB, CT_MUL, CT_DIV, CT_MATMUL } ct_binary_kind;
typedef enum { CT_ADD_SCALAR, CT_MUL_SCALAR, CT_LEAKY_RELU } ct_scalar_kind;

// Tensors.cpp
void ct_free(ct_tensor *t);
void ct_free_error(ct_error error);
/// Copies `count` floats into a new float32 tensor.
ct_error ct_from_floats(
    const float *values, const int64_t *shape, int axes, ct_device device, ct_tensor **out);
/// Copies 64-bit integers: indices.
ct_error ct_from_integers(const int64_t *values, int64_t count, ct_device device, ct_tensor **out);
/// Copies bytes into a float32 tensor of the values 0...255.
ct_error ct_from_bytes(
    const uint8_t *values, const int64_t *shape, int axes, ct_device device, ct_tensor **out);
ct_error ct_full(
    double value, const int64_t *shape, int axes, ct_device device, ct_tensor **out);
ct_error ct_randn(const int64_t *shape, int axes, ct_device device, ct_tensor **out);
/// Copies all elements to the host as float32 in row-major order.
ct_error ct_read(const ct_tensor *t, float *into, int64_t count);
int ct_axes(const ct_tensor *t);
int64_t ct_size(const ct_tensor *t, int axis);
ct_device ct_device_of(const ct_tensor *t);
ct_error ct_to(const ct_tensor *t, ct_device device, ct_tensor **out);

// Pointwise.cpp
ct_error ct_unary(ct_unary_kind kind, const ct_tensor *t, ct_tensor **out);
ct_error ct_binary(
    ct_binary_kind kind, const ct_tensor *a, const ct_tensor *b, ct_tensor **out);
ct_error ct_scalar(ct_scalar_kind kind, const ct_tensor *t, double value, ct_tensor **out);
ct_error ct_clamp(const ct_tensor *t, double low, double high, ct_tensor **out);
/// Sum or mean over `axes`.
ct_error ct_reduce(
    const ct_tensor *t, const int64_t *axes, int count, bool keep, bool mean, ct_tensor **out);

// Shapes.cpp
ct_error ct_reshape(const ct_tensor *t, const int64_t *shape, int axes, ct_tensor **out);
ct_error ct_expand(const ct_tensor *t, const int64_t *shape, int axes, ct_tensor **out);
ct_error ct_permute(const ct_tensor *t, const int64_t *order, int axes, ct_tensor **out);
ct_error ct_repeat(const ct_tensor *t, const int64_t *times, int axes, ct_tensor **out);
ct_error ct_flip(const ct_tensor *t, int64_t axis, ct_tensor **out);
ct_error ct_slice(
    const ct_tensor *t, int64_t axis, int64_t start, int64_t end, ct_tensor **out);
ct_error ct_index(const ct_tensor *t, int64_t axis, const ct_tensor *indices, ct_tensor **out);
ct_error ct_cat(const ct_tensor *const *parts, int count, int64_t axis, ct_tensor **out);

// Layers.cpp
/// `x [..., in]` times `weight [out, in]` transposed, plus `bias [out]`, which may be NULL.
ct_error ct_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias, ct_tensor **out);
/// Cross-correlation of `x [N, I, H, W]` with `weight [O, I / groups, kH, kW]`.
ct_error ct_conv2d(
    const ct_tensor *x, const ct_tensor *weight, int64_t stride, int64_t padding, int64_t groups,
    ct_tensor **out);
/// The transpose of ct_conv2d; `weight [I, O / groups, kH, kW]`.
ct_error ct_conv_transpose2d(
    const ct_tensor *x, const ct_tensor *weight, int64_t stride, int64_t padding, int64_t groups,
    ct_tensor **out);
/// Brings each row of the last axis to mean 0 and deviation 1, then times `weight` plus `bias`, both of
/// that axis' size. `epsilon` is added to the variance.
ct_error ct_layer_norm(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias, double epsilon,
    ct_tensor **out);
/// Mean over squares of `size`.
ct_error ct_avg_pool2d(const ct_tensor *x, int64_t size, ct_tensor **out);

// Sampling.cpp
/// Means over squares of `size`, with steps of `stride`; zeros around count only if `counts_padding`.
ct_error ct_average_windows(
    const ct_tensor *x, int64_t size, int64_t stride, int64_t padding, bool counts_padding,
    ct_tensor **out);
ct_error ct_max_pool2d(
    const ct_tensor *x, int64_t size, int64_t stride, int64_t padding, ct_tensor **out);
/// Bilinear with pixel centres at halves (align_corners off); `antialias` widens it when shrinking.
ct_error ct_resize(
    const ct_tensor *x, int64_t height, int64_t width, bool antialias, ct_tensor **out);
/// Puts rows and columns around the last two axes: zeros, or the image mirrored at its edge pixels.
ct_error ct_pad(
    const ct_tensor *x, int64_t left, int64_t right, int64_t top, int64_t bottom, bool mirrors,
    ct_tensor **out);
/// Images read at places of their own, bilinearly, zeros outside; `places [N, 2, 3]` takes x, y, 1 of
/// the output to x, y of the input, both from -1 to 1 between the outer edges of the border pixels.
/// Its gradient in `x` can be differentiated again.
ct_error ct_warp(
    const ct_tensor *x, const ct_tensor *places, int64_t height, int64_t width, ct_tensor **out);
ct_error ct_softmax(const ct_tensor *x, int64_t axis, bool logarithm, ct_tensor **out);
/// Ascending.
ct_error ct_sort(const ct_tensor *x, int64_t axis, ct_tensor **out);
/// Where the largest element along `axis` is, as a float.
ct_error ct_argmax(const ct_tensor *x, int64_t axis, ct_tensor **out);

// Distances.cpp: between two sets of features `[N, d]`, in double precision on the CPU.
/// `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))`; covariances divide by N.
ct_error ct_frechet_distance(const ct_tensor *a, const ct_tensor *b, double *out);
/// The unbiased squared MMD with the kernel `(x.y / d + 1)^3` of two sets of equal size.
ct_error ct_kernel_distance(const ct_tensor *a, const ct_tensor *b, double *out);
/// Share of `points` that lie within some ball of `centres`, whose radius is the distance to its
/// `k`th nearest other centre.
ct_error ct_coverage(
    const ct_tensor *centres, const ct_tensor *points, int64_t k, double *out);
/// Of a symmetric matrix: eigenvalues in ascending order, and their vectors of length 1 as columns.
ct_error ct_eigen(const ct_tensor *matrix, ct_tensor **out_values, ct_tensor **out_vectors);

// LeastSquares.cpp: sums of one regression, in double precision on the CPU.
typedef struct ct_normal_s ct_normal;
ct_normal *ct_normal_new(void);
void ct_normal_free(ct_normal *n);
/// Adds rows: inputs `x [n, d]`, outputs `y [n, o]`.
ct_error ct_normal_add(ct_normal *n, const ct_tensor *x, const ct_tensor *y);
/// The weight `[o, d]` and intercept `[o]` with the least squared error, `ridge` times the inputs' own
/// squares drawing the weight towards `start [o, d]`, which may be NULL for 0. `unexplained` is the
/// share of the outputs' variance that is left over these rows.
ct_error ct_normal_solve(
    const ct_normal *n, const ct_tensor *start, double ridge, ct_tensor **out_weight,
    ct_tensor **out_bias, double *unexplained);

/// What is left of the outputs' variance with the first k inputs of `order`, for k from 0 to `count`:
/// `[count + 1]`.
ct_error ct_normal_curve(
    const ct_normal *n, const int64_t *order, int64_t count, double ridge, ct_tensor **out);

// Autograd.cpp
ct_error ct_set_requires_grad(ct_tensor *t, bool value);
bool ct_requires_grad(const ct_tensor *t);
/// Whether operations are recorded on this thread; gives the value before.
bool ct_set_grad_enabled(bool value);
/// Gradients of the scalar `loss` with respect to `inputs`; NULL for one that it does not depend on.
///
/// `keep_graph` lets the same operations be differentiated again, `create_graph` the gradients' own.
ct_error ct_grad(
    const ct_tensor *loss, const ct_tensor *const *inputs, int count, bool keep_graph,
    bool create_graph, ct_tensor **out);

// Updates.cpp: in place, and never recorded.
ct_error ct_copy(ct_tensor *target, const ct_tensor *source);
/// `target += weight * (source - target)`, for all pairs at once.
ct_error ct_lerp(
    ct_tensor *const *targets, const ct_tensor *const *sources, int count, double weight);
/// One step of Adam without weight decay. `step` counts from 1; `scales` multiply the rate of each
/// parameter, NULL for none.
ct_error ct_adam(
    ct_tensor *const *parameters, const ct_tensor *const *gradients, ct_tensor *const *means,
    ct_tensor *const *squares, int count, int64_t step, double rate, const double *scales,
    double beta1, double beta2, double epsilon);

// Device.cpp
/// Whether there is a GPU that LibTorch can use; loads its CUDA library on the first call.
///
/// Must come before anything that makes LibTorch look for CUDA, such as ct_manual_seed(): LibTorch
/// looks once and keeps the answer.
bool ct_cuda_available(void);
/// Why the CUDA library could not be loaded, NULL where it was; lasts as long as the program.
const char *ct_cuda_problem(void);
/// The CUDA runtime that came with ct_cuda_available(), such as 13000; 0 for none.
int64_t ct_cuda_runtime(void);
/// Lets the GPU's products and convolutions round their factors to 10 bits, and try which
/// implementation is fastest.
void ct_set_tf32(bool value);
/// Computes products and convolutions with bfloat16 factors while it is on; returns what it was.
bool ct_set_bfloat16(bool value);
/// Keeps memory that was freed instead of giving it back to the system, for the whole program.
///
/// A step frees and asks for the same large blocks again and again; each time the system would have
/// to fill them with zeros first.
void ct_keep_memory(void);
void ct_manual_seed(uint64_t seed);
/// GPUs that LibTorch finds; 0 without CUDA.
int ct_gpu_count(void);
/// Makes this thread compute on one of them; 0 is where it began.
ct_error ct_select_gpu(int index);
void ct_set_threads(int count);
int ct_threads(void);
/// LibTorch's version, such as "2.11.0".
const char *ct_version(void);

// Processes.cpp: processes that train one network together. All must make the same calls in the same
// order, from one thread.
typedef struct ct_processes_s ct_processes;
/// Told, on another thread, why the others will not go on; must not return.
typedef void (*ct_lost)(const char *sentence);
/// Meets the other processes at `host` and `port`, and watches from now on whether they live.
///
/// @param hosts        Whether the server is opened here; else it is elsewhere.
/// @param joining_ms   How long the others may take to come.
/// @param patience_ms  How long a process may be silent until it counts as lost.
ct_error ct_join(
    const char *host, uint16_t port, int rank, int count, bool hosts, int64_t joining_ms,
    int64_t patience_ms, ct_lost lost, ct_processes **out);
/// Sums or means over all processes of float32 tensors on one device, the same bits in all.
ct_error ct_sum_over(
    ct_processes *processes, const ct_tensor *const *tensors, int count, bool mean,
    ct_tensor **out);
/// Overwrites the targets with those of rank 0.
ct_error ct_broadcast(ct_processes *processes, ct_tensor *const *targets, int count);
/// Tells the others whether this process is `done` or has failed, and frees the handle.
///
/// Where the server is, a process that is done waits for the others' leaving.
void ct_leave(ct_processes *processes, bool done);

#ifdef __cplusplus
}
#endif
#endif
