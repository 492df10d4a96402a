import Checkpoint
import Core
import ModelFile

/// Builds a MobileStyleGAN generator from the two OpenVINO networks of the package random-face.
///
/// The synthesis network is read from the image back to the constant: inverse Haar transform, 1x1
/// convolution to the wavelets of the image, then blocks of two separable convolutions and a
/// modulated inverse Haar transform, down to the dense convolution at 4x4.
struct MobileStyleGAN {
  let mapping: IRWalk
  let synthesis: IRWalk

  struct Network {
    var mapping: [Dense]
    var const: Weights
    var conv1: StyledConv
    var blocks: [MobileBlock]
    var toImage: ToImage
    var slope: Float
  }

  init(_ file: CheckpointFile) throws(ObverseError) {
    guard let mapping = file.graphs["MappingNetwork"],
      let synthesis = file.graphs["SynthesisNetwork"]
    else { throw .noGenerator(found: file.graphs.keys.sorted()) }
    self.mapping = IRWalk(mapping, name: "MappingNetwork")
    self.synthesis = IRWalk(synthesis, name: "SynthesisNetwork")
  }

  /// Any number of `√2 · leakyReLU(W x + b)`; another gain is folded, as the slope allows.
  func mappingLayers() throws(ObverseError) -> [Dense] {
    let walk = mapping
    var chain: [(product: IRGraph.Layer, bias: IRGraph.Layer, gain: Double)] = []
    var layer = try walk.result()
    while let (relu, constant) = try walk.constantLast(layer), relu.type == "PReLU" {
      guard chain.count < 64 else { throw walk.unfit(layer, "the normalization of z") }
      let slope = try walk.scalar(try walk.input(relu, 1, "Const"))
      guard abs(slope - 0.2) < 1e-6 else { throw walk.unfit(relu, "a leaky ReLU of slope 0.2") }
      let sum = try walk.input(relu, 0, "Add")
      let a = try walk.input(sum, 0)
      let b = try walk.input(sum, 1)
      let (product, bias) = a.type == "MatMul" ? (a, b) : (b, a)
      guard product.type == "MatMul" else { throw walk.unfit(product, "MatMul") }
      // The runtime multiplies by √2; the activation is linear in a positive factor.
      let gain = Double(try walk.scalar(constant))
      guard gain > 0, gain.isFinite else { throw walk.unfit(constant, "a positive gain") }
      let root = 2.0.squareRoot()
      chain.append(
        (
          product, bias.type == "Reshape" ? try walk.input(bias) : bias,
          abs(gain - root) < 1e-6 ? 1 : gain / root
        ))
      layer = try walk.input(product, 0)
    }
    guard !chain.isEmpty, layer.type == "Multiply" else { throw walk.unfit(layer, "a dense layer") }
    _ = try walk.input(layer, 0, "Parameter")
    guard walk.graph.layers.contains(where: { $0.type == "ReduceMean" }) else {
      throw walk.unfit(layer, "the normalization of z")
    }
    var layers: [Dense] = []
    for (i, link) in chain.reversed().enumerated() {
      layers.append(
        try walk.dense(link.product, link.bias, gain: link.gain, into: "mapping.fc\(i)"))
    }
    return layers
  }

