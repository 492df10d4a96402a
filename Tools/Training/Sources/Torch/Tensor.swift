import CTorch

/// A float32 tensor of LibTorch (indices are 64-bit integers), on the CPU or a GPU.
///
/// The handle never leaves this file: ARC may release a tensor as soon as its last use has begun, so
/// each call holds its arguments until it has returned.
public final class Tensor {
  private let handle: OpaquePointer

  private init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { ct_free(handle) }

  /// The tensor that a function of CTorch hands out.
  static func made(_ body: (UnsafeMutablePointer<OpaquePointer?>) -> ct_error?) -> Tensor {
    var result: OpaquePointer?
    Failure.check(body(&result))
    guard let result else { Failure.end("a function gave neither a tensor nor an error") }
    return Tensor(owning: result)
  }

  /// The tensors that a function of CTorch hands out, as many as it is told.
  static func made(
    _ count: Int, _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ct_error?
  ) -> [Tensor] {
    var results = [OpaquePointer?](repeating: nil, count: count)
    Failure.check(body(&results))
    return results.compactMap { $0.map(Tensor.init(owning:)) }
  }

  /// Lends the handle for the length of a call.
  func lend<R>(_ body: (OpaquePointer) -> R) -> R {
    withExtendedLifetime(self) { body(handle) }
  }

  /// Lends the handles of many.
  static func lend<R>(
    _ tensors: [Tensor], _ body: (UnsafeMutablePointer<OpaquePointer?>) -> R
  ) -> R {
    withExtendedLifetime(tensors) {
      var handles: [OpaquePointer?] = tensors.map(\.handle)
      return handles.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("no tensors") }
        return body(base)
      }
    }
  }

  /// Gradients of a scalar.
  ///
  /// - Parameters:
  ///   - loss: A tensor of one element.
  ///   - inputs: Leaves or intermediate tensors, at least one.
  ///   - keepsGraph: Lets the same operations be differentiated once more.
  ///   - createGraph: Records the gradients' own operations, so that they can be differentiated.
  /// - Returns: One for each input; nil for inputs that `loss` does not depend on.
  public static func gradients(
    of loss: Tensor, with inputs: [Tensor], keepsGraph: Bool = false, createGraph: Bool = false
  ) -> [Tensor?] {
    var results = [OpaquePointer?](repeating: nil, count: inputs.count)
    loss.lend { loss in
      lend(inputs) {
        Failure.check(
          ct_grad(loss, $0, Int32(inputs.count), keepsGraph, createGraph, &results))
      }
    }
    return results.map { $0.map(Tensor.init(owning:)) }
  }
}

extension Tensor {
  // MARK: Making

  public static func values(
    _ values: [Float], _ shape: [Int], on device: Device = .cpu
  ) -> Tensor {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for \(shape)")
    return made { ct_from_floats(values, shape.wide, Int32(shape.count), device.code, $0) }
  }

  /// Bytes as the numbers 0 to 255.
  public static func bytes(_ bytes: [UInt8], _ shape: [Int], on device: Device = .cpu) -> Tensor {
    precondition(bytes.count == shape.reduce(1, *), "\(bytes.count) bytes for \(shape)")
    return made { ct_from_bytes(bytes, shape.wide, Int32(shape.count), device.code, $0) }
  }

  public static func indices(_ indices: [Int], on device: Device = .cpu) -> Tensor {
    made { ct_from_integers(indices.wide, Int64(indices.count), device.code, $0) }
  }

  public static func full(_ value: Double, _ shape: [Int], on device: Device = .cpu) -> Tensor {
    made { ct_full(value, shape.wide, Int32(shape.count), device.code, $0) }
  }

  public static func zeros(_ shape: [Int], on device: Device = .cpu) -> Tensor {
    full(0, shape, on: device)
  }

  /// Normals of mean 0 and variance 1.
  public static func normal(_ shape: [Int], on device: Device = .cpu) -> Tensor {
    made { ct_randn(shape.wide, Int32(shape.count), device.code, $0) }
  }

  public static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
    lend(parts) { parts_ in
      made { ct_cat(parts_, Int32(parts.count), Int64(axis), $0) }
    }
  }

  // MARK: Looking

  public var shape: [Int] {
    lend { handle in (0..<ct_axes(handle)).map { Int(ct_size(handle, $0)) } }
  }

  public var count: Int { shape.reduce(1, *) }

  public var device: Device { lend { ct_device_of($0) == CT_CUDA ? .cuda : .cpu } }

  /// All elements in row-major order, on the host.
  public var floats: [Float] {
    let count = count
    return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let base = buffer.baseAddress else { return }
      Failure.check(lend { ct_read($0, base, Int64(count)) })
      filled = count
    }
  }

  /// The only element.
  public var item: Double {
    precondition(count == 1, "an element of a tensor of shape \(shape)")
    return Double(floats[0])
  }

  // MARK: Gradients and updates

  /// Marks a leaf as one whose gradient may be asked for.
  public func setRequiresGradient(_ value: Bool = true) {
    Failure.check(lend { ct_set_requires_grad($0, value) })
  }

  /// Whether operations on it are recorded.
  public var requiresGradient: Bool { lend { ct_requires_grad($0) } }

  /// The same values without their history.
  public var detached: Tensor { unary(CT_DETACH) }

  /// Overwrites the values in place, unrecorded.
  public func assign(_ source: Tensor) {
    Failure.check(lend { target in source.lend { ct_copy(target, $0) } })
  }

  /// Moves each target towards its source by `weight` of the way, in place and unrecorded.
  public static func move(_ targets: [Tensor], towards sources: [Tensor], by weight: Double) {
    precondition(targets.count == sources.count, "\(targets.count) targets")
    guard !targets.isEmpty else { return }
    lend(targets) { targets_ in
      lend(sources) { Failure.check(ct_lerp(targets_, $0, Int32(targets.count), weight)) }
    }
  }

  public func moved(to device: Device) -> Tensor {
    lend { handle in Tensor.made { ct_to(handle, device.code, $0) } }
  }
}

extension [Int] {
  /// The numbers as CTorch takes them.
  var wide: [Int64] { map(Int64.init) }
}
