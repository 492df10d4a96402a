#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>

#include "Handle.hpp"

using namespace ctorch;

ct_error ct_linear(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias, ct_tensor **out) {
  return guarded([&] {
    std::optional<at::Tensor> b;
    if (bias) b = bias->value;
    *out = wrap(at::linear(x->value, weight->value, b));
  });
}

ct_error ct_conv2d(
    const ct_tensor *x, const ct_tensor *weight, int64_t stride, int64_t padding, int64_t groups,
    ct_tensor **out) {
  return guarded([&] {
    *out = wrap(at::conv2d(
        x->value, weight->value, {}, at::IntArrayRef(stride), at::IntArrayRef(padding),
        at::IntArrayRef(1), groups));
  });
}

ct_error ct_conv_transpose2d(
    const ct_tensor *x, const ct_tensor *weight, int64_t stride, int64_t padding, int64_t groups,
    ct_tensor **out) {
  return guarded([&] {
    *out = wrap(at::conv_transpose2d(
        x->value, weight->value, {}, at::IntArrayRef(stride), at::IntArrayRef(padding),
        at::IntArrayRef(0), groups));
  });
}

ct_error ct_layer_norm(
    const ct_tensor *x, const ct_tensor *weight, const ct_tensor *bias, double epsilon,
    ct_tensor **out) {
  return guarded([&] {
    *out = wrap(
        at::layer_norm(x->value, weight->value.sizes(), weight->value, bias->value, epsilon));
  });
}

ct_error ct_avg_pool2d(const ct_tensor *x, int64_t size, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::avg_pool2d(x->value, at::IntArrayRef(size))); });
}
