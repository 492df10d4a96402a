import Checkpoint
import Core
import Torch

/// The tensors of a published network, by their authors' names.
struct FrozenWeights {
  let device: Device
  /// SHA-256 of the file.
  let fileHash: String
  /// A tensor of the file; nil where it is not there.
  private let find: (_ name: String) -> StoredTensor?
  private let make: ((_ name: String, _ shape: [Int]) -> Tensor)?

  /// - Throws: What opening says.
  init(_ path: String, on device: Device) throws(ObverseError) {
    let file = try CheckpointFile.open(path)
    fileHash = try Bytes(mapping: path).withSpan { SHA256.hex($0) }
    var stored: [String: StoredTensor] = [:]
    for (name, tensor) in file.tensors { stored[name] = tensor }
    self.device = device
    find = { [stored] in stored[$0] }
    make = nil
  }

  /// Weights that are made when they are asked for, for tests of architectures.
  init(on device: Device, make: @escaping (_ name: String, _ shape: [Int]) -> Tensor) {
    self.device = device
    fileHash = ""
    find = { _ in nil }
    self.make = make
  }

  func has(_ name: String) -> Bool { make != nil || find(name) != nil }

  /// - Throws: `missingTensor`, `shape`.
  func tensor(_ name: String, _ shape: [Int]) throws(ObverseError) -> Tensor {
    if let make { return make(name, shape) }
    guard let source = find(name) else { throw .missingTensor(name) }
    guard source.shape == shape else {
      throw .shape(tensor: name, expected: shape, found: source.shape, why: "its layer needs")
    }
    return .values(source.floats, shape, on: device)
  }

  /// A convolution without bias and the batch normalization behind it, as one convolution.
  ///
  /// - Parameters:
  ///   - name: Of the convolution, without `.weight`.
  ///   - norm: Of the normalization.
  ///   - shape: `[out, in / groups, height, width]`.
  ///   - epsilon: Of the normalization.
  ///   - stride: From one output to the next.
  ///   - groups: Parts that see no other part.
  /// - Returns: The convolution, without padding.
  /// - Throws: `missingTensor`, `shape`.
  func conv(
    _ name: String, norm: String, _ shape: [Int], epsilon: Double, stride: Int = 1, groups: Int = 1
  ) throws(ObverseError) -> FrozenConv {
    let weight = try tensor("\(name).weight", shape)
    let variance = try tensor("\(norm).running_var", [shape[0]])
    var factor = (variance + epsilon).reciprocalSquareRoot
    if has("\(norm).weight") { factor = factor * (try tensor("\(norm).weight", [shape[0]])) }
    let mean = try tensor("\(norm).running_mean", [shape[0]])
    let bias = try tensor("\(norm).bias", [shape[0]]) - mean * factor
    return FrozenConv(
      weight: weight * factor.reshaped([-1, 1, 1, 1]), bias: bias.overPixels, stride: stride,
      groups: groups)
  }
}

/// A convolution that never learns.
struct FrozenConv {
  let weight: Tensor
  /// `[1, out, 1, 1]`.
  let bias: Tensor
  let stride: Int
  let groups: Int

  func callAsFunction(_ x: Tensor, padding: Int = 0) -> Tensor {
    func convolved() -> Tensor {
      x.convolved(weight, stride: stride, padding: padding, groups: groups)
    }
    // LibTorch's gradient of a strided filter for each channel takes twelve times as long in bfloat16.
    let isSlowInBFloat16 = groups > 1 && stride > 1
    return (isSlowInBFloat16 ? Torch.withBFloat16(false, convolved) : convolved()) + bias
  }

  /// With TensorFlow's padding: as many outputs as strides begun, the odd zero behind.
  func samePadded(_ x: Tensor) -> Tensor {
    let (size, kernel) = (x.shape[3], weight.shape[3])
    let total = max((size - 1) / stride * stride + kernel - size, 0)
    if total % 2 == 0 { return self(x, padding: total / 2) }
    let (before, after) = (total / 2, total - total / 2)
    return self(x.padded(left: before, right: after, top: before, bottom: after))
  }
}
