import Checkpoint
import Converter
import ModelFile
import Obverse
import Page

/// What `inspect` finds in a file.
struct Findings {
  struct Tensor {
    let name: String
    let type: ElementType
    let shape: [Int]
    let sha256: String?
  }

  let path: String
  private let opened: GeneratorFile
  /// Bytes that a generator of one thread and of two allocates to draw a model file, besides the weights;
  /// nil for other files, and where there is no memory to see.
  private let drawing: (one: Int, two: Int)?
  /// The generator inside, if there is one that converts.
  let description: ModelDescription?
  private let report: ConversionReport?
  /// Why a checkpoint does not convert.
  private let failure: ObverseError?
  private let fileSHA256: String?
  private let weightsSHA256: String?
  private let tensors: [Tensor]
  /// Tensors that the file has.
  private let tensorCount: Int

  /// Reads a file.
  ///
  /// - Throws: What the file breaks; `malformed` where weights differ from the hash stored with them.
  init(_ path: String, hashes: Bool, listsTensors: Bool) throws(ObverseError) {
    self.path = path
    opened = try GeneratorFile.open(path)
    var tensors: [Tensor] = []
    switch opened {
    case .model(let description):
      self.description = description
      report = nil
      failure = nil
      weightsSHA256 = hashes ? description.hashedWeights : nil
      if let weightsSHA256, weightsSHA256 != description.weightsSHA256 {
        throw ObverseError.malformed(
          what: "weights",
          why: "their sha256 is \(weightsSHA256), the file says \(description.weightsSHA256)"
        ).inFile(path)
      }
      if listsTensors {
        description.forEachWeights { name, weights in
          let hash = hashes ? weights.bytes.withSpan { SHA256.hex($0) } : nil
          tensors.append(
            Tensor(name: name, type: weights.type, shape: weights.shape, sha256: hash))
        }
      }
    case .checkpoint(let file):
      // The mean w is estimated when a file is converted in earnest, not for a look at it.
      let quick = ConversionRequest(wAverageSamples: 1, hashesSource: false)
      var conversion: Conversion?
      var failure: ObverseError?
      do throws(ObverseError) {
        conversion = try Converter.convert(file, quick)
      } catch {
        failure = error
      }
      description = conversion?.description
      report = conversion?.report
      self.failure = failure
      weightsSHA256 = nil
      if listsTensors {
        if hashes { try Self.checkHashing(file) }
        for (name, tensor) in file.tensors.prefix(Listing.tensors) {
          tensors.append(
            Tensor(
              name: name, type: tensor.type, shape: tensor.shape,
              sha256: hashes ? tensor.sha256 : nil))
        }
      }
    }
    self.tensors = tensors
    var drawing: (one: Int, two: Int)?
    if case .model(let description) = opened, let model = try? Model(description) {
      drawing = (
        Generator.memory(of: model, threads: 1), Generator.memory(of: model, threads: 2)
      )
    }
    self.drawing = drawing
    if case .checkpoint(let file) = opened {
      tensorCount = file.tensors.count
    } else {
      tensorCount = tensors.count
    }
    fileSHA256 =
      hashes && Path.isFile(path) ? try Bytes(mapping: path).withSpan { SHA256.hex($0) } : nil
  }

  /// Refuses to hash tensors that repeat the bytes of small storages over and over.
  private static func checkHashing(_ file: CheckpointFile) throws(ObverseError) {
    let shown = file.tensors.prefix(Listing.tensors)
    let stored = shown.reduce(Path.size(file.path)) { max($0, $1.tensor.storage.count) }
    // Sizes of tensors are proved against their storages: the sum cannot overflow.
    let bytes = shown.reduce(0) { $0 + $1.tensor.count * $1.tensor.type.byteCount }
    let limit = 4 * stored + 64 << 20
    guard bytes <= limit else {
      throw ObverseError.tooLarge(
        what: "the size of all tensors, shared bytes counted each time,", found: UInt64(bytes),
        limit: UInt64(limit)
      ).inFile(file.path)
    }
  }

