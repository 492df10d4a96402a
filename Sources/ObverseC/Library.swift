// The library as a whole: version, last error, log.

import CCallback
import CObverse
import CSystem
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

  private typealias Receiver = (fn: obv_log_fn, user: UnsafeMutableRawPointer?)

  private let receiver = unsafe Guarded<Receiver?>(nil)

  private init() {}

  @unsafe
  func set(_ fn: obv_log_fn?, _ user: UnsafeMutableRawPointer?) {
    let new: Receiver? = unsafe fn.map { unsafe ($0, user) }
    unsafe receiver.withLock { unsafe $0 = new }
  }

  /// Tells one line; nobody makes it where nobody listens.
  func tell(_ level: Int, _ line: () -> String) {
    let receiver = unsafe receiver.withLock { unsafe $0 }
    // Outside of the lock, since the receiver may call us.
    guard let receiver = unsafe receiver else { return }
    unsafe line().withCString { text in
      unsafe _ = callback_log(receiver.fn, receiver.user, Int32(level), text)
    }
  }
}
