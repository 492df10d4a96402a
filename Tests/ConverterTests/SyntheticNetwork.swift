import Checkpoint
import Core

/// A small generator as a checkpoint holds it, of either vocabulary, with values that differ in
/// every element.
struct SyntheticNetwork {
  var tensors: [(name: String, shape: [Int], values: [Float])] = []
  var attributes: [String: Attribute] = [:]
  var modules: [String: String] = [:]
  var placeholders: [String: String] = [:]
  var container = CheckpointFile.Container.pickle

  mutating func add(_ name: String, _ shape: [Int]) {
    let salt = name.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xffff }
    tensors.append((name, shape, Synthetic.values(shape, salt: salt)))
  }

  mutating func remove(_ name: String) { tensors.removeAll { $0.name == name } }

  /// Gives a tensor another shape and fresh values.
  mutating func replace(_ name: String, _ shape: [Int]) {
    let place = tensors.firstIndex { $0.name == name } ?? 0
    add(name, shape)
    tensors.swapAt(place, tensors.count - 1)
    tensors.removeLast()
  }

  func values(_ name: String) -> [Float] { tensors.first { $0.name == name }?.values ?? [] }

  var file: CheckpointFile {
    CheckpointFile(
      path: "net", container: container, containerDetail: container.rawValue,
      tensors: tensors.compactMap { name, shape, values in
        Synthetic.tensor(shape, values).map { (name, $0) }
      }, attributes: attributes, modules: modules, placeholders: placeholders)
  }

  /// NVlabs' names; `widths` are those of the blocks, 4x4 first; `features` is the mapping network's
  /// `layer_features`, the width of its hidden layers.
  static func nvlabs(
    _ prefix: String = "G_ema.", widths: [Int] = [5, 4, 3], z: Int = 6, w: Int = 7,
    layers: Int = 2, classes: Int = 0, architecture: String = "skip", channels: Int = 3,
    filters: Bool = false, features: Int? = nil
  ) -> SyntheticNetwork {
    var net = SyntheticNetwork()
    func path(_ rest: String) -> String { prefix + rest }
    for i in 0..<layers {
      let out = i == layers - 1 ? w : features ?? w
      net.add(
        path("mapping.fc\(i).weight"), [out, i == 0 ? z + (classes > 0 ? w : 0) : features ?? w])
      net.add(path("mapping.fc\(i).bias"), [out])
    }
    if classes > 0 {
      net.add(path("mapping.embed.weight"), [w, classes])
      net.add(path("mapping.embed.bias"), [w])
    }
    net.add(path("mapping.w_avg"), [w])
    net.add(path("synthesis.b4.const"), [widths[0], 4, 4])
    func styled(_ layer: String, _ i: Int, _ o: Int, _ size: Int) {
      net.add(path("\(layer).weight"), [o, i, 3, 3])
      net.add(path("\(layer).affine.weight"), [i, w])
      net.add(path("\(layer).affine.bias"), [i])
      net.add(path("\(layer).noise_strength"), [])
      net.add(path("\(layer).noise_const"), [size, size])
      net.add(path("\(layer).bias"), [o])
    }
    for (block, width) in widths.enumerated() {
      let size = 4 << block
      let name = "synthesis.b\(size)"
      if block > 0 { styled("\(name).conv0", widths[block - 1], width, size) }
      styled("\(name).conv1", width, width, size)
      if architecture == "skip" || block == widths.count - 1 {
        net.add(path("\(name).torgb.weight"), [channels, width, 1, 1])
        net.add(path("\(name).torgb.affine.weight"), [width, w])
        net.add(path("\(name).torgb.affine.bias"), [width])
        net.add(path("\(name).torgb.bias"), [channels])
      }
      if architecture == "resnet", block > 0 {
        net.add(path("\(name).skip.weight"), [width, widths[block - 1], 1, 1])
      }
      if filters {
        net.add(path("\(name).resample_filter"), [4, 4])
        net.tensors[net.tensors.count - 1].values = filter(sum: 1)
      }
    }
    return net
  }

  /// Rosinality's names; `widths` are those of the constant and of every convolution.
  static func rosinality(
    _ prefix: String = "g_ema.", widths: [Int] = [5, 4, 3, 2], w: Int = 6, layers: Int = 2,
    noises: Bool = true
  ) -> SyntheticNetwork {
    var net = SyntheticNetwork()
    net.container = .torchZip
    func path(_ rest: String) -> String { prefix + rest }
    for i in 0..<layers {
      net.add(path("style.\(i + 1).weight"), [w, w])
      net.add(path("style.\(i + 1).bias"), [w])
    }
    net.add(path("input.input"), [1, widths[0], 4, 4])
    for n in 1..<widths.count {
      let layer = n == 1 ? "conv1" : "convs.\(n - 2)"
      let size = 1 << ((n + 4) / 2)
      net.add(path("\(layer).conv.weight"), [1, widths[n], widths[n - 1], 3, 3])
      net.add(path("\(layer).conv.modulation.weight"), [widths[n - 1], w])
      net.add(path("\(layer).conv.modulation.bias"), [widths[n - 1]])
      net.add(path("\(layer).noise.weight"), [1])
      net.add(path("\(layer).activate.bias"), [widths[n]])
      if noises { net.add(path("noises.noise_\(n - 1)"), [1, 1, size, size]) }
      guard n % 2 == 1 else { continue }
      let rgb = n == 1 ? "to_rgb1" : "to_rgbs.\(n / 2 - 1)"
      net.add(path("\(rgb).conv.weight"), [1, 3, widths[n], 1, 1])
      net.add(path("\(rgb).conv.modulation.weight"), [widths[n], w])
      net.add(path("\(rgb).conv.modulation.bias"), [widths[n]])
      net.add(path("\(rgb).bias"), [1, 3, 1, 1])
    }
    return net
  }

  /// The filter that all of StyleGAN2's networks resample with.
  static func filter(sum: Float) -> [Float] {
    let taps: [Float] = [1, 3, 3, 1]
    return taps.flatMap { a in taps.map { a * $0 * sum / 64 } }
  }
}

/// Tensors for tests.
enum Synthetic {
  /// Numbers from -1 to 1 that differ from element to element.
  static func values(_ shape: [Int], salt: Int) -> [Float] {
    let count = shape.reduce(1, *)
    return (0..<count).map { i in
      let step = (i * 7919 + salt) % 2003
      return Float(step) / 1000 - 1
    }
  }

  /// A contiguous tensor; nil where shape and values disagree.
  static func tensor(_ shape: [Int], _ values: [Float]) -> StoredTensor? {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let bytes = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    return try? StoredTensor(
      name: "synthetic", type: .float32, shape: shape, strides: strides, offset: 0,
      storage: Bytes(bytes))
  }
}