  /// Keys of the generators in a checkpoint, also where none of them converts.
  private var generators: [String] {
    if let report { return report.generators }
    guard case .checkpoint(let file) = opened else { return [] }
    return Converter.generators(in: file)
  }

  /// What may surprise.
  var warnings: [String] {
    guard case .model(let description) = opened else { return report?.warnings ?? [] }
    return Self.warnings(description)
  }

  /// Says which tensors of a model have values that are no numbers: pictures drawn with them are black.
  static func warnings(_ description: ModelDescription) -> [String] {
    description.nonFinite.map { name, count in
      "tensor \(name) has \(Format.count(count, "value")) that are not finite"
    }
  }

  /// Labelled lines.
  func lines(_ rule: CountRule) -> [(String, String)] {
    var lines: [(String, String)] = [("format", format)]
    if Path.isFile(path) {
      let hash = fileSHA256.map { "  sha256 \($0)" } ?? ""
      lines.append(("file", Format.bytes(Path.size(path)) + hash))
    }
    if let report {
      let key = report.key.isEmpty ? "bare" : report.key
      lines.append(("holds", "\(key), named as \(report.vocabulary) does; \(count) tensors"))
      if let choice = report.choice { lines.append(("found", choice)) }
    } else if case .checkpoint = opened {
      lines.append(("holds", "\(count) tensors"))
      let found = generators.map { $0.cut(to: Listing.name) }
      if !found.isEmpty {
        lines.append(("found", "the generators \(ObverseError.listed(found, atMost: 12))"))
      }
    }
    if let failure { lines.append(("network", "none that converts: \(failure)")) }
    guard let description else { return lines }
    let text = NetworkText(description, rule: rule)
    lines.append(("network", text.network))
    lines.append(("latents", text.latents))
    lines.append(("params", "\(text.parameters)   work \(text.work)"))
    lines.append(("weights", "\(text.type)" + weightsHash(description)))
    if let drawing {
      lines.append(
        (
          "drawing",
          "\(Format.bytes(drawing.one)) with one thread, \(Format.bytes(drawing.two)) with two,"
            + " besides the weights"
        ))
    }
    lines.append(("w_avg", wAverage))
    let provenance = description.provenance
    if !provenance.license.isEmpty {
      lines.append(
        ("licence", "\(provenance.license.cut(to: Listing.text)) (as given at conversion)"))
    }
    if !provenance.note.isEmpty { lines.append(("note", provenance.note.cut(to: Listing.text))) }
    for (name, value) in provenance.facts.prefix(Listing.facts) {
      lines.append(("fact", "\(name.cut(to: Listing.name)) \(value.cut(to: Listing.fact))"))
    }
    if let rest = Listing.rest(provenance.facts.count, of: Listing.facts, "fact") {
      lines.append(("", rest))
    }
    return lines
  }

  /// Members of the JSON object, without layers and tensors.
  func members(_ rule: CountRule) -> [(String, JSON)] {
    var members: [(String, JSON)] = [("path", .text(path)), ("format", .text(format))]
    if Path.isFile(path) { members.append(("bytes", .integer(Path.size(path)))) }
    if let fileSHA256 { members.append(("sha256", .text(fileSHA256))) }
    if case .checkpoint(let file) = opened {
      members.append(("container", .text(file.container.rawValue)))
      members.append(("tensor_count", .integer(file.tensors.count)))
      if !file.pickleNames.isEmpty {
        members.append(
          (
            "names",
            .list(
              file.pickleNames.prefix(Listing.names).map {
                .object([
                  ("name", .text($0.name)), ("known", .bool($0.isKnown)),
                  ("count", .integer($0.count)),
                ])
              })
          ))
      }
    }
    if let report {
      members.append(("key", .text(report.key)))
      members.append(("generators", .list(report.generators.prefix(256).map { .text($0) })))
      members.append(("vocabulary", .text(report.vocabulary)))
    } else if case .checkpoint = opened {
      members.append(("generators", .list(generators.map { .text($0.cut(to: Listing.name)) })))
    }
    members.append(("converts", .bool(failure == nil)))
    if let failure {
      members.append(("code", .text(failure.word)))
      members.append(("message", .text(failure.description)))
    }
    guard let description else { return members }
    members.append(("network", NetworkText(description, rule: rule).json))
    if case .model = opened {
      members.append(("weights_sha256", .text(description.weightsSHA256)))
      members.append(("weights_verified", .bool(weightsSHA256 != nil)))
    }
    if let drawing {
      members.append(
        ("drawing_bytes", .list([.integer(drawing.one), .integer(drawing.two)])))
    }
    members.append(("w_avg", .text(wAverage)))
    let provenance = description.provenance
    members.append(
      (
        "provenance",
        .object([
          ("source_kind", .text(provenance.sourceKind.cut(to: Listing.name))),
          ("source_sha256", .text(provenance.sourceSHA256.cut(to: Listing.name))),
          ("producer", .text(provenance.producer.cut(to: Listing.name))),
          ("license", .text(provenance.license.cut(to: Listing.text))),
          ("note", .text(provenance.note.cut(to: Listing.text))),
          ("facts", Listing.facts(provenance.facts)),
        ])
      ))
    return members
  }

