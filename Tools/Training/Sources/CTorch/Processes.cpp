// Processes that train one network together. On a GPU their sums go through NCCL; on the CPU through
// the store where they meet: slow, but it needs nothing, and every process gets the same bits.

#include <ATen/ops/cat.h>
#include <c10/core/GradMode.h>
#include <c10/util/Logging.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>

#include "Handle.hpp"
#include "NCCL.hpp"
#include "Watch.hpp"

using namespace ctorch;

/// How long a process may keep the others waiting while it lives, as when it writes a snapshot.
static constexpr auto kLongestWait = std::chrono::minutes(30);
/// Floats of one value in the store, which takes at most 8 MiB.
static constexpr int64_t kPart = 1 << 20;

struct ct_processes_s {
  Store store;
  Member self;
  bool hosts;
  std::optional<Watch> watch;
  std::unique_ptr<NCCL> nccl;
  /// Sums and broadcasts so far: their number is part of their keys.
  int64_t round = 0;
  /// What rank 0 has put into the store and everyone will have read before the next sum.
  std::vector<std::string> published;

  ct_processes_s(Store store, Member self, bool hosts)
      : store(std::move(store)), self(self), hosts(hosts) {}

  void sum(at::Tensor &flat);
  void broadcast(at::Tensor &flat);

 private:
  NCCL &gpus() {
    if (!nccl) nccl = std::make_unique<NCCL>(store, self);
    return *nccl;
  }

  std::string part_key(int64_t start) const {
    return key("round/" + std::to_string(round) + "/" + std::to_string(start));
  }

  void put(const std::string &name, const float *values, int64_t count) {
    auto bytes = reinterpret_cast<const uint8_t *>(values);
    store->set(name, Bytes(bytes, bytes + static_cast<size_t>(count) * sizeof(float)));
  }

  void take(const std::string &name, float *values, int64_t count) {
    const auto found = store->get(name);
    TORCH_CHECK(
        found.size() == static_cast<size_t>(count) * sizeof(float), "a process sent ",
        found.size(), " bytes for ", count, " numbers; were all given the same options?");
    std::memcpy(values, found.data(), found.size());
  }
};

void ct_processes_s::sum(at::Tensor &flat) {
  if (flat.is_cuda()) return gpus().sum(flat);
  auto *values = static_cast<float *>(flat.mutable_data_ptr());
  auto old = std::exchange(published, {});
  std::vector<float> theirs(static_cast<size_t>(std::min(kPart, flat.numel())));
  for (int64_t start = 0; start < flat.numel(); start += kPart) {
    const auto count = std::min(kPart, flat.numel() - start);
    const auto name = part_key(start);
    if (self.rank > 0) {
      put(name + "/" + std::to_string(self.rank), values + start, count);
      take(name, values + start, count);
      continue;
    }
    // In the order of ranks, so that equal runs give equal bits.
    for (int rank = 1; rank < self.count; rank++) {
      const auto sent = name + "/" + std::to_string(rank);
      take(sent, theirs.data(), count);
      store->deleteKey(sent);
      for (int64_t i = 0; i < count; i++) values[start + i] += theirs[static_cast<size_t>(i)];
    }
    // Who sends to this round has read all of those before.
    for (const auto &name : std::exchange(old, {})) store->deleteKey(name);
    put(name, values + start, count);
    published.push_back(name);
  }
  round++;
}

void ct_processes_s::broadcast(at::Tensor &flat) {
  if (flat.is_cuda()) return gpus().broadcast(flat);
  auto *values = static_cast<float *>(flat.mutable_data_ptr());
  for (int64_t start = 0; start < flat.numel(); start += kPart) {
    const auto count = std::min(kPart, flat.numel() - start);
    const auto name = part_key(start);
    if (self.rank > 0) {
      take(name, values + start, count);
    } else {
      put(name, values + start, count);
      published.push_back(name);
    }
  }
  round++;
}

/// All elements one behind the other.
static at::Tensor flattened(const std::vector<at::Tensor> &tensors) {
  std::vector<at::Tensor> parts;
  parts.reserve(tensors.size());
  for (const auto &tensor : tensors) {
    TORCH_CHECK(tensor.scalar_type() == at::kFloat, "only float32 is sent to other processes");
    parts.push_back(tensor.detach().reshape({-1}));
  }
  return at::cat(parts);
}

/// What a sum says that does not come about.
template <typename Body>
static ct_error together(Body body) {
  return guarded([&] {
    c10::NoGradGuard unrecorded;
    try {
      body();
    } catch (const c10::DistNetworkError &) {
      TORCH_CHECK(false, "the process where all others meet has gone");
    } catch (const c10::DistStoreError &) {
      TORCH_CHECK(
          false, "another process has kept this one waiting for ", kLongestWait.count(),
          " minutes");
    }
  });
}

ct_error ct_join(
    const char *host, uint16_t port, int rank, int count, bool hosts, int64_t joining_ms,
    int64_t patience_ms, ct_lost lost, ct_processes **out) {
  return guarded([&] {
    // What goes wrong is said in a sentence; c10d adds pages of addresses to each of its warnings.
    if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = 2;
    const auto joining = std::chrono::milliseconds(joining_ms);
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = hosts;
    options.waitWorkers = false;
    options.timeout = joining;
    auto self = std::make_unique<ct_processes_s>(
        c10::make_intrusive<c10d::TCPStore>(host, options), Member{rank, count}, hosts);
    // A connection of its own, since a waiting one is locked.
    auto second = self->store->clone();
    Watch::arrive(self->store, self->self, joining);
    self->store->setTimeout(kLongestWait);
    self->watch.emplace(second, self->self, std::chrono::milliseconds(patience_ms), lost);
    *out = self.release();
  });
}

ct_error ct_sum_over(
    ct_processes *processes, const ct_tensor *const *tensors, int count, bool mean,
    ct_tensor **out) {
  return together([&] {
    auto own = values(tensors, count);
    auto flat = flattened(own);
    processes->sum(flat);
    if (mean) flat.div_(processes->self.count);
    int64_t start = 0;
    for (size_t i = 0; i < own.size(); i++) {
      out[i] = wrap(flat.narrow(0, start, own[i].numel()).view(own[i].sizes()));
      start += own[i].numel();
    }
  });
}

ct_error ct_broadcast(ct_processes *processes, ct_tensor *const *targets, int count) {
  return together([&] {
    auto own = values(targets, count);
    auto flat = flattened(own);
    processes->broadcast(flat);
    int64_t start = 0;
    for (auto &target : own) {
      target.copy_(flat.narrow(0, start, target.numel()).view(target.sizes()));
      start += target.numel();
    }
  });
}

void ct_leave(ct_processes *processes, bool done) {
  // NCCL's farewell waits for the others, which an error may keep away.
  if (!done) processes->nccl.release();
  processes->nccl.reset();
  processes->watch->end(done, processes->hosts);
  delete processes;
}
