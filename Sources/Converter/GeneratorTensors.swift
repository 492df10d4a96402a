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
  /// By name without the prefix, as the vocabulary has it.
  private let origins: TensorOrigins
  private let spelling: Spelling
  private var verified: Set<ObjectIdentifier> = []
  private var targets: [Int: [String]] = [:]
  private var checked: Set<Int> = []
  /// Bytes of float32 made so far, and the most; shared storages could stand for any amount.
  private var bytesMade = 0
  private let memoryLimit: Int
  private(set) var warnings: [String] = []

  /// Looks at the tensors under `prefix`, which may take `memoryLimit` bytes as float32.
  init(
    _ file: CheckpointFile, prefix: String, spelling: Spelling = .plain, memoryLimit: Int
  ) {
    self.file = file
    self.prefix = prefix
    self.spelling = spelling
    self.memoryLimit = memoryLimit
    origins = TensorOrigins(file, prefix: prefix, spelling: spelling)
  }

  /// Names without the prefix, in no order.
  var names: Dictionary<String, TensorOrigin>.Keys { origins.byName.keys }

  /// A tensor as the file calls it, for messages.
  func label(_ name: String) -> String {
    origins.byName[name].map { file.tensors[$0.index].name } ?? prefix + name
  }

  func warn(_ text: String) { warnings.append(text) }

  /// The tensor, or nil where the file has none of this name.
  ///
  /// - Throws: `refused` where code that was not run would have made it or what holds it.
  func find(_ name: String) throws(ObverseError) -> StoredTensor? {
    if let origin = origins.byName[name] { return origin.tensor }
    if let form = origins.refused[name] {
      throw .unsupported(
        what: "tensor \(prefix)\(name)",
        why: "it is made by \(form) from other tensors, which is not done here",
        hint: "remove it before you save: torch.nn.utils.parametrize.remove_parametrizations")
    }
    guard !file.placeholders.isEmpty else { return nil }
    var path = prefix + name
    while true {
      if let maker = file.placeholders[path] { throw .unmade(path, by: maker) }
      guard let dot = path.utf8.lastIndex(of: UInt8(ascii: ".")) else { return nil }
      path = String(path[..<dot])
    }
  }

  /// The tensor.
  ///
  /// - Throws: `missingTensor`, `refused`.
  func need(_ name: String) throws(ObverseError) -> StoredTensor {
    if let tensor = try find(name) { return tensor }
    guard let title = spelling.title else { throw .missingTensor(prefix + name) }
    throw .unsupported(
      what: "the generator \(prefix.isEmpty ? "" : prefix.dropLast() + " ")named as \(title) does",
      why: "the tensor that is \(name) in the usual names is not among its own", hint: nil)
  }

  /// The tensor's shape, which must have `axes` axes of at least one element.
  func shape(of name: String, axes: Int, like expected: [Int]) throws(ObverseError) -> [Int] {
    let shape = try need(name).shape
    guard shape.count == axes, shape.allSatisfy({ $0 > 0 }) else {
      throw .shape(
        tensor: label(name), expected: expected, found: shape, why: "wanted is a shape like")
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
      throw .shape(tensor: label(name), expected: expected, found: tensor.shape, why: why)
    }
    let values = try floats(tensor, name)
    use(name, target)
    return try Weights(values, shape: canonical ?? expected, gain: gain)
  }

  /// A tensor of one element.
  ///
  /// NumPy's arrays of one number become numbers easily, which are no tensors in the file.
  func scalar(_ name: String, into target: String) throws(ObverseError) -> Float {
    if origins.byName[name] == nil {
      switch file.attributes[prefix + name] {
      case .number(let value): return Float(value)
      case .integer(let value): return Float(value)
      default: break
      }
    }
    let tensor = try need(name)
    guard tensor.count == 1 else {
      throw .shape(
        tensor: label(name), expected: [], found: tensor.shape, why: "wanted is one number:")
    }
    let value = try floats(tensor, name)[0]
    use(name, target)
    return value
  }

  /// Values of a tensor of floats, within the memory that is left.
  private func floats(_ tensor: StoredTensor, _ name: String) throws(ObverseError) -> [Float] {
    guard tensor.type.isFloat else {
      throw .unsupported(
        what: "tensor \(label(name))",
        why: "its elements are \(tensor.type.rawValue), weights are floating-point numbers",
        hint: nil)
    }
    let (bytes, overflow) = tensor.count.multipliedReportingOverflow(by: 4)
    guard !overflow, bytes <= memoryLimit - bytesMade else {
      throw .tooLarge(
        what: "the size of the generator's weights up to \(label(name))",
        found: UInt64(clamping: bytesMade) + UInt64(clamping: bytes),
        limit: UInt64(clamping: memoryLimit))
    }
    bytesMade += bytes
    try verify(tensor)
    try tensor.expectRoomForFloats()
    var values = tensor.floats
    if let origin = origins.byName[name] { try change(&values, of: origin, name) }
    let broken = values.count { !$0.isFinite }
    if broken > 0 {
      warn("tensor \(label(name)) has \(broken) of \(values.count) values that are not finite")
    }
    return values
  }

  /// Compares the storage with its checksum, each one once.
  private func verify(_ tensor: StoredTensor) throws(ObverseError) {
    guard let id = tensor.checksumID, verified.insert(id).inserted else { return }
    try tensor.verify()
  }

  /// Adds what the vocabulary has in the values, and applies the mask of what was pruned.
  private func change(
    _ values: inout [Float], of origin: TensorOrigin, _ name: String
  ) throws(ObverseError) {
    if origin.plus != 0 { for i in values.indices { values[i] += origin.plus } }
    guard let index = origin.mask else { return }
    let (path, mask) = file.tensors[index]
    guard mask.shape == file.tensors[origin.index].tensor.shape, origin.tensor.shape == mask.shape
    else {
      throw .shape(
        tensor: path, expected: origin.tensor.shape, found: mask.shape,
        why: "the tensor that it masks is")
    }
    try verify(mask)
    try mask.expectRoomForFloats()
    for (i, factor) in mask.floats.enumerated() { values[i] *= factor }
  }

  private func use(_ name: String, _ target: String) {
    guard let origin = origins.byName[name] else { return }
    for index in [origin.index, origin.mask].compactMap({ $0 }) {
      targets[index, default: []].append(target)
    }
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
        what: "tensor \(label(name))",
        why: "it is another filter than outer([1,3,3,1]), the only one that is supported", hint: nil
      )
    }
    if let origin = origins.byName[name] { checked.insert(origin.index) }
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
      if let maker = file.placeholders[path] { throw .unmade(path, by: maker) }
      guard let index = file.tensors.firstIndex(where: { $0.name == path }) else { continue }
      let tensor = file.tensors[index].tensor
      guard tensor.type.isFloat, tensor.count <= 1 << 20 else { return nil }
      try verify(tensor)
      try tensor.expectRoomForFloats()
      targets[index, default: []].append(target)
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
  ///
  /// - Throws: `resources`.
  init(_ values: [Float], shape: [Int], gain: Double = 1) throws(ObverseError) {
    let bytes = try unsafe Bytes(count: values.count * 4) { target in
      for (i, value) in values.enumerated() {
        let scaled = gain == 1 ? value : Float(Double(value) * gain)
        unsafe target.storeBytes(of: scaled, toByteOffset: 4 * i, as: Float.self)
      }
    }
    self.init(type: .float32, shape: shape, bytes: bytes)
  }
}

