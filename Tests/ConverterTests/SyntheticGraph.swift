import Checkpoint
import Core

/// The two OpenVINO networks of a small MobileStyleGAN, laid out as random-face's exporter did.
struct SyntheticGraph {
  var layers: [IRGraph.Layer] = []

  mutating func add(
    _ type: String, _ inputs: [Int] = [], _ data: [String: String] = [:], name: String? = nil,
    constant: StoredTensor? = nil
  ) -> Int {
    let id = layers.count
    layers.append(
      IRGraph.Layer(
        id: id, name: name ?? "\(type)_\(id)", type: type, data: data, inputs: inputs,
        constant: constant))
    return id
  }

  mutating func constant(_ shape: [Int], _ values: [Float]? = nil) -> Int {
    let values = values ?? Synthetic.values(shape, salt: layers.count * 131)
    return add("Const", constant: Synthetic.tensor(shape, values))
  }

  /// z of 6 numbers, w of 3, two layers.
  static var mapping: SyntheticGraph {
    var graph = SyntheticGraph()
    let z = graph.add("Parameter", name: "var")
    let square = graph.add("Power", [z, graph.constant([1], [2])])
    let mean = graph.add("ReduceMean", [square])
    var x = graph.add("Multiply", [z, mean])
    for inputs in [6, 3] {
      let weight = graph.constant([3, inputs])
      let product = graph.add(
        "MatMul", [x, weight], ["transpose_a": "false", "transpose_b": "true"])
      let bias = graph.add("Reshape", [graph.constant([3])])
      let relu = graph.add(
        "PReLU", [graph.add("Add", [product, bias]), graph.constant([1], [0.2])])
      x = graph.add("Multiply", [relu, graph.constant([1, 1], [Float(2).squareRoot()])])
    }
    _ = graph.add("Result", [x])
    return graph
  }

  /// A style of `channels`; with a gain it is multiplied by 0.25.
  private mutating func style(_ w: Int, _ channels: Int, hasGain: Bool) -> Int {
    let product = add(
      "MatMul", [w, constant([channels, 3])], ["transpose_a": "false", "transpose_b": "true"])
    let sum = add("Add", [product, constant([1, channels])])
    let reshape = add("Reshape", [sum])
    return hasGain ? add("Multiply", [reshape, constant([1, 1, 1, 1], [0.25])]) : reshape
  }

  private func conv(_ pad: Int) -> [String: String] {
    [
      "strides": "1, 1", "dilations": "1, 1", "pads_begin": "\(pad), \(pad)",
      "pads_end": "\(pad), \(pad)",
    ]
  }

  private mutating func activated(_ conv: Int, _ channels: Int, _ size: Int) -> Int {
    let noisy = add("Add", [conv, constant([1, 1, size, size])])
    let sum = add("Add", [noisy, constant([1, channels, 1, 1])])
    return add("PReLU", [sum, constant([1], [0.1])])
  }

  private mutating func separable(_ x: Int, _ w: Int, _ i: Int, _ o: Int, _ size: Int) -> Int {
    let product = add("Multiply", [style(w, i, hasGain: true), x])
    let depthwise = add("GroupConvolution", [product, constant([i, 1, 1, 3, 3])], conv(1))
    let pointwise = add("Convolution", [depthwise, constant([o, i, 1, 1])], conv(0))
    return activated(pointwise, o, size)
  }

  private mutating func inverseHaar(_ x: Int) -> Int {
    let split = add("VariadicSplit", [x])
    let details = add("VariadicSplit", [add("Reshape", [split])])
    let leaves = [split] + (0..<3).map { _ in add("Squeeze", [details]) }
    let unit = Float(0.5).squareRoot()
    func up(_ x: Int, _ sign: Float, _ strides: String, _ graph: inout SyntheticGraph) -> Int {
      let filter = graph.constant([1, 1, 1, 2, 1], [unit, sign * unit])
      return graph.add("GroupConvolutionBackpropData", [x, filter], ["strides": strides])
    }
    var columns: [Int] = []
    for (k, sign) in [Float(1), -1].enumerated() {
      let a = up(leaves[2 * k], 1, "2, 1", &self)
      let b = up(leaves[2 * k + 1], -1, "2, 1", &self)
      columns.append(up(add("Add", [a, b]), sign, "1, 2", &self))
    }
    return add("Add", columns)
  }

  /// 4x4 of 8 channels, one block of 5 and 4 channels, an image of 16x16.
  static var synthesis: SyntheticGraph {
    var graph = SyntheticGraph()
    let w = graph.add("Parameter", name: "style")
    let const = graph.add("Tile", [graph.add("Broadcast", [graph.constant([1, 8, 4, 4])])])
    let first = graph.add("Multiply", [graph.style(w, 8, hasGain: true), const])
    let conv = graph.add("Convolution", [first, graph.constant([8, 8, 3, 3])], graph.conv(1))
    var x = graph.activated(conv, 8, 4)
    x = graph.inverseHaar(graph.add("Multiply", [graph.style(w, 8, hasGain: false), x]))
    x = graph.separable(x, w, 2, 5, 8)
    x = graph.separable(x, w, 5, 4, 8)
    let last = graph.add("Multiply", [graph.style(w, 4, hasGain: true), x])
    let rgb = graph.add("Convolution", [last, graph.constant([12, 4, 1, 1])], graph.conv(0))
    let sum = graph.add("Add", [rgb, graph.constant([1, 12, 1, 1])])
    _ = graph.add("Result", [graph.inverseHaar(sum)])
    return graph
  }

  static func file(
    _ mapping: SyntheticGraph = .mapping, _ synthesis: SyntheticGraph = .synthesis
  ) -> CheckpointFile {
    CheckpointFile(
      path: "wheel", container: .openVINO, containerDetail: "OpenVINO IR", tensors: [],
      graphs: [
        "MappingNetwork": IRGraph(layers: mapping.layers),
        "SynthesisNetwork": IRGraph(layers: synthesis.layers),
      ])
  }
}
