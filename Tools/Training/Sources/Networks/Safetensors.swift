// Writing safetensors; Checkpoint reads them.

import Core
import Torch

/// A safetensors file in the making: tensors in the order given, and a few words.
public enum SafetensorsWriter {
  /// Writes the file whole or not at all.
  ///
  /// - Parameters:
  ///   - tensors: Names and tensors; a name must not occur twice.
  ///   - metadata: Goes into `__metadata__`, sorted by key.
  ///   - halves: Stores float16 instead of float32; what is beyond its range becomes its largest.
  ///   - path: The file.
  /// - Throws: `cannotCreate`, `inputOutput`.
  public static func write(
    _ tensors: [Registry.Entry], metadata: [String: String] = [:], halves: Bool = false,
    to path: String
  ) throws(ObverseError) {
    var entries: [String] = []
    if !metadata.isEmpty {
      let sorted = metadata.sorted { $0.key < $1.key }
      let words = sorted.map { "\($0.key.quotedForJSON):\($0.value.quotedForJSON)" }
      entries.append("\"__metadata__\":{\(words.joined(separator: ","))}")
    }
    var end = 0
    for (name, tensor) in tensors {
      let start = end
      let shape = tensor.shape
      end += shape.reduce(halves ? 2 : 4, *)
      let sizes = shape.map(String.init).joined(separator: ",")
      let type = halves ? "F16" : "F32"
      let facts = "\"dtype\":\"\(type)\",\"shape\":[\(sizes)],\"data_offsets\":[\(start),\(end)]"
      entries.append("\(name.quotedForJSON):{\(facts)}")
    }
    var header = Array("{\(entries.joined(separator: ","))}".utf8)
    // Spaces up to a multiple of 64, so that a mapped file's tensors begin aligned.
    header += [UInt8](repeating: 0x20, count: (64 - (header.count + 8) % 64) % 64)
    let length = UInt64(header.count)
    var file = try AtomicFile(path)
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
    try append(prefix, to: &file)
    for entry in tensors {
      let values = entry.tensor.floats
      if halves {
        try append(values.map { Half.float16(from: min(max($0, -65_504), 65_504)) }, to: &file)
      } else {
        try append(values, to: &file)
      }
    }
    try file.commit()
  }

  /// Appends the elements' bytes, which are little-endian on every machine that we build for.
  private static func append<T: BitwiseCopyable>(
    _ values: [T], to file: inout AtomicFile
  ) throws(ObverseError) {
    let span = values.span
    try file.write(span.bytes)
  }
}

extension String {
  /// The text as JSON writes it, with its quotes.
  public var quotedForJSON: String {
    var result = "\""
    for scalar in unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\\(scalar)"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
