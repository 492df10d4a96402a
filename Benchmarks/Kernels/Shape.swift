import Glibc

/// A layer of a list.
struct Shape {
  enum Kind: String {
    /// A 3x3 convolution.
    case conv
    /// One that doubles the size.
    case up
    /// A depthwise 3x3 and a pointwise convolution.
    case separable
  }

  let kind: Kind
  let inputs: Int
  let outputs: Int
  /// Side of the output.
  let size: Int

  /// Multiply-adds of the plain convolution, an up-convolution's at the size of its input.
  var macs: Int {
    switch kind {
    case .conv: 9 * inputs * outputs * size * size
    case .up: 9 * inputs * outputs * size * size / 4
    case .separable: (9 + outputs) * inputs * size * size
    }
  }

  /// The shapes of a file; nil where it cannot be read or holds something else.
  static func list(path: String) -> [Shape]? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe _ = fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    var shapes: [Shape] = []
    for line in String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
    where !line.hasPrefix("#") {
      let words = line.split(separator: " ")
      guard words.count == 4, let kind = Kind(rawValue: String(words[0])),
        let inputs = Int(words[1]), let outputs = Int(words[2]), let size = Int(words[3]),
        (1...4096).contains(inputs), (1...4096).contains(outputs),
        (4...4096).contains(size), size.nonzeroBitCount == 1, kind != .up || size > 4
      else { return nil }
      shapes.append(Shape(kind: kind, inputs: inputs, outputs: outputs, size: size))
    }
    return shapes.isEmpty ? nil : shapes
  }
}
