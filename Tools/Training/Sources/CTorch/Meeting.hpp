// Where the processes of a run meet: a server of keys and values in one of them, or in torchrun.

#pragma once

#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace ctorch {

using Store = c10::intrusive_ptr<c10d::Store>;
using Bytes = std::vector<uint8_t>;

/// One process among the `count` of a run.
struct Member {
  int rank;
  int count;
};

/// torchrun keeps keys of its own in the same store.
inline std::string key(const std::string &name) { return "obverse/" + name; }

inline Bytes bytes(const std::string &text) { return Bytes(text.begin(), text.end()); }

inline std::string text(const Bytes &bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace ctorch
