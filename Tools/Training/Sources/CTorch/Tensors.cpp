#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>

#include <cstdlib>

#include "Handle.hpp"

using namespace ctorch;

void ct_free(ct_tensor *t) { delete t; }
void ct_free_error(ct_error error) { std::free(error); }

static ct_error copied(
    const void *values, at::IntArrayRef shape, at::ScalarType type, at::ScalarType target,
    ct_device device, ct_tensor **out) {
  return guarded([&] {
    // The borrowed memory is only read; clone() and to() give the result memory of its own.
    auto view = at::from_blob(const_cast<void *>(values), shape, at::TensorOptions().dtype(type));
    *out = wrap(view.clone().to(place(device), target));
  });
}

ct_error ct_from_floats(
    const float *values, const int64_t *shape, int axes, ct_device device, ct_tensor **out) {
  return copied(values, list(shape, axes), at::kFloat, at::kFloat, device, out);
}

ct_error ct_from_integers(
    const int64_t *values, int64_t count, ct_device device, ct_tensor **out) {
  return copied(values, at::IntArrayRef(&count, 1), at::kLong, at::kLong, device, out);
}

ct_error ct_from_bytes(
    const uint8_t *values, const int64_t *shape, int axes, ct_device device, ct_tensor **out) {
  return copied(values, list(shape, axes), at::kByte, at::kFloat, device, out);
}

ct_error ct_full(
    double value, const int64_t *shape, int axes, ct_device device, ct_tensor **out) {
  return guarded([&] {
    auto options = at::TensorOptions().dtype(at::kFloat).device(place(device));
    *out = wrap(at::full(list(shape, axes), value, options));
  });
}

ct_error ct_randn(const int64_t *shape, int axes, ct_device device, ct_tensor **out) {
  return guarded([&] {
    auto options = at::TensorOptions().dtype(at::kFloat).device(place(device));
    *out = wrap(at::randn(list(shape, axes), options));
  });
}

ct_error ct_read(const ct_tensor *t, float *into, int64_t count) {
  return guarded([&] {
    auto host = t->value.detach().to(at::kCPU, at::kFloat).contiguous();
    TORCH_CHECK(host.numel() == count, "a tensor of ", host.numel(), " elements read as ", count);
    // Untyped: Clang and GCC name the typed one differently, and the wheel was built by GCC.
    std::memcpy(into, host.const_data_ptr(), static_cast<size_t>(count) * sizeof(float));
  });
}

int ct_axes(const ct_tensor *t) { return static_cast<int>(t->value.dim()); }
int64_t ct_size(const ct_tensor *t, int axis) { return t->value.sizes()[axis]; }
ct_device ct_device_of(const ct_tensor *t) { return t->value.is_cuda() ? CT_CUDA : CT_CPU; }

ct_error ct_to(const ct_tensor *t, ct_device device, ct_tensor **out) {
  return guarded([&] { *out = wrap(t->value.to(place(device))); });
}
