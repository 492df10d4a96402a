import Checkpoint
import Converter
import ModelFile
import Obverse
import Options
import Page

/// `obverse convert`: a checkpoint or a model in, a model file out.
struct Convert: Command {
  static let name = "convert"
  static let table = CommandTable(
    name: name, purpose: "Turns a checkpoint into a model file; runs no code of it.",
    usage: "FILE [-o FILE.obv] [OPTIONS]",
    examples: [
      "obverse convert network-snapshot-025000.pkl -o faces256.obv --type f16",
      "obverse convert 550000.pt --dry-run --list",
    ],
    operands: 1...1,
    groups: [
      OptionGroup(
        "what to take",
        [
          Option(
            "key", "NAME", "the generator to take, such as g", preset: "the average",
            detail: "Without it the one is taken that is the moving average by its name; the report"
              + " lists all and says why."),
          Option(
            "w-avg", "FILE", "the mean w, .npy of [w_dim]", takes: .files(["npy", "npz"])),
          Option(
            "w-avg-samples", "N", "seeds for a mean w that the file lacks", preset: "4096"),
          Option(
            "conv-clamp", "N", "for state dicts, which cannot say theirs", preset: "none",
            detail: "Generators that NVlabs' code trained with fp16 layers have 256."),
        ]),
      OptionGroup(
        "what to write",
        [
          Option(
            "output", "FILE", "the model file", preset: "the input's stem + .obv", short: "o",
            takes: .files(["obv"])),
          Option(
            "type", "TYPE", "type of the weights, f32, f16 or i8", preset: "f32",
            detail: "f16 halves the file, i8 is about a third of it; 'obverse compare' says what"
              + " either costs.", takes: .choices(StoredType.self)),
          Option("license", "TEXT", "licence to be stored", aliases: ["licence"]),
          Option("note", "TEXT", "a note to be stored"),
          Option("dry-run", nil, "report only, write nothing"),
          Option("list", nil, "every tensor: source, shape, type, target"),
          CommonOptions.json,
        ]),
    ],
    notes: [
      "FILE is a pickle of NVlabs' code in PyTorch or TensorFlow (.pkl), a PyTorch checkpoint in"
        + " rosinality's, CAGC's or mmgeneration's names (.pt, .pth, its unpacked folder, or behind"
        + " gzip), .safetensors, PaddleGAN's .pdparams, a random-face package (wheel, folder or one"
        + " of its .xml), or .obv."
        + " Pickles are read by an interpreter that gives a meaning to a short list of names and"
        + " makes nothing of all others."
    ], takes: .files(["pkl", "pt", "pth", "safetensors", "obv", "whl", "xml"]))

  private let input: String
  private let output: String
  private let type: ElementType
  private let key: String?
  private let wAverage: String?
  private let wAverageSamples: Int
  private let convClamp: Float?
  private let license: String?
  private let note: String?
  private let isDryRun: Bool
  private let lists: Bool
  private let isJSON: Bool

  private enum StoredType: String, CaseIterable {
    case f32, f16, i8

