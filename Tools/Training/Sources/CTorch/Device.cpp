#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <malloc.h>
#include <torch/headeronly/version.h>

#include <climits>
#include <string>

#include "Handle.hpp"

using namespace ctorch;

/// Linking the CUDA library would tie the program to machines that have it. Its initialisers make
/// CUDA known to LibTorch, which asks once: so it is loaded before the first question.
static const std::string &cuda_problem() {
  static std::string problem = [] {
    if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return std::string();
    const char *text = dlerror();
    return std::string(text ? text : "it cannot be loaded");
  }();
  return problem;
}

const char *ct_cuda_problem(void) {
  return cuda_problem().empty() ? nullptr : cuda_problem().c_str();
}

bool ct_cuda_available(void) {
  static bool available = [] {
    if (ct_cuda_problem()) return false;
    try {
      return at::globalContext().hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0;
    } catch (...) {
      return false;
    }
  }();
  return available;
}

int64_t ct_cuda_runtime(void) {
  try {
    return at::Context::hasCUDART() ? at::Context::versionCUDART() : 0;
  } catch (...) {
    return 0;
  }
}

void ct_set_tf32(bool value) {
  at::globalContext().setAllowTF32CuBLAS(value);
  at::globalContext().setAllowTF32CuDNN(value);
  at::globalContext().setBenchmarkCuDNN(value);
}

bool ct_set_bfloat16(bool value) {
  bool before = at::autocast::is_autocast_enabled(at::kCPU);
  for (auto kind : {at::kCPU, at::kCUDA}) {
    at::autocast::set_autocast_dtype(kind, at::kBFloat16);
    at::autocast::set_autocast_enabled(kind, value);
  }
  // Copies of weights in 16 bits must not outlive the step that made them.
  if (!value) at::autocast::clear_cache();
  return before;
}

void ct_keep_memory(void) {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
}

int ct_gpu_count(void) {
  return ct_cuda_available() ? at::detail::getCUDAHooks().deviceCount() : 0;
}

ct_error ct_select_gpu(int index) {
  return guarded([&] {
    auto device = at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(index));
    c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device);
  });
}

void ct_manual_seed(uint64_t seed) { at::manual_seed(seed); }
void ct_set_threads(int count) { at::set_num_threads(count); }
int ct_threads(void) { return at::get_num_threads(); }
const char *ct_version(void) { return TORCH_VERSION; }