/// A tensor of a generator: where the file has it, and what makes it the one of the vocabulary.
struct TensorOrigin {
  /// Index into the file's tensors.
  let index: Int
  /// With the vocabulary's axes.
  let tensor: StoredTensor
  /// What is added to each value.
  var plus: Float = 0
  /// Index of the mask that it is multiplied with, where it was pruned.
  var mask: Int?
}

/// The tensors of one generator by their vocabulary's names.
///
/// Wrappers that leave a word in names (`wrappers`) are
/// taken off, and so is what pruning leaves: `weight_orig` with `weight_mask`, as
/// `torch.nn.utils.prune` stores them until `prune.remove`, and `parametrizations.weight.original`
/// with a `mask`, as `torch.ao.pruning` does.
struct TensorOrigins {
  private(set) var byName: [String: TensorOrigin] = [:]
  /// Tensors that stand for another by a computation that is not done here, with its name.
  private(set) var refused: [String: String] = [:]

  init(_ file: CheckpointFile, prefix: String, spelling: Spelling) {
    var indices: [String: Int] = [:]
    for (index, entry) in file.tensors.enumerated() where entry.name.hasPrefix(prefix) {
      indices[Self.unwrapped(entry.name.dropFirst(prefix.count))] = index
    }
    var made: [(name: String, origin: TensorOrigin)] = []
    for (name, index) in indices {
      let stored = file.tensors[index].tensor
      var target = name
      var mask: Int?
      if let form = Self.reparametrised(name, indices) {
        target = form.name
        switch form.way {
        case .masked(let found): mask = found
        case .refused(let why):
          refused[spelling.read(target, shape: stored.shape).name] = why
          continue
        case .part: continue
        }
      }
      let spelled = spelling.read(target, shape: stored.shape)
      let tensor =
        spelled.axes.map { stored.rearranged(axes: $0, reversed: spelled.reversed) } ?? stored
      let origin = TensorOrigin(index: index, tensor: tensor, plus: spelled.plus, mask: mask)
      if mask == nil { byName[spelled.name] = origin } else { made.append((spelled.name, origin)) }
    }
    // A pickled module has its pruned weight beside the parts, as it was when it last ran: torch makes
    // it anew before it runs again, and so it is made here.
    for (name, origin) in made { byName[name] = origin }
    for name in refused.keys { byName[name] = nil }
  }

