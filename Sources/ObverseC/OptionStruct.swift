// Option structs grow at their end: an older library refuses what it does not know, and a newer one
// gives what is missing its preset.

import CObverse
import CSystem

/// A struct of the header that begins with its own size in bytes.
protocol OptionStruct {
  /// Bytes in the first version of the library, which every caller has.
  static var smallest: Int { get }
  static var name: String { get }
}

extension obv_draw_options: OptionStruct {
  static var smallest: Int { 24 + 2 * MemoryLayout<Int>.size }  // two pointers
  static var name: String { "obv_draw_options" }
}

extension obv_context_options: OptionStruct {
  static var smallest: Int { 8 }
  static var name: String { "obv_context_options" }
}

extension obv_model_info: OptionStruct {
  static var smallest: Int { 120 }
  static var name: String { "obv_model_info" }
}

extension OptionStruct {
  /// More than any version will have; above it, the size was never set.
  private static var largest: Int { 4096 }

  /// The size that a caller's struct says it has.
  @unsafe
  static func size(_ pointer: UnsafeRawPointer) throws(Failure) -> Int {
    let size = Int(unsafe pointer.loadUnaligned(as: UInt32.self))
    guard (smallest...largest).contains(size), size % 4 == 0 else {
      throw .argument("\(name).size is \(size); was it set by the header's INIT?")
    }
    return size
  }

  /// Writes over `preset` what a caller's struct says; NULL says nothing.
  @unsafe
  static func read(_ pointer: UnsafePointer<Self>?, over preset: Self) throws(Failure) -> Self {
    guard let pointer = unsafe pointer else { return preset }
    let raw = unsafe UnsafeRawPointer(pointer)
    let size = try unsafe size(raw)
    let known = MemoryLayout<Self>.size
    for offset in min(known, size)..<size
    where unsafe raw.load(fromByteOffset: offset, as: UInt8.self) != 0 {
      throw .argument("\(name) sets an option at byte \(offset) that this library does not know")
    }
    var options = preset
    unsafe withUnsafeMutableBytes(of: &options) {
      unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: raw, count: min(known, size)))
    }
    return options
  }

  /// Copies the front of ours to the caller's struct, whatever its version, and clears the rest.
  @unsafe
  static func write(_ value: Self, to pointer: UnsafeMutablePointer<Self>) throws(Failure) {
    let raw = UnsafeMutableRawPointer(pointer)
    let size = try unsafe size(raw)
    let known = min(MemoryLayout<Self>.size, size)
    unsafe withUnsafeBytes(of: value) { ours in
      // The caller's own size stays.
      for i in 4..<known { unsafe raw.storeBytes(of: ours[i], toByteOffset: i, as: UInt8.self) }
    }
    unsafe memset(raw + known, 0, size - known)
  }
}