  var tensorTable: TextTable {
    let hashes = tensors.contains { $0.sha256 != nil }
    var table = TextTable(
      [.init("tensor"), .init("type"), .init("shape")] + (hashes ? [.init("sha256")] : []))
    for tensor in tensors {
      table.add(
        [Listing.shown(tensor.name), tensor.type.rawValue, tensor.shape.brackets]
          + (hashes ? [tensor.sha256 ?? ""] : []))
    }
    return table
  }

  /// The line behind the table where it does not show all, nil where it does.
  var tensorsLeftOut: String? { Listing.rest(tensorCount, of: Listing.tensors, "tensor") }

  var tensorsJSON: JSON {
    .list(
      tensors.map { tensor in
        .object(
          [
            ("name", .text(tensor.name.cut(to: Listing.name))),
            ("type", .text(tensor.type.rawValue)),
            ("shape", .list(tensor.shape.map { .integer($0) })),
          ] + (tensor.sha256.map { [("sha256", .text($0))] } ?? []))
      })
  }

  private var count: Int {
    if case .checkpoint(let file) = opened { file.tensors.count } else { tensors.count }
  }

  private var format: String {
    switch opened {
    case .checkpoint(let file):
      let unknown = file.pickleNames.count { !$0.isKnown }
      guard !file.pickleNames.isEmpty else { return file.containerDetail }
      return "\(file.containerDetail); \(file.pickleNames.count) names,"
        + (unknown == 0 ? " all known" : " \(unknown) unknown and not run") + "; no code run"
    case .model(let description):
      let provenance = description.provenance
      var parts: [String] = []
      func shown(_ text: String) -> String { text.cut(to: Listing.name) }
      if !provenance.producer.isEmpty { parts.append("written by \(shown(provenance.producer))") }
      if !provenance.sourceKind.isEmpty { parts.append("from \(shown(provenance.sourceKind))") }
      var text = parts.joined(separator: " ")
      if !provenance.sourceSHA256.isEmpty { text += ", sha256 \(shown(provenance.sourceSHA256))" }
      return "obv \(ModelFile.format(of: description))" + (text.isEmpty ? "" : " (\(text))")
    }
  }

  private func weightsHash(_ description: ModelDescription) -> String {
    guard case .model = opened else { return "" }
    return "  sha256 \(description.weightsSHA256)"
      + (weightsSHA256 == nil ? " (as stored)" : " (computed anew, as stored)")
  }

  private var wAverage: String {
    if let report {
      return report.wAverageSource == "file" ? "in the file" : "none; convert estimates it"
    }
    guard description?.wAverage != nil else { return "none: --trunc is not possible" }
    return switch description?.provenance.wAverageSource {
    case "file": "from the source file"
    case .some(let source) where !source.isEmpty: source.cut(to: Listing.name)
    default: "stored"
    }
  }
}
