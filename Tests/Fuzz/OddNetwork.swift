import Checkpoint
import Core

/// Sound files of networks that are not: tensors of other shapes, missing, renamed, not finite.
///
/// Damaged bytes seldom get as far as the converter; these do.
enum OddNetwork {
  static let readers: [Reader] = [.torchZip, .torchLegacy, .pickle, .safetensors, .npz, .openVINO]

  static func bytes(_ reader: Reader, _ random: inout Random) -> [UInt8] {
    guard reader != .openVINO else { return mobile(&random) }
    var net = random.once(in: 2) ? nvlabs(&random) : rosinality(&random)
    for _ in 0..<random.below(3) { change(&net, &random) }
    let tensors = net.tensors
    switch reader {
    case .torchZip: return Container.torchZip(tensors).bytes
    case .torchLegacy: return Container.torchLegacy(tensors)
    case .pickle:
      let clamps: [PickleValue] = [
        .none, .integer(256), .integer(0), .number(-1), .number(.infinity), .number(1e300),
        .text("256"), .list([.integer(1)]), .number(.nan), .bool(true), .integer(.max),
      ]
      return Container.nvlabs(
        net, protocol: 2 + random.below(4), clamp: random.pick(clamps) ?? .none)
    case .npz:
      return Container.zip(
        tensors.map { ("\($0.name).npy", NumPy.npy(shape: $0.shape, floats: $0.values)) }
      ).bytes
    default: return Container.safetensors(tensors)
    }
  }

  private static func nvlabs(_ random: inout Random) -> SyntheticNetwork {
    let prefixes = ["G_ema.", "", "G.", "g_ema.", "module.", "a.b.c."]
    return .nvlabs(
      random.pick(prefixes) ?? "",
      widths: (0..<(random.once(in: 9) ? 1 : 2 + random.below(3))).map { _ in 1 + random.below(9) },
      z: 1 + random.below(9), w: 1 + random.below(9), layers: 1 + random.below(3),
      classes: random.below(3), architecture: random.pick(["skip", "resnet", "orig"]) ?? "skip",
      channels: 1 + random.below(random.once(in: 9) ? 5 : 4), filters: random.once(in: 3),
      features: random.once(in: 2) ? 1 + random.below(random.once(in: 3) ? 300 : 12) : nil)
  }

  private static func rosinality(_ random: inout Random) -> SyntheticNetwork {
    let prefixes = ["g_ema.", "", "g.", "module.", "generator."]
    return .rosinality(
      random.pick(prefixes) ?? "",
      widths: (0..<(random.once(in: 9) ? 3 : 4 + 2 * random.below(2))).map { _ in
        1 + random.below(9)
      },
      w: 1 + random.below(9), layers: random.once(in: 9) ? 0 : 1 + random.below(3),
      noises: !random.once(in: 4))
  }

  private static func shape(_ old: [Int], _ random: inout Random) -> [Int] {
    var shape = old
    switch random.below(6) {
    case 0: shape.append(1)
    case 1: shape.insert(1 + random.below(3), at: 0)
    case 2: if !shape.isEmpty { shape.removeLast() }
    case 3: shape.shuffle(&random)
    case 4: shape = (0..<random.below(6)).map { _ in random.below(4) }
    default: if !shape.isEmpty { shape[random.below(shape.count)] = random.below(12) }
    }
    return shape.reduce(1, *) < 50_000 ? shape : old
  }

  private static func change(_ net: inout SyntheticNetwork, _ random: inout Random) {
    guard let old = random.pick(net.tensors),
      let place = net.tensors.firstIndex(where: { $0.name == old.name })
    else { return }
    switch random.below(8) {
    case 0: net.tensors.remove(at: place)
    case 1: net.tensors[place].name = (random.pick(net.tensors)?.name ?? "x") + "x"
    case 2:
      // One number of the name: another block, layer or noise.
      let digit = String(random.below(10))
      net.tensors[place].name = String(
        old.name.map { ("0"..."9").contains($0) && random.once(in: 2) ? Character(digit) : $0 })
    case 3:
      let odd: [Float] = [
        .nan, .infinity, -.infinity, .greatestFiniteMagnitude, 0, -0.0, .leastNonzeroMagnitude,
      ]
      let value = random.pick(odd) ?? 0
      for index in old.values.indices where random.once(in: 4) {
        net.tensors[place].values[index] = value
      }
    default:
      let shape = shape(old.shape, &random)
      net.tensors[place].shape = shape
      net.tensors[place].values = Synthetic.values(shape, salt: place)
    }
  }

  private static func mobile(_ random: inout Random) -> [UInt8] {
    var graphs = [SyntheticGraph.mapping, SyntheticGraph.synthesis]
    for _ in 0...random.below(3) {
      let which = random.below(2)
      change(&graphs[which], &random)
    }
    let files = zip(["MappingNetwork", "SynthesisNetwork"], graphs).flatMap { name, graph in
      let file = Container.openVINO(graph)
      return [(name: "\(name).xml", bytes: file.xml), (name: "\(name).bin", bytes: file.bin)]
    }
    return Container.zip(files).bytes
  }

  private static func change(_ graph: inout SyntheticGraph, _ random: inout Random) {
    let at = random.below(graph.layers.count)
    let layer = graph.layers[at]
    var (type, data, inputs) = (layer.type, layer.data, layer.inputs)
    var constant = layer.constant
    switch random.below(5) {
    case 0: type = random.pick(graph.layers)?.type ?? type
    case 1: if !inputs.isEmpty { inputs[random.below(inputs.count)] = random.below(at) }
    case 2: if random.once(in: 2) { inputs.reverse() } else { inputs = Array(inputs.dropLast()) }
    case 3:
      let values = ["1, 1", "2, 1", "2, 2", "0, 0", "3", "", "true", "false", "-1, -1", "x"]
      for key in data.keys.sorted() where random.once(in: 2) { data[key] = random.pick(values) }
    default:
      // Constants are what widths come from.
      let places = graph.layers.indices.filter { graph.layers[$0].constant != nil }
      guard let place = random.pick(places), let old = graph.layers[place].constant else { return }
      let shape = shape(old.shape, &random)
      constant = Synthetic.tensor(shape, Synthetic.values(shape, salt: place))
      let target = graph.layers[place]
      graph.layers[place] = .init(
        id: target.id, name: target.name, type: target.type, data: target.data,
        inputs: target.inputs, constant: constant)
      return
    }
    graph.layers[at] = .init(
      id: layer.id, name: layer.name, type: type, data: data, inputs: inputs, constant: constant)
  }
}

extension [Int] {
  fileprivate mutating func shuffle(_ random: inout Random) {
    for index in indices.dropFirst() { swapAt(index, random.below(index + 1)) }
  }
}
