import Core

// The tensors of a description by name, and one type for another.

extension ModelDescription {
  /// Visits every tensor in the file's order with its dotted name, such as `b64.conv0.weight`.
  package func forEachWeights(_ body: (String, Weights) -> Void) {
    _ = mapShared { (name, weights) in
      body(name, weights)
      return weights
    }
    synthesis.network.forEachWeights(body)
  }

  /// A description with every tensor replaced; visits them in the file's order.
  package func mapWeights(
    _ transform: (String, Weights) throws(ObverseError) -> Weights
  ) throws(ObverseError) -> ModelDescription {
    var copy = try mapShared(transform)
    copy.synthesis = try synthesis.network.mapWeights(transform)
    return copy
  }

  /// The same for what all families have.
  private func mapShared<E: Error>(
    _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> ModelDescription {
    var copy = self
    if let wAverage { copy.wAverage = try transform("w_avg", wAverage) }
    if let embed { copy.embed = try embed.mapWeights("mapping.embed", transform) }
    for (i, layer) in mapping.enumerated() {
      copy.mapping[i] = try layer.mapWeights("mapping.fc\(i)", transform)
    }
    copy.const = try transform("b4.const", const)
    return copy
  }

  /// The SHA-256 of all tensors' bytes, scales behind them, in the file's order, computed anew.
  package var hashedWeights: String {
    var hash = SHA256()
    forEachWeights { (_, weights) in
      weights.bytes.withSpan { hash.update($0) }
      weights.scaleBytes?.withSpan { hash.update($0) }
    }
    return hash.finish()
  }

  /// Whether any tensor is stored in bytes.
  var hasQuantizedWeights: Bool {
    var found = false
    forEachWeights { (_, weights) in found = found || weights.type == .int8 }
    return found
  }

  /// The same network with its tensors in another type, `float32`, `float16` or `int8`.
  ///
  /// In `float16` every tensor of two or more axes changes: kernels, dense weights, noise planes
  /// and the constant input. Vectors (biases and the mean w) stay `float32`: they are a thousandth
  /// of a file, and what is added once at the end deserves all its digits. In `int8` the same
  /// tensors change, each with a scale for every index of its first axis, save for the mapping's,
  /// which become `float16`: every layer behind them sees their error.
  /// - Throws: `unsupported` for other types, and for values that `float16` cannot hold; what
  ///   `validate` throws.
  package func converted(to type: ElementType) throws(ObverseError) -> ModelDescription {
    try validate()
    guard Weights.types.contains(type) else {
      throw .unsupported(
        what: "element type \(type.rawValue)", why: "model files hold \(Weights.typeNames)",
        hint: nil)
    }
    var copy = try mapWeights { (name, weights) throws(ObverseError) in
      var target = weights.shape.count < 2 ? .float32 : type
      if target == .int8, name.utf8.starts(with: "mapping.".utf8) { target = .float16 }
      return target == .int8
        ? try weights.quantized(name: name) : try weights.converted(to: target, name: name)
    }
    copy.weightsSHA256 = ""
    return copy
  }
}

extension Weights {
  /// The element types of model files.
  static let types: [ElementType] = [.float32, .float16, .int8]
  static let typeNames = "f32, f16 and i8"

  /// Bytes of `shape` in `type`; nil where the number overflows.
  static func byteCount(_ type: ElementType, _ shape: [Int]) -> Int? {
    var count = type.byteCount
    for length in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow, length >= 0 else { return nil }
      count = product
    }
    return count
  }

  /// Asks for the room that `floats` takes.
  ///
  /// - Throws: `resources`.
  package func expectRoomForFloats() throws(ObverseError) {
    try Memory.expectRoom(for: count * MemoryLayout<Float>.size)
  }

  /// The elements as Float, for whoever needs an array; Swift allocates it or ends the process.
  package var floats: [Float] {
    unsafe [Float](unsafeUninitializedCapacity: count) { target, written in
      if let base = target.baseAddress { unsafe widen(into: base) }
      written = count
    }
  }

  /// Writes all elements as Float.
  ///
  /// - Parameter target: Room for `count` floats.
  @unsafe
  package func widen(into target: UnsafeMutablePointer<Float>) {
    let count = self.count
    precondition(bytes.count == count * type.byteCount)
    unsafe bytes.withUnsafeBytes { source in
      switch type {
      case .int8:
        let width = count / max(scaleCount, 1)
        for row in 0..<scaleCount {
          let scale = scale(row)
          for i in row * width..<(row + 1) * width {
            let step = unsafe source.loadUnaligned(fromByteOffset: i, as: Int8.self)
            unsafe (target + i).initialize(to: Float(step) * scale)
          }
        }
      case .float16:
        for i in 0..<count {
          let bits = unsafe source.loadUnaligned(fromByteOffset: 2 * i, as: UInt16.self)
          unsafe (target + i).initialize(to: Half.float(fromFloat16: bits))
        }
      default:
        for i in 0..<count {
          unsafe (target + i).initialize(
            to: source.loadUnaligned(fromByteOffset: 4 * i, as: Float.self))
        }
      }
    }
  }

