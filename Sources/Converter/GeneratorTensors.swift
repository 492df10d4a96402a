import Checkpoint
import Core
import ModelFile

/// The tensors of one generator of a checkpoint, by names without its prefix, and their fate.
///
/// Every tensor is taken through here, so that none is dropped in silence and none is read whose
/// place code would have filled that was not run.
final class GeneratorTensors {
  let file: CheckpointFile
  /// What stands in front of the generator's own names: `G_ema.`, `g_ema.module.`, or nothing.
  let prefix: String
  /// Indices into `file.tensors`, by name without the prefix.
  private let places: [String: Int]
  private var targets: [Int: [String]] = [:]
  private var checked: Set<Int> = []
  /// Bytes of float32 made so far, and the most; shared storages could stand for any amount.
  private var bytesMade = 0
  private let memoryLimit: Int
  private(set) var warnings: [String] = []

  /// Looks at the tensors under `prefix`, which may take `memoryLimit` bytes as float32.
  init(_ file: CheckpointFile, prefix: String, memoryLimit: Int) {
    self.file = file
    self.prefix = prefix
    self.memoryLimit = memoryLimit
    var places: [String: Int] = [:]
    for (i, entry) in file.tensors.enumerated() where entry.name.hasPrefix(prefix) {
      places[String(entry.name.dropFirst(prefix.count))] = i
    }
    self.places = places
  }

  /// Names without the prefix, in no order.
  var names: Dictionary<String, Int>.Keys { places.keys }

  func warn(_ text: String) { warnings.append(text) }

  /// The tensor, or nil where the file has none of this name.
  ///
  /// - Throws: `refused` where code that was not run would have made it or what holds it.
  func find(_ name: String) throws(ObverseError) -> StoredTensor? {
    if let place = places[name] { return file.tensors[place].tensor }
    guard !file.placeholders.isEmpty else { return nil }
    var path = prefix + name
    while true {
      if let maker = file.placeholders[path] { throw .refused(what: path, name: maker) }
      guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
      path = String(path[..<dot])
    }
  }

  /// The tensor.
  ///
  /// - Throws: `missingTensor`, `refused`.
  func need(_ name: String) throws(ObverseError) -> StoredTensor {
    guard let tensor = try find(name) else { throw .missingTensor(prefix + name) }
    return tensor
  }

  /// The tensor's shape, which must have `axes` axes of at least one element.
  func shape(of name: String, axes: Int, like expected: [Int]) throws(ObverseError) -> [Int] {
    let shape = try need(name).shape
    guard shape.count == axes, shape.allSatisfy({ $0 > 0 }) else {
      throw .shape(
        tensor: prefix + name, expected: expected, found: shape, why: "wanted is a shape like")
    }
    return shape
  }

  /// Takes a tensor into the model: checks its shape and multiplies it with `gain` in Double.
  ///
  /// `expected` is its shape in the file, `canonical` that in the model, of as many elements; `why`
  /// says what asks for the shape, in words that go before the shape.
  func take(
    _ name: String, _ expected: [Int], as canonical: [Int]? = nil, gain: Double = 1,
    into target: String, why: String = "its layer needs"
  ) throws(ObverseError) -> Weights {
    let tensor = try need(name)
    guard tensor.shape == expected else {
      throw .shape(tensor: prefix + name, expected: expected, found: tensor.shape, why: why)
    }
    let values = try floats(tensor, name)
    use(name, target)
    return Weights(values, shape: canonical ?? expected, gain: gain)
  }

  /// A tensor of one element.
  func scalar(_ name: String, into target: String) throws(ObverseError) -> Float {
    let tensor = try need(name)
    guard tensor.count == 1 else {
      throw .shape(
        tensor: prefix + name, expected: [], found: tensor.shape, why: "wanted is one number:")
    }
    let value = try floats(tensor, name)[0]
    use(name, target)
    return value
  }

