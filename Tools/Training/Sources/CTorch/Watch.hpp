// Who of the processes still lives.

#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "CTorch.h"
#include "Meeting.hpp"

namespace ctorch {

/// Says in the store that this process lives, and looks whether the others do, until it is ended.
///
/// A process that waits for a sum cannot see that the other's summands will never come: on a GPU not
/// even an error tells it. So two threads of its own look, and whoever is missing is told to `lost`.
class Watch {
 public:
  /// Every member must have called arrive() on this store before.
  Watch(Store store, Member self, std::chrono::milliseconds patience, ct_lost lost);
  ~Watch() { end(true, false); }

  /// Puts down that `self` is there, and waits until all are.
  static void arrive(const Store &store, Member self, std::chrono::milliseconds patience);

  /// Tells the others that this process goes, and stops; later calls do nothing.
  ///
  /// @param done   Whether it goes in good order: if not, the others end too.
  /// @param stays  Waits until all others have gone, since the store goes with this process.
  void end(bool done, bool stays);

 private:
  void beat();
  void guard();
  /// Waits between two looks; gives the last word once end() was called.
  std::string pause();

  const Store store_;
  const Member self_;
  const std::chrono::milliseconds patience_;
  const ct_lost lost_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::string last_word_;
  bool stays_ = false;
  bool finished_ = false;
  /// When the store last answered.
  std::chrono::steady_clock::time_point answered_ = std::chrono::steady_clock::now();
  std::thread beating_;
  std::thread guarding_;
};

}  // namespace ctorch