  func network() throws(ObverseError) -> Network {
    let walk = synthesis
    let mapping = try mappingLayers()
    // The names of targets count blocks from the constant; the walk comes from the other end.
    let depth = walk.graph.layers.count { $0.type == "GroupConvolution" } / 2
    guard depth >= 1, depth <= 7 else {
      throw .unsupported(
        what: walk.name,
        why: "it has \(depth) blocks of separable convolutions, 1 to 7 are supported",
        hint: nil)
    }
    var slope: Float?
    let wavelets = try inverseHaar(try walk.result())
    guard let (conv, bias) = try walk.constantLast(wavelets), conv.type == "Convolution" else {
      throw walk.unfit(wavelets, "a bias behind a convolution")
    }
    let (toStyle, last) = try modulated(try walk.input(conv, 0, "Multiply"), "toimage")
    let (weight, shape) = try kernel(conv, side: 1)
    let toImage = ToImage(
      weight: try walk.take(weight, as: [shape[0], shape[1]], into: "toimage.weight"),
      affine: toStyle, bias: try walk.take(bias, as: [shape[0]], into: "toimage.bias"), clamp: nil)

    var blocks: [MobileBlock] = []
    var feature = last
    for index in (0..<depth).reversed() {
      let size = 8 << index
      let (conv2, between) = try separable(feature, "b\(size).conv2", size: size, &slope)
      let (conv1, haar) = try separable(between, "b\(size).conv1", size: size, &slope)
      let product = try inverseHaar(haar)
      guard product.type == "Multiply" else { throw walk.unfit(product, "Multiply") }
      let (up, before) = try modulated(product, "b\(size).up")
      blocks.insert(MobileBlock(up: up, conv1: conv1, conv2: conv2), at: 0)
      feature = before
    }
    let first = try activated(feature, "b4.conv1", size: 4, &slope)
    let (style, tiled) = try modulated(try walk.input(first.conv, 0, "Multiply"), "b4.conv1")
    let (dense, denseShape) = try kernel(first.conv, side: 3)
    let conv1 = StyledConv(
      weight: try walk.take(dense, as: denseShape, into: "b4.conv1.weight"), affine: style,
      noise: first.noise, activation: first.activation)

    var constant = tiled
    for _ in 0..<4 where constant.type != "Const" {
      guard ["Tile", "Broadcast"].contains(constant.type) else { break }
      constant = try walk.input(constant)
    }
    let constShape = try walk.tensor(constant).shape
    guard constShape.count == 4, constShape[0] == 1 else {
      throw walk.unfit(constant, "the constant input [1,512,4,4]")
    }
    let const = try walk.take(constant, as: Array(constShape.dropFirst()), into: "b4.const")
    return Network(
      mapping: mapping, const: const, conv1: conv1, blocks: blocks, toImage: toImage,
      slope: slope ?? 0.2)
  }

  /// The style and the feature map that a product multiplies.
  private func modulated(
    _ product: IRGraph.Layer, _ target: String
  ) throws(ObverseError) -> (style: Dense, feature: IRGraph.Layer) {
    let a = try synthesis.input(product, 0)
    let b = try synthesis.input(product, 1)
    if let style = try synthesis.style(a, into: target) { return (style, b) }
    if let style = try synthesis.style(b, into: target) { return (style, a) }
    throw synthesis.unfit(product, "a style times a feature map")
  }

  /// A convolution's weights and their shape `[out, in, side, side]`.
  private func kernel(
    _ conv: IRGraph.Layer, side: Int
  ) throws(ObverseError) -> (layer: IRGraph.Layer, shape: [Int]) {
    try demandPlain(conv, pad: side / 2)
    let layer = try synthesis.input(conv, 1, "Const")
    let shape = try synthesis.tensor(layer).shape
    guard shape.count == 4, shape[0] > 0, shape[1] > 0, shape[2] == side, shape[3] == side else {
      throw synthesis.unfit(layer, "a kernel of \(side)x\(side)")
    }
    return (layer, shape)
  }

  private func demandPlain(_ conv: IRGraph.Layer, pad: Int) throws(ObverseError) {
    try synthesis.demand(conv, "strides", "1,1")
    try synthesis.demand(conv, "dilations", "1,1")
    try synthesis.demand(conv, "pads_begin", "\(pad),\(pad)")
    try synthesis.demand(conv, "pads_end", "\(pad),\(pad)")
  }

