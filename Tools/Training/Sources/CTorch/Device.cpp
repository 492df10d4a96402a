#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/headeronly/version.h>

#include "CTorch.h"

bool ct_cuda_available(void) {
  // Linking the CUDA library would tie the program to machines that have it.
  static bool available = [] {
    if (!at::hasCUDA() && !dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL)) return false;
    try {
      return at::globalContext().hasCUDA() && at::detail::getCUDAHooks().deviceCount() > 0;
    } catch (...) {
      return false;
    }
  }();
  return available;
}

void ct_manual_seed(uint64_t seed) { at::manual_seed(seed); }
void ct_set_threads(int count) { at::set_num_threads(count); }
int ct_threads(void) { return at::get_num_threads(); }
const char *ct_version(void) { return TORCH_VERSION; }
