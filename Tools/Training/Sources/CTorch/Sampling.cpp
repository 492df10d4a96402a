#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include "Handle.hpp"

using namespace ctorch;

ct_error ct_average_windows(
    const ct_tensor *x, int64_t size, int64_t stride, int64_t padding, bool counts_padding,
    ct_tensor **out) {
  return guarded([&] {
    *out = wrap(at::avg_pool2d(
        x->value, at::IntArrayRef(size), at::IntArrayRef(stride), at::IntArrayRef(padding),
        /*ceil_mode=*/false, counts_padding));
  });
}

ct_error ct_max_pool2d(
    const ct_tensor *x, int64_t size, int64_t stride, int64_t padding, ct_tensor **out) {
  return guarded([&] {
    *out = wrap(at::max_pool2d(
        x->value, at::IntArrayRef(size), at::IntArrayRef(stride), at::IntArrayRef(padding)));
  });
}

ct_error ct_resize(
    const ct_tensor *x, int64_t height, int64_t width, bool antialias, ct_tensor **out) {
  return guarded([&] {
    std::array<int64_t, 2> size{height, width};
    *out = wrap(
        antialias ? at::_upsample_bilinear2d_aa(x->value, size, /*align_corners=*/false)
                  : at::upsample_bilinear2d(x->value, size, /*align_corners=*/false));
  });
}

ct_error ct_pad(
    const ct_tensor *x, int64_t left, int64_t right, int64_t top, int64_t bottom, bool mirrors,
    ct_tensor **out) {
  return guarded([&] {
    std::array<int64_t, 4> sides{left, right, top, bottom};
    *out = wrap(
        mirrors ? at::reflection_pad2d(x->value, sides) : at::constant_pad_nd(x->value, sides, 0));
  });
}

ct_error ct_softmax(const ct_tensor *x, int64_t axis, bool logarithm, ct_tensor **out) {
  return guarded([&] {
    *out = wrap(logarithm ? at::log_softmax(x->value, axis) : at::softmax(x->value, axis));
  });
}

ct_error ct_sort(const ct_tensor *x, int64_t axis, ct_tensor **out) {
  return guarded([&] { *out = wrap(std::get<0>(at::sort(x->value, axis))); });
}

ct_error ct_argmax(const ct_tensor *x, int64_t axis, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::argmax(x->value, axis).to(at::kFloat)); });
}
