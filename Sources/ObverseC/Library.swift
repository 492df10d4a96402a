// The library as a whole: version, last error, log.

import CCallback
import CObverse
import Glibc
import Obverse

@c @implementation
public func obv_last_error() -> UnsafePointer<CChar>? {
  unsafe LastError.text
}

@c @implementation
public func obv_version() -> UnsafePointer<CChar>? {
  unsafe UnsafePointer(versionText)
}

/// Made once and never freed.
private nonisolated(unsafe) let versionText = unsafe strdup(Version.number)

@c @implementation
public func obv_abi_version() -> UInt32 {
  UInt32(OBV_ABI_VERSION)
}

@c @implementation
public func obv_set_log(_ fn: obv_log_fn?, _ user: UnsafeMutableRawPointer?) {
  unsafe Log.shared.set(fn, user)
}

/// Who is told what happens.
@safe
final class Log: @unchecked Sendable {
  static let shared = Log()

  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  /// Guarded by the mutex.
  private var receiver: (fn: obv_log_fn, user: UnsafeMutableRawPointer?)?

  private init() {
    unsafe pthread_mutex_init(mutex, nil)
  }

  @unsafe
  func set(_ fn: obv_log_fn?, _ user: UnsafeMutableRawPointer?) {
    unsafe pthread_mutex_lock(mutex)
    unsafe receiver = unsafe fn.map { unsafe ($0, user) }
    unsafe pthread_mutex_unlock(mutex)
  }

  /// Tells one line; nobody makes it where nobody listens.
  func tell(_ level: Int, _ line: () -> String) {
    unsafe pthread_mutex_lock(mutex)
    let receiver = unsafe receiver
    unsafe pthread_mutex_unlock(mutex)
    // Outside of the lock, since the receiver may call us.
    guard let receiver = unsafe receiver else { return }
    unsafe line().withCString { text in
      unsafe _ = callback_log(receiver.fn, receiver.user, Int32(level), text)
    }
  }
}