  /// Words that stand in names where a module was wrapped: by DataParallel and its distributed
  /// kin, `torch.compile`, FSDP, activation checkpointing, Lightning Fabric and Opacus.
  static let wrappers: Set<Substring> = [
    "module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module",
    "_forward_module", "_module",
  ]

  /// Whether a name may have a wrapper's word: all of them have these letters.
  private static func mayBeWrapped(_ name: Substring) -> Bool {
    name.utf8.count > 3 && (name.hasWords("module") || name.hasWords("_"))
  }

  /// A name without the words of wrappers.
  static func unwrapped(_ name: Substring) -> String {
    guard mayBeWrapped(name) else { return String(name) }
    return name.split(separator: ".", omittingEmptySubsequences: false)
      .filter { !wrappers.contains($0) }.joined(separator: ".")
  }

  /// What stands in front of `ending` in a name that has it, wrappers in between or not.
  static func prefix(of name: String, before ending: String) -> String? {
    if name.hasSuffix(ending) { return String(name.dropLast(ending.count)) }
    guard mayBeWrapped(name[...]) else { return nil }
    var words = name.split(separator: ".", omittingEmptySubsequences: false)
    for word in ending.split(separator: ".").reversed() {
      while let last = words.last, last != word, wrappers.contains(last) { words.removeLast() }
      guard words.last == word else { return nil }
      words.removeLast()
    }
    return words.isEmpty ? "" : words.joined(separator: ".") + "."
  }

  private enum Way {
    case masked(Int)
    case refused(String)
    /// Belongs to another tensor.
    case part
  }

  /// What a name stands for where something computes a tensor from others; nil for plain tensors.
  private static func reparametrised(
    _ name: String, _ indices: [String: Int]
  ) -> (name: String, way: Way)? {
    if let base = name.without("_orig") {
      if let mask = indices["\(base)_mask"] { return (base, .masked(mask)) }
      if indices["\(base)_u"] != nil { return (base, .refused("spectral_norm")) }
      return nil
    }
    if let base = name.without("_mask"), indices["\(base)_orig"] != nil { return (base, .part) }
    if let base = name.without("_v"), indices["\(base)_g"] != nil {
      return (base, .refused("weight_norm"))
    }
    guard name[...].hasWords("parametrizations.") else { return nil }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let at = parts.firstIndex(of: "parametrizations"), at + 2 < parts.count else {
      return nil
    }
    let base = (parts[..<at] + [parts[at + 1]]).joined(separator: ".")
    let inner = parts[...(at + 1)].joined(separator: ".")
    switch parts[at + 2] {
    case "original":
      if let mask = indices["\(inner).0.mask"], indices["\(inner).1.mask"] == nil {
        return (base, .masked(mask))
      }
      let isSpectral = indices["\(inner).0._u"] != nil
      return (base, .refused(isSpectral ? "spectral_norm" : "a parametrization"))
    case "original0": return (base, .refused("weight_norm"))
    default: return (base, .part)
    }
  }
}

extension String {
  /// The text before an ending that it has.
  fileprivate func without(_ ending: String) -> String? {
    hasSuffix(ending) ? String(dropLast(ending.count)) : nil
  }
}
