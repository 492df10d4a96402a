import Checkpoint
import Converter
import ModelFile
import Obverse
import Options
import Page

/// `obverse inspect`: what a model or checkpoint holds, without converting it.
struct Inspect: Command {
  static let name = "inspect"
  static let table = CommandTable(
    name: name, purpose: "Shows what a model or checkpoint holds; runs no code of it.",
    usage: "FILE [OPTIONS]",
    examples: [
      "obverse inspect faces --layers", "obverse inspect network.pkl --tensors --sha256",
    ],
    operands: 1...1,
    groups: [
      OptionGroup(
        "what to show",
        [
          Option(
            "layers", nil, "channels, sizes, work and parameters of each layer",
            detail: "algorithm is how a 3x3 convolution would be computed with the kernels of this"
              + " machine, or of OBVERSE_ISA."),
          Option("tensors", nil, "name, type and shape of each tensor"),
          Option("sha256", nil, "hashes of file and weights, computed anew"),
          Option(
            "pickle", nil, "opcodes and names of a pickle; nothing is run",
            detail: "Names without a meaning here are marked; they build nothing."),
          Option(
            "count", "RULE", "size at which up-convs count: in, out or fit", preset: "in",
            detail: "in is what a runtime must compute; fit adds one operation for each"
              + " activation, and counts up-convs at their raw output.",
            takes: .words(["in", "out", "fit"])),
          Option("json", nil, "one JSON object on standard output"),
        ])
    ],
    notes: [
      "FILE is what 'obverse convert' reads, or a bare model name. With --sha256, --tensors adds the"
        + " SHA-256 of each tensor's elements in row-major, little-endian order, as stored."
    ], takes: Convert.table.takes)

  let name: String
  let showsLayers: Bool
  let showsTensors: Bool
  let hashes: Bool
  let showsPickle: Bool
  let rule: CountRule
  let isJSON: Bool
  let environment: Environment

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    name = parsed.operands.first ?? ""
    showsLayers = parsed.has("layers")
    showsTensors = parsed.has("tensors")
    hashes = parsed.has("sha256")
    showsPickle = parsed.has("pickle")
    rule = try parsed.choice("count") ?? .input
    isJSON = parsed.has("json")
    self.environment = environment
  }

  func run(_ console: Console) throws(ObverseError) {
    let path = try environment.modelPath(name)
    if showsPickle, !isJSON {
      // Also for files that cannot be opened otherwise: that is when one wants to look.
      for line in try CheckpointFile.pickleListing(path, limit: Listing.opcodes) {
        try console.line(line)
      }
      guard let file = try? CheckpointFile.open(path) else { return }
      for line in Self.names(file.pickleNames) { try console.line(line) }
      return
    }
    let findings = try Findings(path, hashes: hashes, listsTensors: showsTensors)
    Listing.warn(findings.warnings, console)
    if isJSON { return try console.line(try json(findings).line) }
    for (label, text) in findings.lines(rule) {
      try console.line(Format.pad(label, 10) + text.printable)
    }
    if showsLayers, let description = findings.description {
      try console.line("")
      let layers = NetworkText(description, rule: rule).layers(
        try ConvAlgorithm.chosen(for: description))
      for line in layers.markdown { try console.line(line) }
    }
    if showsTensors {
      try console.line("")
      for line in findings.tensorTable.markdown { try console.line(line) }
      if let rest = findings.tensorsLeftOut { try console.line(rest) }
    }
  }

  /// The names that a pickle asked for, as lines.
  private static func names(_ names: [PickleName]) -> [String] {
    let lines = names.prefix(Listing.names).map { name in
      "name \(Listing.shown(name.name)), \(Format.count(name.count, "time"))"
        + (name.isKnown ? "" : ": unknown, builds nothing")
    }
    return lines + [Listing.rest(names.count, of: Listing.names, "name")].compactMap { $0 }
  }

  private func json(_ findings: Findings) throws(ObverseError) -> JSON {
    var members: [(String, JSON)] = [("schema", .text("obverse.inspect/1"))]
    members += findings.members(rule)
    if showsLayers, let description = findings.description {
      let network = NetworkText(description, rule: rule)
      members.append(("layers", network.layersJSON(try ConvAlgorithm.chosen(for: description))))
    }
    if showsTensors { members.append(("tensors", findings.tensorsJSON)) }
    if showsPickle {
      let lines = try CheckpointFile.pickleListing(findings.path, limit: Listing.opcodes)
      members.append(("pickle", .list(lines.map { .text($0) })))
    }
    return .object(members)
  }
}
