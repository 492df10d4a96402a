// Between generators in training, which have their gains at run time, and model files, where they are
// folded.

import Checkpoint
import Converter
import Core
import Torch

/// What training multiplies a tensor with at run time, so that a model file has the product.
private enum RunTimeGain {
  /// The factor of one tensor.
  ///
  /// - Parameters:
  ///   - name: As model files have it.
  ///   - shape: As model files have it.
  ///   - family: MobileStyleGAN's synthesis has its gains folded in training too.
  /// - Returns: 1 for what is stored as it is.
  static func of(_ name: String, _ shape: [Int], _ family: NamedModel.Family) -> Double {
    let inputs = Double(shape.last ?? 1)
    if name.hasPrefix("mapping.") {
      return name.hasSuffix(".bias") ? 0.01 : 0.01 / inputs.squareRoot()
    }
    guard family != .mobileStyleGAN else { return 1 }
    if name.hasSuffix(".affine.weight") || name.hasSuffix(".torgb.weight") {
      return 1 / inputs.squareRoot()
    }
    if name.hasSuffix(".skip.weight") { return 0.5.squareRoot() / inputs.squareRoot() }
    return 1
  }
}

extension CheckpointFile {
  /// A model as a checkpoint with the names and gains of training.
  ///
  /// What the file says of its training goes to where safetensors keep it.
  public init(_ model: NamedModel, path: String) throws(ObverseError) {
    let isMobile = model.family == .mobileStyleGAN
    var strengths: [String: Float] = [:]
    for (name, tensor) in model.tensors where name.hasSuffix(".noise_strength") {
      strengths[String(name.dropLast(".noise_strength".count))] = tensor.values[0]
    }
    var tensors: [(name: String, tensor: StoredTensor)] = []
    func add(_ name: String, _ shape: [Int], _ values: [Float]) throws(ObverseError) {
      var stride = 1
      let strides = Array(
        shape.reversed().map { size in
          defer { stride *= size }
          return stride
        }.reversed())
      let bytes = values.withUnsafeBytes { Bytes(Array($0)) }
      let stored = try StoredTensor(
        name: name, type: .float32, shape: shape, strides: strides, offset: 0, storage: bytes)
      tensors.append((name, stored))
    }
    for (name, tensor) in model.tensors {
      var (shape, values) = (tensor.shape, tensor.values)
      let gain = RunTimeGain.of(name, shape, model.family)
      if gain != 1 { values = values.map { Float(Double($0) / gain) } }
      if isMobile, name.hasSuffix(".noise_strength") { continue }
      if isMobile, name.hasSuffix(".noise_const") {
        // The strength of this family's noise is part of the constant.
        let strength = strengths[String(name.dropLast(".noise_const".count))] ?? 1
        values = values.map { $0 * strength }
      }
      if name.hasSuffix(".torgb.weight") || name.hasSuffix(".skip.weight") { shape += [1, 1] }
      let target =
        name == "w_avg" ? "mapping.w_avg" : name.hasPrefix("mapping.") ? name : "synthesis.\(name)"
      try add(target, shape, values)
    }
    // Layers without noise get one of strength 0.
    let names = Set(model.tensors.map(\.name))
    for name in names.sorted() {
      let parts = name.split(separator: ".")
      guard parts.count == 3, parts[1].hasPrefix("conv"), parts[2] == "bias" else { continue }
      let layer = "\(parts[0]).\(parts[1])"
      if !isMobile, strengths[layer] == nil {
        try add("synthesis.\(layer).noise_strength", [], [0])
      }
      if !names.contains("\(layer).noise_const"), let side = Int(parts[0].dropFirst()) {
        let plane = [Float](repeating: 0, count: side * side)
        try add("synthesis.\(layer).noise_const", [side, side], plane)
      }
    }
    var attributes: [String: Attribute] = [:]
    for (name, value) in model.origin.facts { attributes["__metadata__.\(name)"] = .text(value) }
    if let clamp = model.clamp { attributes["__metadata__.conv_clamp"] = .text("\(clamp)") }
    if isMobile { attributes["__metadata__.slope"] = .text("\(model.slope)") }
    self.init(
      path: path, container: .safetensors, containerDetail: "model", tensors: tensors,
      attributes: attributes)
  }
}

extension Generator {
  /// The generator as a model file has it, with its gains folded; the origin is the caller's.
  public var model: NamedModel {
    let isMobile = shape.family == .mobileStyleGAN
    let family: NamedModel.Family =
      switch (shape.family, shape.architecture) {
      case (.mobileStyleGAN, _): .mobileStyleGAN
      case (.styleGAN2, .skip): .styleGAN2Skip
      case (.styleGAN2, .resnet): .styleGAN2ResNet
      case (.styleGAN2, .orig): .styleGAN2Orig
      }
    var tensors: [(name: String, tensor: NamedModel.Tensor)] = []
    for (name, tensor) in registry.parameters + registry.buffers {
      let own = name == "mapping.w_avg" ? "w_avg" : name.withoutPrefix("synthesis.")
      var shape = tensor.shape
      if own.hasSuffix(".torgb.weight") || own.hasSuffix(".skip.weight") { shape.removeLast(2) }
      let gain = RunTimeGain.of(own, shape, family)
      var values = tensor.floats
      if gain != 1 { values = values.map { Float(Double($0) * gain) } }
      tensors.append((own, NamedModel.Tensor(shape: shape, values: values)))
      if isMobile, own.hasSuffix(".noise_const") {
        let layer = own.dropLast("noise_const".count)
        tensors.append(("\(layer)noise_strength", NamedModel.Tensor(shape: [], values: [1])))
      }
    }
    return NamedModel(
      family: family, imageChannels: shape.imageChannels, zDim: shape.zDim, wDim: shape.wDim,
      slope: Float(shape.slope), clamp: shape.clamp.map { Float($0) }, tensors: tensors)
  }
}

extension String {
  fileprivate func withoutPrefix(_ prefix: String) -> String {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
  }
}
