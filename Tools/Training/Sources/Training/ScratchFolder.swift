import Core
import FoundationEssentials
import Glibc

/// A folder that goes when nobody holds it any more.
public final class ScratchFolder {
  public let path: String

  /// - Throws: `cannotCreate`.
  public init() throws(ObverseError) {
    let base = FileManager.default.temporaryDirectory.path(percentEncoded: false)
    var name = Array("\(base)/obverse-train-XXXXXX".utf8CString)
    let isMade = name.withUnsafeMutableBufferPointer {
      $0.baseAddress.flatMap { mkdtemp($0) } != nil
    }
    guard isMade else {
      throw .cannotCreate(path: base, why: ObverseError.reason(errno))
    }
    path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
