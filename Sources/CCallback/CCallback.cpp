#include "CCallback.h"

// What pthread_cancel() and pthread_exit() throw, as libstdc++'s <cxxabi.h> declares it: a compiler for
// another processor may have no headers of C++.
namespace __cxxabiv1 {
class __forced_unwind {
  virtual ~__forced_unwind() throw();
  virtual void __pure_dummy() = 0;
};
}  // namespace __cxxabiv1

extern "C" int32_t callback_progress(
    int32_t (*function)(void *, uint32_t, uint32_t), void *user, uint32_t done, uint32_t total) {
  try {
    return function(user, done, total) != 0;
  } catch (__cxxabiv1::__forced_unwind &) {
    // The end of the thread, which the system does not allow to be caught.
    throw;
  } catch (...) {
    return callback_threw;
  }
}

extern "C" int32_t callback_log(
    void (*function)(void *, int32_t, const char *), void *user, int32_t level, const char *text) {
  try {
    function(user, level, text);
    return 0;
  } catch (__cxxabiv1::__forced_unwind &) {
    throw;
  } catch (...) {
    return callback_threw;
  }
}
