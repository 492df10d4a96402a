// A handle is a tensor on the heap: freeing the one leaves the other's storage to its owners.

#pragma once

#include <ATen/core/Tensor.h>

#include <cstring>
#include <exception>
#include <vector>

#include "CTorch.h"

struct ct_tensor_s {
  at::Tensor value;
};

namespace ctorch {

inline ct_tensor *wrap(at::Tensor value) { return new ct_tensor_s{std::move(value)}; }

inline at::IntArrayRef list(const int64_t *values, int count) {
  return at::IntArrayRef(values, static_cast<size_t>(count));
}

inline at::Device place(ct_device device) {
  return at::Device(device == CT_CUDA ? at::kCUDA : at::kCPU);
}

template <typename Handle>
std::vector<at::Tensor> values(Handle *const *handles, int count) {
  std::vector<at::Tensor> result;
  result.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; i++) result.push_back(handles[i]->value);
  return result;
}

/// Runs `body`; an exception becomes its first line.
template <typename Body>
ct_error guarded(Body body) {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &error) {
    return strdup(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("an exception of unknown kind");
  }
}

}  // namespace ctorch
