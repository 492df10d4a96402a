#include "Watch.hpp"

#include <exception>

using namespace ctorch;
using Clock = std::chrono::steady_clock;

static const std::string kLeft = "left";
static const std::string kFailed = "failed";

static std::string beat_key(int rank) { return key("beat/" + std::to_string(rank)); }

static std::vector<std::string> beat_keys(Member self) {
  std::vector<std::string> keys;
  for (int rank = 0; rank < self.count; rank++) keys.push_back(beat_key(rank));
  return keys;
}

static std::string named(int rank, Member self) {
  return "process " + std::to_string(rank) + " of " + std::to_string(self.count);
}

void Watch::arrive(const Store &store, Member self, std::chrono::milliseconds patience) {
  store->set(beat_key(self.rank), bytes("0"));
  store->wait(beat_keys(self), patience);
}

Watch::Watch(Store store, Member self, std::chrono::milliseconds patience, ct_lost lost)
    : store_(std::move(store)), self_(self), patience_(patience), lost_(lost) {
  beating_ = std::thread([this] { beat(); });
  guarding_ = std::thread([this] { guard(); });
}

void Watch::end(bool done, bool stays) {
  {
    std::lock_guard held(lock_);
    if (!last_word_.empty()) return;
    last_word_ = done ? kLeft : kFailed;
    stays_ = done && stays;
  }
  changed_.notify_all();
  // The guard goes last: it watches over the other's last words too.
  beating_.join();
  {
    std::lock_guard held(lock_);
    finished_ = true;
  }
  changed_.notify_all();
  guarding_.join();
}

std::string Watch::pause() {
  std::unique_lock held(lock_);
  // Once its last word is said, a process that stays only looks.
  auto span = patience_ / 30;
  if (last_word_.empty()) {
    changed_.wait_for(held, span, [this] { return !last_word_.empty(); });
  } else {
    changed_.wait_for(held, span, [] { return false; });
  }
  return last_word_;
}

void Watch::beat() {
  const auto keys = beat_keys(self_);
  std::vector<std::string> words(keys.size());
  std::vector<Clock::time_point> heard(keys.size(), Clock::now());
  try {
    std::string last_word;
    for (uint64_t count = 1;; count++) {
      store_->set(
          beat_key(self_.rank), bytes(last_word.empty() ? std::to_string(count) : last_word));
      if (!last_word.empty() && !stays_) return;
      auto found = store_->multiGet(keys);
      const auto now = Clock::now();
      {
        std::lock_guard held(lock_);
        answered_ = now;
      }
      bool alone = true;
      for (int rank = 0; rank < self_.count; rank++) {
        if (rank == self_.rank) continue;
        const auto i = static_cast<size_t>(rank);
        const auto word = text(found.at(i));
        if (word == kFailed) lost_((named(rank, self_) + " ended with an error").c_str());
        if (word == kLeft) continue;
        alone = false;
        if (word != words[i]) {
          words[i] = word;
          heard[i] = now;
        } else if (now - heard[i] > patience_) {
          lost_((named(rank, self_) + " no longer answers").c_str());
        }
      }
      if (!last_word.empty() && alone) return;
      last_word = pause();
    }
  } catch (...) {
    // Whoever failed says so as well as it can.
    std::unique_lock held(lock_);
    const bool failed = last_word_ == kFailed;
    held.unlock();
    if (!failed) lost_("the process where all others meet has gone");
  }
}

void Watch::guard() {
  std::unique_lock held(lock_);
  while (!changed_.wait_for(held, patience_ / 30, [this] { return finished_; })) {
    if (Clock::now() - answered_ <= patience_) continue;
    held.unlock();
    lost_("the process where all others meet no longer answers");
    held.lock();
  }
}
