// From the tables of schema.fbs to a description. Each error names the layer.

import Core

extension ModelFile {
  /// Maps a model file and checks all of it but the weights' values.
  ///
  /// The weights stay in the file, which therefore stays mapped as long as the description lives.
  /// - Throws: What the other `read` throws, saying in which file; `missing`, `unreadable`, `empty`.
  package static func read(path: String) throws(ObverseError) -> ModelDescription {
    let bytes = try Bytes(mapping: path)
    do {
      return try read(bytes)
    } catch {
      throw error.inFile(path)
    }
  }

  /// Reads a model file in memory and checks all of it but the weights' values.
  ///
  /// Weights are slices of `bytes`. Those that are not 64-byte aligned in memory, as other
  /// FlatBuffers writers may leave them, are copied.
  /// - Throws: `notModel`, `newerFormat`, `truncated`, `malformed`, `tooLarge`, `unsupported`,
  ///   `shape`, `resources`.
  package static func read(_ bytes: Bytes) throws(ObverseError) -> ModelDescription {
    guard bytes.has(identifier, at: 4) else { throw .notModel(found: ForeignFile(bytes)) }
    guard bytes.count <= maximumBytes else {
      throw .tooLarge(
        what: "the model file's size", found: UInt64(bytes.count), limit: UInt64(maximumBytes))
    }
    let root = try FlatTableView.root(of: bytes, name: "the model")
    let format = try root.uint(ModelSlot.format)
    guard format >= 1 else { throw .malformed(what: "the model", why: "it has no format number") }
    guard format <= newestFormat else {
      throw .newerFormat(found: format, newest: newestFormat)
    }
    try Memory.expectRoom(for: Memory.small)
    var reader = ModelReader(fileBytes: bytes.count, format: format)
    let description = try reader.model(root)
    try reader.checkExtents()
    try description.validate()
    return description
  }
}

/// The most of each thing that a reader takes, so that a small file cannot ask for much work.
enum Limits {
  static let mappingLayers = 64
  static let blocks = 16
  /// The longest first axis, that of a mapping layer.
  static let scales = 65536
  static let axes = 4
  static let facts = 256
  /// Bytes of one text; a licence's whole text fits.
  static let text = 65536
}

struct ModelReader {
  let fileBytes: Int
  let format: Int
  /// Where tensors lie in memory, each with its name.
  var extents: [(start: UInt, count: Int, name: String)] = []
  /// Bytes of all scales and of all texts so far.
  var scaleBytes = 0
  var textBytes = 0

  init(fileBytes: Int, format: Int) {
    self.fileBytes = fileBytes
    self.format = format
  }

  mutating func model(_ root: FlatTableView) throws(ObverseError) -> ModelDescription {
    let wAverage = try root.table(ModelSlot.wAverage, "w_avg")
    let embed = try root.table(ModelSlot.embed, "mapping.embed")
    let layers = try root.tables(ModelSlot.mapping, limit: Limits.mappingLayers) {
      "mapping.fc\($0)"
    }
    let provenance = try root.table(ModelSlot.provenance, "provenance")
    return ModelDescription(
      resolution: try root.uint(ModelSlot.resolution),
      imageChannels: try root.uint(ModelSlot.imageChannels),
      zDim: try root.uint(ModelSlot.zDim),
      wDim: try root.uint(ModelSlot.wDim),
      cDim: try root.uint(ModelSlot.cDim),
      wsCount: try root.uint(ModelSlot.wsCount),
      wAverage: try optional(wAverage) { (me, t) throws(ObverseError) in try me.tensor(t) },
      embed: try optional(embed) { (me, t) throws(ObverseError) in try me.dense(t) },
      mapping: try each(layers) { (me, t) throws(ObverseError) in try me.dense(t) },
      const: try tensor(root.required(ModelSlot.constInput, "b4.const")),
      synthesis: try synthesis(root),
      slope: try root.float(ModelSlot.slope, preset: 0),
      provenance: try optional(provenance) { (me, t) throws(ObverseError) in try me.provenance(t) }
        ?? Provenance(),
      weightsSHA256: try root.string(ModelSlot.weightsSHA256, limit: 64))
  }

  private mutating func synthesis(_ root: FlatTableView) throws(ObverseError) -> Synthesis {
    let member = try root.byte(ModelSlot.synthesisType)
    let network = try root.required(ModelSlot.synthesis, "synthesis")
    guard let synthesis = try Synthesis(member: member, network, &self) else {
      throw .unsupported(what: "synthesis", why: "family \(member) is not known", hint: nil)
    }
    return synthesis
  }

  mutating func styledConv(_ table: FlatTableView) throws(ObverseError) -> StyledConv {
    StyledConv(
      weight: try tensor(table.required(StyledConvSlot.weight, "\(table.name).weight")),
      affine: try dense(table.required(StyledConvSlot.affine, "\(table.name).affine")),
      noise: try noise(table.table(StyledConvSlot.noise, table.name)),
      activation: try activation(table.required(StyledConvSlot.activation, table.name)))
  }

  mutating func toImage(_ table: FlatTableView) throws(ObverseError) -> ToImage {
    ToImage(
      weight: try tensor(table.required(ToImageSlot.weight, "\(table.name).weight")),
      affine: try dense(table.required(ToImageSlot.affine, "\(table.name).affine")),
      bias: try tensor(table.required(ToImageSlot.bias, "\(table.name).bias")),
      clamp: try clamp(table.float(ToImageSlot.clamp, preset: 0)))
  }

