// Sums over GPUs. NCCL is reached through its C interface, in the library that LibTorch's CUDA library
// brings: c10d's ProcessGroupNCCL would need CUDA's compiler headers, which no wheel has, and would tie
// the program to machines with CUDA.

#pragma once

#include <ATen/core/Tensor.h>

#include "Meeting.hpp"

namespace ctorch {

class NCCL {
 public:
  /// Makes the communicator for this thread's GPU; all members must do so at the same time.
  NCCL(const Store &store, Member self);
  ~NCCL();
  NCCL(const NCCL &) = delete;
  NCCL &operator=(const NCCL &) = delete;

  /// Replaces a contiguous float32 tensor by its sum over all members, behind what was queued before.
  void sum(at::Tensor &tensor);
  /// Replaces a contiguous float32 tensor by that of rank 0.
  void broadcast(at::Tensor &tensor);

 private:
  void *communicator_ = nullptr;
};

}  // namespace ctorch
