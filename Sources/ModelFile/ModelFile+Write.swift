// From a description to the tables of schema.fbs.

import Core

extension ModelFile {
  /// Writes a model; the same description gives the same bytes.
  ///
  /// Weights are streamed from where they lie. The file appears under its name whole or not at all.
  /// - Returns: The SHA-256 of the weights as stored, which the file holds too.
  /// - Throws: What `validate` throws, `tooLarge`, `cannotCreate`, `inputOutput`.
  @discardableResult
  package static func write(
    _ description: ModelDescription, to path: String
  ) throws(ObverseError) -> String {
    let (layout, hash) = try layOut(description)
    var file = try AtomicFile(path)
    try layout.forEachPiece { (piece) throws(ObverseError) in try file.write(piece) }
    try file.commit()
    return hash
  }

  /// The bytes of a model file.
  /// - Throws: What `validate` throws, `tooLarge`, `resources`.
  package static func encode(_ description: ModelDescription) throws(ObverseError) -> [UInt8] {
    let (layout, _) = try layOut(description)
    try Memory.expectRoom(for: layout.count)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(layout.count)
    layout.forEachPiece { piece in
      unsafe piece.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
    return bytes
  }

  private static func layOut(
    _ description: ModelDescription
  ) throws(ObverseError) -> (layout: FlatFile, hash: String) {
    try description.validate()
    let hash = description.hashedWeights
    let layout = try FlatBufferWriter.file(
      root: description.table(hash: hash), identifier: identifier, alignment: alignment,
      maximumBytes: maximumBytes)
    return (layout, hash)
  }
}

extension ModelDescription {
  fileprivate func table(hash: String) -> FlatTable {
    var table = FlatTable()
    table.set(ModelSlot.format, .uint(UInt32(ModelFile.format(of: self))))
    table.set(ModelSlot.resolution, .uint(UInt32(resolution)))
    table.set(ModelSlot.imageChannels, .uint(UInt32(imageChannels)))
    table.set(ModelSlot.zDim, .uint(UInt32(zDim)))
    table.set(ModelSlot.wDim, .uint(UInt32(wDim)))
    table.set(ModelSlot.cDim, .uint(UInt32(cDim)))
    table.set(ModelSlot.wsCount, .uint(UInt32(wsCount)))
    table.set(ModelSlot.slope, .float(slope))
    table.set(ModelSlot.wAverage, wAverage.map { .table($0.table) })
    table.set(ModelSlot.embed, embed.map { .table($0.table) })
    table.set(ModelSlot.mapping, .tables(mapping.map { $0.table }))
    table.set(ModelSlot.constInput, .table(const.table))
    table.set(ModelSlot.synthesisType, .byte(synthesis.network.member))
    table.set(ModelSlot.synthesis, .table(synthesis.table))
    table.set(ModelSlot.provenance, .table(provenance.table))
    table.set(ModelSlot.weightsSHA256, .string(hash))
    return table
  }
}

extension Weights {
  var table: FlatTable {
    var table = FlatTable()
    let type: WireElementType =
      switch self.type {
      case .float16: .f16
      case .int8: .i8
      default: .f32
      }
    table.set(TensorSlot.type, .byte(type.rawValue))
    table.set(TensorSlot.shape, .uints(shape.map { UInt32($0) }))
    table.set(TensorSlot.data, .blob(bytes))
    table.set(TensorSlot.scales, scaleCount == 0 ? nil : .floats((0..<scaleCount).map(scale)))
    return table
  }
}

extension Dense {
  var table: FlatTable {
    var table = FlatTable()
    table.set(DenseSlot.weight, .table(weight.table))
    table.set(DenseSlot.bias, .table(bias.table))
    return table
  }
}

extension Noise {
  var table: FlatTable {
    var table = FlatTable()
    table.set(NoiseSlot.plane, plane.map { .table($0.table) })
    table.set(NoiseSlot.strength, .float(strength))
    return table
  }
}

extension Activation {
  var table: FlatTable {
    var table = FlatTable()
    table.set(ActivationSlot.bias, .table(bias.table))
    table.set(ActivationSlot.gain, .float(gain))
    table.set(ActivationSlot.clamp, clamp.map { .float($0) })
    return table
  }
}

extension StyledConv {
  var table: FlatTable {
    var table = FlatTable()
    table.set(StyledConvSlot.weight, .table(weight.table))
    table.set(StyledConvSlot.affine, .table(affine.table))
    table.set(StyledConvSlot.noise, noise.map { .table($0.table) })
    table.set(StyledConvSlot.activation, .table(activation.table))
    return table
  }
}

extension ToImage {
  var table: FlatTable {
    var table = FlatTable()
    table.set(ToImageSlot.weight, .table(weight.table))
    table.set(ToImageSlot.affine, .table(affine.table))
    table.set(ToImageSlot.bias, .table(bias.table))
    table.set(ToImageSlot.clamp, clamp.map { .float($0) })
    return table
  }
}

extension Provenance {
  fileprivate var table: FlatTable {
    func text(_ text: String) -> FlatTable.Value? { text.isEmpty ? nil : .string(text) }
    var table = FlatTable()
    table.set(ProvenanceSlot.sourceKind, text(sourceKind))
    table.set(ProvenanceSlot.sourceSHA256, text(sourceSHA256))
    table.set(ProvenanceSlot.producer, text(producer))
    table.set(ProvenanceSlot.license, text(license))
    table.set(ProvenanceSlot.note, text(note))
    table.set(ProvenanceSlot.wAverageSource, text(wAverageSource))
    let facts = facts.map { fact in
      var table = FlatTable()
      table.set(FactSlot.name, .string(fact.name))
      table.set(FactSlot.value, .string(fact.value))
      return table
    }
    table.set(ProvenanceSlot.facts, facts.isEmpty ? nil : .tables(facts))
    return table
  }
}
