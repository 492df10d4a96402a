import Checkpoint
import Core
import ModelFile

/// Reads an OpenVINO graph from its result backwards, and notes which constants were taken.
///
/// Constants of fused layers have generated names, so each is known by its place alone. What does
/// not stand where MobileStyleGAN has it is refused by its layer's name.
final class IRWalk {
  typealias Layer = IRGraph.Layer

  let graph: IRGraph
  /// Such as `SynthesisNetwork`.
  let name: String
  private var targets: [Int: [String]] = [:]
  private var checked: Set<Int> = []
  private var bytesMade = 0
  private let memoryLimit: Int
  private(set) var warnings: [String] = []

  init(_ graph: IRGraph, name: String) {
    self.graph = graph
    self.name = name
    let bytes = graph.layers.reduce(0) { max($0, $1.constant?.storage.count ?? 0) }
    memoryLimit = 3 * bytes + 8 << 20
  }

  /// The error for a layer that stands where something else is wanted.
  func unfit(_ layer: Layer, _ wanted: String) -> ObverseError {
    .unsupported(
      what: "layer '\(layer.name)' of \(name)",
      why: "it is \(layer.type) where MobileStyleGAN has \(wanted)", hint: nil)
  }

  /// The layer that feeds input `port` of `layer`, of one of these types unless none are given.
  func input(
    _ layer: Layer, _ port: Int = 0, _ types: String...
  ) throws(ObverseError) -> Layer {
    guard layer.inputs.indices.contains(port), let source = graph[layer.inputs[port]] else {
      throw .malformed(what: "layer '\(layer.name)' of \(name)", why: "it lacks input \(port)")
    }
    guard types.isEmpty || types.contains(source.type) else {
      throw unfit(source, types.joined(separator: " or "))
    }
    return source
  }

  /// The one layer that ends the graph, by what feeds it.
  func result() throws(ObverseError) -> Layer {
    let results = graph.layers.filter { $0.type == "Result" }
    guard results.count == 1 else {
      throw .unsupported(
        what: name, why: "it has \(results.count) results, MobileStyleGAN's networks have one",
        hint: nil)
    }
    return try input(results[0])
  }

  /// The two inputs of a layer, the constant second, whatever their order is in the file.
  func constantLast(_ layer: Layer) throws(ObverseError) -> (other: Layer, constant: Layer)? {
    let a = try input(layer, 0)
    let b = try input(layer, 1)
    if b.type == "Const" { return (a, b) }
    return a.type == "Const" ? (b, a) : nil
  }

  /// Refuses a layer whose attribute differs, white space aside; absent attributes pass.
  func demand(_ layer: Layer, _ key: String, _ expected: String) throws(ObverseError) {
    guard let found = layer.data[key] else { return }
    guard found.filter({ $0 != " " }) == expected else {
      throw .unsupported(
        what: "layer '\(layer.name)' of \(name)",
        why: "its \(key) is \(found.prefix(64)), MobileStyleGAN has \(expected)", hint: nil)
    }
  }

  func tensor(_ layer: Layer) throws(ObverseError) -> StoredTensor {
    guard layer.type == "Const", let tensor = layer.constant, tensor.type.isFloat else {
      throw unfit(layer, "a constant of floating-point numbers")
    }
    return tensor
  }

  /// A constant of one element.
  func scalar(_ layer: Layer) throws(ObverseError) -> Float {
    let tensor = try tensor(layer)
    guard tensor.count == 1 else { throw unfit(layer, "a single number") }
    checked.insert(layer.id)
    return tensor.floats[0]
  }

  /// Takes a constant into the model under `shape`, which has as many elements.
  func take(
    _ layer: Layer, as shape: [Int], gain: Double = 1, into target: String
  ) throws(ObverseError) -> Weights {
    let tensor = try tensor(layer)
    guard tensor.count == shape.reduce(1, *) else {
      throw .shape(
        tensor: "\(name).\(layer.name)", expected: shape, found: tensor.shape,
        why: "\(target) is")
    }
    let bytes = tensor.count * 4
    guard bytes <= memoryLimit - bytesMade else {
      throw .tooLarge(
        what: "the size of the weights of \(name)", found: UInt64(clamping: bytesMade + bytes),
        limit: UInt64(clamping: memoryLimit))
    }
    bytesMade += bytes
    try tensor.expectRoomForFloats()
    let values = tensor.floats
    let broken = values.count { !$0.isFinite }
    if broken > 0 {
      warnings.append(
        "\(name).\(layer.name) has \(broken) of \(values.count) values that are not finite")
    }
    targets[layer.id, default: []].append(target)
    return try Weights(values, shape: shape, gain: gain)
  }

  /// Compares a constant whose elements come in pairs `first`, `second`, one pair a channel.
  func check(_ layer: Layer, pairs first: Float, _ second: Float) throws(ObverseError) {
    let tensor = try tensor(layer)
    let expected = [first, second]
    guard tensor.count % 2 == 0, tensor.count <= 1 << 16,
      tensor.floats.enumerated().allSatisfy({ abs($1 - expected[$0 % 2]) < 1e-4 })
    else { throw unfit(layer, "the filter [\(first), \(second)]") }
    checked.insert(layer.id)
  }

  /// A style: `gain · (A w + a)`, where the gain is optional.
  ///
  /// - Returns: nil where `layer` makes no style.
  func style(_ layer: Layer, into target: String) throws(ObverseError) -> Dense? {
    var gain: Double = 1
    var reshape = layer
    if layer.type == "Multiply", let (other, constant) = try constantLast(layer),
      other.type == "Reshape"
    {
      gain = Double(try scalar(constant))
      reshape = other
    }
    guard reshape.type == "Reshape", let (product, bias) = try constantLast(input(reshape)),
      product.type == "MatMul"
    else { return nil }
    _ = try input(product, 0, "Parameter")
    return try dense(product, bias, gain: gain, into: "\(target).affine")
  }

  /// The weights of a MatMul, rows being outputs, and a bias of as many elements.
  func dense(
    _ product: Layer, _ bias: Layer, gain: Double, into target: String
  ) throws(ObverseError) -> Dense {
    try demand(product, "transpose_a", "false")
    try demand(product, "transpose_b", "true")
    let weight = try input(product, 1, "Const")
    let shape = try tensor(weight).shape
    guard shape.count == 2, shape[0] > 0, shape[1] > 0 else { throw unfit(weight, "a matrix") }
    return Dense(
      weight: try take(weight, as: shape, gain: gain, into: "\(target).weight"),
      bias: try take(bias, as: [shape[0]], gain: gain, into: "\(target).bias"))
  }

  /// Constants of more than one element, with what became of them.
  var report: [ConversionReport.Tensor] {
    graph.layers.compactMap { layer in
      guard let tensor = layer.constant, tensor.type.isFloat else { return nil }
      guard tensor.count > 1 || targets[layer.id] != nil else { return nil }
      let fate: ConversionReport.Fate =
        if let targets = targets[layer.id] {
          .mapped(targets)
        } else {
          checked.contains(layer.id) ? .checked : .unused
        }
      return ConversionReport.Tensor(
        name: "\(name).\(layer.name)", shape: tensor.shape, type: tensor.type, fate: fate)
    }
  }
}