  mutating func noise(_ table: FlatTableView?) throws(ObverseError) -> Noise? {
    guard let table else { return nil }
    let plane = try table.table(NoiseSlot.plane, "\(table.name).noise_const")
    return Noise(
      plane: try optional(plane) { (me, t) throws(ObverseError) in try me.tensor(t) },
      strength: try table.float(NoiseSlot.strength, preset: 0))
  }

  mutating func activation(_ table: FlatTableView) throws(ObverseError) -> Activation {
    Activation(
      bias: try tensor(table.required(ActivationSlot.bias, "\(table.name).bias")),
      gain: try table.float(ActivationSlot.gain, preset: 1),
      clamp: try clamp(table.float(ActivationSlot.clamp, preset: 0)))
  }

  /// The file says 0 for no clamp; whatever else it says is for `validate` to judge.
  private func clamp(_ value: Float) -> Float? {
    value == 0 ? nil : value
  }

  mutating func dense(_ table: FlatTableView) throws(ObverseError) -> Dense {
    Dense(
      weight: try tensor(table.required(DenseSlot.weight, "\(table.name).weight")),
      bias: try tensor(table.required(DenseSlot.bias, "\(table.name).bias")))
  }

  mutating func tensor(_ table: FlatTableView) throws(ObverseError) -> Weights {
    let what = "tensor \(table.name)"
    let type = try table.byte(TensorSlot.type)
    let element: ElementType
    switch WireElementType(rawValue: type) {
    case .f32: element = .float32
    case .f16: element = .float16
    case .i8 where format >= ModelFile.formatWithBytes: element = .int8
    case .i8, nil:
      throw .unsupported(what: what, why: "element type \(type) is not read", hint: nil)
    }
    guard let shape = try table.uints(TensorSlot.shape, limit: Limits.axes) else {
      throw table.missing(TensorSlot.shape)
    }
    guard let data = try table.blob(TensorSlot.data) else { throw table.missing(TensorSlot.data) }
    guard Weights.byteCount(element, shape) == data.count else {
      throw .malformed(
        what: what,
        why: "\(data.count) bytes are not \(shape.brackets) of \(element.rawValue)")
    }
    let scales = try table.floats(TensorSlot.scales, limit: Limits.scales)
    extents.append((data.address, data.count, table.name))
    scaleBytes += scales?.count ?? 0
    // Copies of scales that many tensors share could ask for any amount of memory.
    guard scaleBytes <= fileBytes else {
      throw .malformed(
        what: what, why: "scales overlap: they need more than the file's \(fileBytes) bytes")
    }
    return Weights(
      type: element, shape: shape, bytes: try data.aligned(to: ModelFile.alignment),
      scaleBytes: try scales?.aligned(to: MemoryLayout<Float>.alignment))
  }

  /// Refuses tensors that share bytes: a small file could stand for any amount of weights.
  func checkExtents() throws(ObverseError) {
    let sorted = extents.filter { $0.count > 0 }.sorted { $0.start < $1.start }
    for (extent, next) in zip(sorted, sorted.dropFirst())
    where next.start - extent.start < UInt(extent.count) {
      throw .malformed(
        what: "tensor \(next.name)", why: "its bytes overlap those of \(extent.name)")
    }
  }

  private mutating func provenance(_ table: FlatTableView) throws(ObverseError) -> Provenance {
    var provenance = Provenance()
    provenance.sourceKind = try text(table, ProvenanceSlot.sourceKind)
    provenance.sourceSHA256 = try text(table, ProvenanceSlot.sourceSHA256)
    provenance.producer = try text(table, ProvenanceSlot.producer)
    provenance.license = try text(table, ProvenanceSlot.license)
    provenance.note = try text(table, ProvenanceSlot.note)
    provenance.wAverageSource = try text(table, ProvenanceSlot.wAverageSource)
    let facts = try table.tables(ProvenanceSlot.facts, limit: Limits.facts) { "fact \($0)" }
    for fact in facts {
      let name = try text(fact, FactSlot.name)
      provenance.facts.append((name, try text(fact, FactSlot.value)))
    }
    return provenance
  }

  private mutating func text<S: Slots>(
    _ table: FlatTableView, _ slot: S
  ) throws(ObverseError) -> String {
    let text = try table.string(slot, limit: Limits.text)
    textBytes += text.utf8.count
    guard textBytes <= fileBytes else {
      throw .malformed(
        what: table.name,
        why: "texts overlap: they need more than the file's \(fileBytes) bytes")
    }
    return text
  }

  mutating func optional<T>(
    _ table: FlatTableView?,
    _ read: (inout ModelReader, FlatTableView) throws(ObverseError) -> T
  ) throws(ObverseError) -> T? {
    guard let table else { return nil }
    return try read(&self, table)
  }

  mutating func each<T>(
    _ tables: [FlatTableView],
    _ read: (inout ModelReader, FlatTableView) throws(ObverseError) -> T
  ) throws(ObverseError) -> [T] {
    var result: [T] = []
    for table in tables { result.append(try read(&self, table)) }
    return result
  }
}

extension Bytes {
  /// Where they lie, to be compared and not followed.
  fileprivate var address: UInt {
    unsafe withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
  }

  /// These bytes where their memory is so aligned, or else a copy that is.
  ///
  /// - Throws: `resources`.
  fileprivate func aligned(to alignment: Int) throws(ObverseError) -> Bytes {
    guard address % UInt(alignment) != 0 else { return self }
    return try unsafe withUnsafeBytes { (source) throws(ObverseError) in
      try unsafe Bytes(copying: source)
    }
  }
}