  /// `leakyReLU(conv + noise + bias)`, the noise being a plane that has its strength in it.
  private func activated(
    _ relu: IRGraph.Layer, _ target: String, size: Int, _ slope: inout Float?
  ) throws(ObverseError) -> (conv: IRGraph.Layer, noise: Noise?, activation: Activation) {
    let walk = synthesis
    guard relu.type == "PReLU" else { throw walk.unfit(relu, "a leaky ReLU") }
    let found = try walk.scalar(try walk.input(relu, 1, "Const"))
    guard slope == nil || slope == found, found.isFinite else {
      throw walk.unfit(relu, "a leaky ReLU of slope \(slope ?? 0.2)")
    }
    slope = found
    var layer = try walk.input(relu, 0, "Add")
    var noise: Noise?
    var bias: Weights?
    while layer.type == "Add", let (other, constant) = try walk.constantLast(layer) {
      let shape = try walk.tensor(constant).shape
      if shape == [1, 1, size, size], noise == nil {
        let plane = try walk.take(constant, as: [size, size], into: "\(target).noise_const")
        noise = Noise(plane: plane, strength: 1)
      } else if shape.count == 4, shape[0] == 1, shape[2...] == [1, 1], bias == nil {
        bias = try walk.take(constant, as: [shape[1]], into: "\(target).bias")
      } else {
        throw walk.unfit(constant, "noise of \(size)x\(size) or a bias")
      }
      layer = other
    }
    guard layer.type == "Convolution" else { throw walk.unfit(layer, "Convolution") }
    guard let bias else { throw walk.unfit(relu, "a bias before the leaky ReLU") }
    return (layer, noise, Activation(bias: bias, gain: 1, clamp: nil))
  }

  /// A modulated separable convolution, and the layer that feeds it.
  private func separable(
    _ relu: IRGraph.Layer, _ target: String, size: Int, _ slope: inout Float?
  ) throws(ObverseError) -> (conv: SeparableConv, feature: IRGraph.Layer) {
    let walk = synthesis
    let (pointwise, noise, activation) = try activated(relu, target, size: size, &slope)
    let (weight, shape) = try kernel(pointwise, side: 1)
    let depthwise = try walk.input(pointwise, 0, "GroupConvolution")
    try demandPlain(depthwise, pad: 1)
    let (style, feature) = try modulated(try walk.input(depthwise, 0, "Multiply"), target)
    let conv = SeparableConv(
      affine: style,
      depthwise: try walk.take(
        try walk.input(depthwise, 1, "Const"), as: [shape[1], 3, 3], into: "\(target).depthwise"),
      pointwise: try walk.take(weight, as: [shape[0], shape[1]], into: "\(target).pointwise"),
      noise: noise, activation: activation)
    return (conv, feature)
  }

  /// What an inverse Haar transform reads: its low-pass channels and three details a channel.
  ///
  /// The exporter wrote it as six transposed convolutions with filters (±1, ±1)/√2, the rows' pair
  /// first; details follow each other in the file as they do in memory.
  private func inverseHaar(_ sum: IRGraph.Layer) throws(ObverseError) -> IRGraph.Layer {
    let walk = synthesis
    let unit = Float(0.5).squareRoot()
    guard sum.type == "Add" else { throw walk.unfit(sum, "an inverse Haar transform") }
    var leaves: [IRGraph.Layer] = []
    for (port, columnSign) in [(0, unit), (1, -unit)] {
      let column = try walk.input(sum, port, "GroupConvolutionBackpropData")
      try walk.demand(column, "strides", "1,2")
      try walk.check(try walk.input(column, 1, "Const"), pairs: unit, columnSign)
      let rows = try walk.input(column, 0, "Add")
      for (port, rowSign) in [(0, unit), (1, -unit)] {
        let row = try walk.input(rows, port, "GroupConvolutionBackpropData")
        try walk.demand(row, "strides", "2,1")
        try walk.check(try walk.input(row, 1, "Const"), pairs: unit, rowSign)
        leaves.append(try walk.input(row))
      }
    }
    let split = leaves[0]
    guard split.type == "VariadicSplit" else { throw walk.unfit(split, "VariadicSplit") }
    var before = -1
    for squeeze in leaves.dropFirst() {
      guard squeeze.type == "Squeeze" else { throw walk.unfit(squeeze, "Squeeze") }
      let details = try walk.input(squeeze, 0, "VariadicSplit")
      let reshape = try walk.input(details, 0, "Reshape")
      guard try walk.input(reshape).id == split.id, squeeze.id > before else {
        throw walk.unfit(squeeze, "the details of an inverse Haar transform in their order")
      }
      before = squeeze.id
    }
    return try walk.input(split)
  }
}