    var element: ElementType {
      switch self {
      case .f32: .float32
      case .f16: .float16
      case .i8: .int8
      }
    }
  }

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    input = parsed.operands.first ?? ""
    output = parsed.text("output") ?? Path.stem(input) + ".obv"
    guard !input.isEmpty, !output.isEmpty, !output.hasSuffix("/") else {
      throw .usage("a file name is empty or ends in '/'", hint: nil)
    }
    if parsed.text("output") == nil, output == input {
      throw .usage("'\(input)' would be replaced by its own conversion", hint: "add -o other.obv")
    }
    type = (try parsed.choice("type", StoredType.self) ?? .f32).element
    key = parsed.text("key")
    wAverage = parsed.text("w-avg")
    wAverageSamples =
      try parsed.integer("w-avg-samples", in: 1...1_000_000)
      ?? ConversionRequest.presetSamples
    convClamp = try parsed.number("conv-clamp")
    if let convClamp, convClamp <= 0 {
      throw .usage("option '--conv-clamp' needs a number above 0, not '\(convClamp)'", hint: nil)
    }
    license = parsed.text("license")
    note = parsed.text("note")
    isDryRun = parsed.has("dry-run")
    lists = parsed.has("list")
    isJSON = parsed.has("json")
  }

  func run(_ console: Console) throws(ObverseError) {
    Interrupt.listen()
    let file = try GeneratorFile.open(input)
    if Interrupt.isRequested { throw .cancelled }
    let conversion: Conversion
    do throws(ObverseError) {
      conversion = try file.convert(try request())
    } catch {
      throw error.inFile(input)
    }
    if Interrupt.isRequested { throw .cancelled }
    let report = conversion.report
    Listing.warn(report.warnings, console)
    // What a dry run finds is what was asked for.
    for (label, text) in report.lines where !isJSON {
      var line = Format.pad(label, 9) + (label == "read" ? "\(input)  " : "") + text
      if label == "found", report.isGuess { line += "; --key takes another" }
      if isDryRun { try console.line(line.printable) } else { console.note(line) }
    }
    for note in report.notes { console.note(Format.pad("note", 9) + note) }
    if lists, !isJSON {
      for line in Self.table(report).markdown { try console.line(line) }
      if let rest = Listing.rest(report.tensors.count, of: Listing.tensors, "tensor") {
        try console.line(rest)
      }
    }
    var written: (sha256: String, bytes: Int)?
    if !isDryRun {
      try Path.makeFolder(Path.folder(output))
      let sha256 = try write(conversion.description)
      written = (sha256, Path.size(output))
      console.note(
        Format.pad("wrote", 9) + "\(output)  \(type.rawValue)  \(Format.bytes(Path.size(output)))"
          + "  sha256 of weights \(sha256)")
      console.note(
        Format.pad("next", 9) + "obverse generate -m \(output) --seeds 0-7 --trunc 0.7 --grid 4x2")
    }
    if isJSON {
      try console.line(json(conversion, written).line)
    } else if !isDryRun {
      try console.path(output)
    }
  }

  private func request() throws(ObverseError) -> ConversionRequest {
    var request = ConversionRequest(
      key: key, wAverageSamples: wAverageSamples, convClamp: convClamp, type: type,
      license: license, note: note)
    if let wAverage {
      let tensor = try NumPyInput.tensor(wAverage, name: "w_avg")
      guard tensor.type.isFloat, tensor.count <= 1 << 20 else {
        throw ObverseError.malformed(
          what: "array",
          why: "it is \(tensor.type.rawValue) \(tensor.shape.brackets), a mean w is"
            + " one vector of floats"
        ).inFile(wAverage)
      }
      try tensor.expectRoomForFloats()
      request.wAverage = tensor.floats
    }
    return request
  }

  /// Writes the model and gives the SHA-256 of its weights.
  private func write(_ description: ModelDescription) throws(ObverseError) -> String {
    guard OutputFile.isSpecial(output) else {
      return try ModelFile.write(description, to: output)
    }
    try OutputFile.write(try ModelFile.encode(description), to: output)
    return description.hashedWeights
  }

  private static func table(_ report: ConversionReport) -> TextTable {
    var table = TextTable([.init("source"), .init("shape"), .init("type"), .init("target")])
    for tensor in report.tensors.prefix(Listing.tensors) {
      table.add([
        Listing.shown(tensor.name), tensor.shape.brackets, tensor.type.rawValue,
        target(tensor).printable,
      ])
    }
    return table
  }

  private static func target(_ tensor: ConversionReport.Tensor) -> String {
    switch tensor.fate {
    case .mapped(let names): names.joined(separator: ", ").cut(to: Listing.fact)
    case .checked: "(checked)"
    case .unused: "(unused)"
    case .skipped(let group): "(skipped: \(group.cut(to: Listing.name)))"
    }
  }

  private func json(_ conversion: Conversion, _ written: (sha256: String, bytes: Int)?) -> JSON {
    let report = conversion.report
    var members: [(String, JSON)] = [
      ("schema", .text("obverse.convert/1")),
      (
        "source",
        .object([
          ("path", .text(input)), ("container", .text(report.container)),
          ("sha256", .text(conversion.description.provenance.sourceSHA256)),
          ("key", .text(report.key)), ("vocabulary", .text(report.vocabulary)),
          ("generators", .list(report.generators.prefix(256).map { .text($0) })),
          ("pickle_names", .integer(report.pickleNames)),
          ("unknown_names", .integer(report.unknownNames)),
        ])
      ),
      ("network", NetworkText(conversion.description).json),
      ("mapped", .integer(report.mappedCount)),
      ("checked", .integer(report.checkedCount)),
      (
        "unused",
        .list(report.unused.prefix(Listing.tensors).map { .text($0.cut(to: Listing.name)) })
      ),
      (
        "skipped",
        .list(
          report.skipped.prefix(Listing.tensors).map {
            .object([("group", .text($0.cut(to: Listing.name))), ("tensors", .integer($1))])
          })
      ),
      ("w_avg", .text(report.wAverageSource)),
      ("warnings", .list(report.warnings.prefix(Listing.names).map { .text($0) })),
      ("notes", .list(report.notes.map { .text($0) })),
    ]
    if let written {
      members.append(
        (
          "output",
          .object([
            ("path", .text(output)), ("type", .text(type.rawValue)),
            ("bytes", .integer(written.bytes)), ("weights_sha256", .text(written.sha256)),
          ])
        ))
    }
    if lists {
      members.append(
        (
          "tensors",
          .list(
            report.tensors.prefix(Listing.tensors).map { tensor in
              .object([
                ("name", .text(tensor.name.cut(to: Listing.name))),
                ("shape", .list(tensor.shape.map { .integer($0) })),
                ("type", .text(tensor.type.rawValue)), ("target", .text(Self.target(tensor))),
              ])
            })
        ))
    }
    return .object(members)
  }
}