  /// The same numbers in another type, rounded to nearest.
  func converted(to type: ElementType, name: String) throws(ObverseError) -> Weights {
    guard type != self.type else { return self }
    try expectRoomForFloats()
    let values = floats
    let bytes = try unsafe Bytes(count: count * type.byteCount) { (target) throws(ObverseError) in
      for (i, value) in values.enumerated() {
        if type == .float32 {
          unsafe target.storeBytes(of: value, toByteOffset: 4 * i, as: Float.self)
          continue
        }
        let half = Half.float16(from: value)
        guard half & 0x7c00 != 0x7c00 else {
          throw .unsupported(
            what: "tensor \(name)", why: "its value \(value) is beyond f16",
            hint: "keep this model in f32")
        }
        unsafe target.storeBytes(of: half, toByteOffset: 2 * i, as: UInt16.self)
      }
    }
    return Weights(type: type, shape: shape, bytes: bytes)
  }
}

extension Dense {
  func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> Dense {
    Dense(
      weight: try transform("\(name).weight", weight), bias: try transform("\(name).bias", bias))
  }
}

extension Noise {
  func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> Noise {
    guard let plane else { return self }
    return Noise(plane: try transform("\(name).noise_const", plane), strength: strength)
  }
}

extension StyledConv {
  func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> StyledConv {
    var copy = self
    copy.weight = try transform("\(name).weight", weight)
    copy.affine = try affine.mapWeights("\(name).affine", transform)
    copy.noise = try noise?.mapWeights(name, transform)
    copy.activation.bias = try transform("\(name).bias", activation.bias)
    return copy
  }
}

extension ToImage {
  func mapWeights<E: Error>(
    _ name: String, _ transform: (String, Weights) throws(E) -> Weights
  ) throws(E) -> ToImage {
    var copy = self
    copy.weight = try transform("\(name).weight", weight)
    copy.affine = try affine.mapWeights("\(name).affine", transform)
    copy.bias = try transform("\(name).bias", bias)
    return copy
  }
}

// Weights as signed bytes: a factor for each output channel, nothing else.

extension Weights {
  /// The largest magnitude of a stored byte; -128 is never written, so that the range is symmetric.
  private static let steps: Float = 127

  /// The same numbers as bytes: `scale = max|w| / 127` over each index of the first axis, each
  /// number rounded to the nearest multiple.
  ///
  /// - Parameter name: For the error.
  /// - Returns: An `int8` tensor with its scales.
  /// - Throws: `unsupported` for a number that is not finite.
  func quantized(name: String) throws(ObverseError) -> Weights {
    guard type != .int8 else { return self }
    try expectRoomForFloats()
    let values = floats
    let rows = shape[0]
    let width = values.count / rows
    var scales: [Float] = []
    let bytes = try unsafe Bytes(count: values.count) { (target) throws(ObverseError) in
      for row in 0..<rows {
        let range = row * width..<(row + 1) * width
        var largest: Float = 0
        for i in range { largest = max(largest, values[i].magnitude) }
        if let bad = values[range].first(where: { !$0.isFinite }) {
          throw .unsupported(
            what: "tensor \(name)", why: "its value \(bad) is beyond i8",
            hint: "keep this model in f32")
        }
        // A row of zeros takes any scale; one whose scale would vanish is one.
        let scale = largest / Self.steps
        scales.append(scale.isNormal ? scale : 1)
        for i in range {
          let step = Int8((values[i] / scales[row]).rounded())
          unsafe target.storeBytes(of: step, toByteOffset: i, as: Int8.self)
        }
      }
    }
    return Weights(
      type: .int8, shape: shape, bytes: bytes,
      scaleBytes: Bytes(scales.flatMap { littleEndian($0.bitPattern) }))
  }

  /// Scales that there are.
  package var scaleCount: Int { (scaleBytes?.count ?? 0) / MemoryLayout<Float>.size }

  /// What multiplies the bytes of index `row` of the first axis.
  package func scale(_ row: Int) -> Float {
    guard let bits = scaleBytes?.load(UInt32.self, at: 4 * row) else {
      preconditionFailure("\(row) is not in \(scaleCount)")
    }
    return Float(bitPattern: bits)
  }

  /// Checks the scales of a tensor whose shape and type are right.
  func checkScales(_ name: String) throws(ObverseError) {
    let wanted = type == .int8 ? shape[0] : 0
    guard scaleCount == wanted else {
      throw .malformed(
        what: "tensor \(name)",
        why: "it has \(scaleCount) scales, \(shape.brackets) of \(type.rawValue) takes \(wanted)")
    }
    for row in 0..<wanted where !(scale(row) > 0 && scale(row).isFinite) {
      throw .malformed(
        what: "tensor \(name)", why: "its scale \(scale(row)) is not a finite number above 0")
    }
  }
}
