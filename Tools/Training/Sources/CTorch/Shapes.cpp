#include <ATen/ops/cat.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/permute.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/slice.h>

#include "Handle.hpp"

using namespace ctorch;

ct_error ct_reshape(const ct_tensor *t, const int64_t *shape, int axes, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::reshape(t->value, list(shape, axes))); });
}

ct_error ct_expand(const ct_tensor *t, const int64_t *shape, int axes, ct_tensor **out) {
  return guarded([&] { *out = wrap(t->value.expand(list(shape, axes))); });
}

ct_error ct_permute(const ct_tensor *t, const int64_t *order, int axes, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::permute(t->value, list(order, axes))); });
}

ct_error ct_repeat(const ct_tensor *t, const int64_t *times, int axes, ct_tensor **out) {
  return guarded([&] { *out = wrap(t->value.repeat(list(times, axes))); });
}

ct_error ct_flip(const ct_tensor *t, int64_t axis, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::flip(t->value, axis)); });
}

ct_error ct_slice(
    const ct_tensor *t, int64_t axis, int64_t start, int64_t end, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::slice(t->value, axis, start, end, 1)); });
}

ct_error ct_index(const ct_tensor *t, int64_t axis, const ct_tensor *indices, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::index_select(t->value, axis, indices->value)); });
}

ct_error ct_cat(const ct_tensor *const *parts, int count, int64_t axis, ct_tensor **out) {
  return guarded([&] { *out = wrap(at::cat(values(parts, count), axis)); });
}
