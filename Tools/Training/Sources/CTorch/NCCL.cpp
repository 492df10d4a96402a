#include "NCCL.hpp"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include <cstring>

using namespace ctorch;

namespace {

/// What nccl.h of NCCL 2 declares; the numbers are part of its binary interface.
struct Identity {
  char bytes[128];
};
constexpr int kSuccess = 0;
constexpr int kFloat32 = 7;
constexpr int kSum = 0;

struct Library {
  int (*get_unique_id)(Identity *);
  int (*comm_init_rank)(void **communicator, int count, Identity identity, int rank);
  int (*comm_destroy)(void *communicator);
  int (*all_reduce)(
      const void *source, void *target, size_t count, int type, int operation, void *communicator,
      void *stream);
  int (*broadcast)(
      const void *source, void *target, size_t count, int type, int root, void *communicator,
      void *stream);
  const char *(*get_error_string)(int);

  Library() {
    // The same name as in Device.cpp gives the same library, and its own libraries are searched too.
    void *cuda = dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL);
    TORCH_CHECK(cuda, "LibTorch's CUDA library cannot be loaded");
    find(cuda, "ncclGetUniqueId", get_unique_id);
    find(cuda, "ncclCommInitRank", comm_init_rank);
    find(cuda, "ncclCommDestroy", comm_destroy);
    find(cuda, "ncclAllReduce", all_reduce);
    find(cuda, "ncclBroadcast", broadcast);
    find(cuda, "ncclGetErrorString", get_error_string);
  }

  template <typename Function>
  static void find(void *library, const char *name, Function &function) {
    void *found = dlsym(library, name);
    TORCH_CHECK(found, "LibTorch's CUDA library comes without NCCL: ", name, " is not in it");
    std::memcpy(&function, &found, sizeof found);
  }

  void check(int result, const char *what) const {
    TORCH_CHECK(result == kSuccess, "NCCL's ", what, ": ", get_error_string(result));
  }
};

const Library &library() {
  static const Library library;
  return library;
}

/// The stream on which LibTorch computes, as CUDA knows it.
void *stream(const at::Tensor &tensor) {
  c10::impl::VirtualGuardImpl cuda(at::kCUDA);
  return cuda.getStreamNativeHandle(cuda.getStream(tensor.device()));
}

}  // namespace

NCCL::NCCL(const Store &store, Member self) {
  Identity identity;
  const auto name = key("nccl");
  if (self.rank == 0) {
    library().check(library().get_unique_id(&identity), "ncclGetUniqueId");
    store->set(name, Bytes(identity.bytes, identity.bytes + sizeof identity.bytes));
  } else {
    const auto found = store->get(name);
    TORCH_CHECK(found.size() == sizeof identity.bytes, "an identity of ", found.size(), " bytes");
    std::memcpy(identity.bytes, found.data(), found.size());
  }
  library().check(
      library().comm_init_rank(&communicator_, self.count, identity, self.rank),
      "ncclCommInitRank");
}

NCCL::~NCCL() { library().comm_destroy(communicator_); }

void NCCL::sum(at::Tensor &tensor) {
  void *data = tensor.mutable_data_ptr();
  const auto count = static_cast<size_t>(tensor.numel());
  library().check(
      library().all_reduce(data, data, count, kFloat32, kSum, communicator_, stream(tensor)),
      "ncclAllReduce");
}

void NCCL::broadcast(at::Tensor &tensor) {
  void *data = tensor.mutable_data_ptr();
  const auto count = static_cast<size_t>(tensor.numel());
  library().check(
      library().broadcast(data, data, count, kFloat32, 0, communicator_, stream(tensor)),
      "ncclBroadcast");
}