  /// Values of a tensor of floats, within the memory that is left.
  private func floats(_ tensor: StoredTensor, _ name: String) throws(ObverseError) -> [Float] {
    guard tensor.type.isFloat else {
      throw .unsupported(
        what: "tensor \(prefix)\(name)",
        why: "its elements are \(tensor.type.rawValue), weights are floating-point numbers",
        hint: nil)
    }
    let (bytes, overflow) = tensor.count.multipliedReportingOverflow(by: 4)
    guard !overflow, bytes <= memoryLimit - bytesMade else {
      throw .tooLarge(
        what: "the size of the generator's weights up to \(prefix)\(name)",
        found: UInt64(clamping: bytesMade) + UInt64(clamping: bytes),
        limit: UInt64(clamping: memoryLimit))
    }
    bytesMade += bytes
    let values = tensor.floats
    let broken = values.count { !$0.isFinite }
    if broken > 0 {
      warn("tensor \(prefix)\(name) has \(broken) of \(values.count) values that are not finite")
    }
    return values
  }

  private func use(_ name: String, _ target: String) {
    guard let place = places[name] else { return }
    targets[place, default: []].append(target)
  }

  /// Compares a resampling filter with the one that the runtime has, if the file holds it.
  ///
  /// Its `sum` is 1 in NVlabs' files, 4 in rosinality's, which keep the gain of upsampling in it.
  func check(filter name: String, sum: Float) throws(ObverseError) {
    guard let tensor = try find(name) else { return }
    let taps: [Float] = [1, 3, 3, 1]
    let expected = taps.flatMap { a in taps.map { b in a * b / 64 * sum } }
    let fits =
      tensor.shape == [4, 4]
      && zip(tensor.floats, expected).allSatisfy { abs($0 - $1) <= 1e-3 * sum }
    guard fits else {
      throw .unsupported(
        what: "tensor \(prefix)\(name)",
        why: "it is another filter than outer([1,3,3,1]), the only one that is supported", hint: nil
      )
    }
    if let place = places[name] { checked.insert(place) }
  }

  /// Counts a tensor outside of the prefix as taken, such as `latent_avg` beside the generator.
  ///
  /// The nearest is taken: of `model.g_ema.` it is `model.latent_avg` before `latent_avg`.
  func takeBeside(
    _ name: String, into target: String
  ) throws(ObverseError) -> (path: String, shape: [Int], values: [Float])? {
    var outer = prefix.split(separator: ".")
    // Names of hostile files may have any number of dots; each level costs a walk over all names.
    for _ in 0..<8 where !outer.isEmpty {
      outer.removeLast()
      let path = (outer + [name[...]]).joined(separator: ".")
      if let maker = file.placeholders[path] { throw .refused(what: path, name: maker) }
      guard let place = file.tensors.firstIndex(where: { $0.name == path }) else { continue }
      let tensor = file.tensors[place].tensor
      guard tensor.type.isFloat, tensor.count <= 1 << 20 else { return nil }
      targets[place, default: []].append(target)
      return (path, tensor.shape, tensor.floats)
    }
    return nil
  }

  /// Whether a tensor beside a bare generator belongs to something else by its name.
  private static func isOther(_ name: String) -> Bool {
    ["d.", "discriminator.", "g_optim.", "d_optim.", "augment_pipe."]
      .contains { name.lowercased().hasPrefix($0) }
  }

  /// Every tensor of the file with its fate.
  var report: [ConversionReport.Tensor] {
    file.tensors.enumerated().map { i, entry in
      let fate: ConversionReport.Fate =
        if let targets = targets[i] {
          .mapped(targets)
        } else if checked.contains(i) {
          .checked
        } else if entry.name.hasPrefix(prefix), !prefix.isEmpty || !Self.isOther(entry.name) {
          .unused
        } else {
          .skipped(group: String(entry.name.prefix { $0 != "." }))
        }
      return ConversionReport.Tensor(
        name: entry.name, shape: entry.tensor.shape, type: entry.tensor.type, fate: fate)
    }
  }
}

extension Weights {
  /// Float32 weights from values that are multiplied in Double.
  init(_ values: [Float], shape: [Int], gain: Double = 1) {
    let bytes = unsafe Bytes(count: values.count * 4) { target in
      for (i, value) in values.enumerated() {
        let scaled = gain == 1 ? value : Float(Double(value) * gain)
        unsafe target.storeBytes(of: scaled, toByteOffset: 4 * i, as: Float.self)
      }
    }
    self.init(type: .float32, shape: shape, bytes: bytes)
  }
}
