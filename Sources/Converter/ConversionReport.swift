import Core
import ModelFile

/// What a conversion read, used, and left alone.
package struct ConversionReport: Sendable {
  /// What became of a tensor.
  package enum Fate: Sendable, Equatable {
    /// Went into these tensors of the model, such as `b8.conv0.weight`.
    case mapped([String])
    /// Says what the runtime does anyway (a filter); compared and not stored.
    case checked
    /// Belongs to the chosen generator and fits nowhere in it.
    case unused
    /// Belongs to something else in the file, such as `D`.
    case skipped(group: String)
  }

  /// One tensor of the source; `name`, `shape` and `type` as the file has them.
  package struct Tensor: Sendable, Equatable {
    package let name: String
    package let shape: [Int]
    package let type: ElementType
    package let fate: Fate

    /// Where it went, for a list: names in the model, or a word in brackets.
    package var target: String {
      switch fate {
      case .mapped(let targets): targets.joined(separator: ", ")
      case .checked: "(compared)"
      case .unused: "(unused)"
      case .skipped(let group): "(skipped with \(group))"
      }
    }
  }

  /// Such as `pickle protocol 4`.
  package var container = ""
  /// Names that a pickle asked for, and how many of them have no meaning here.
  package var pickleNames = 0
  package var unknownNames = 0
  /// The generator's name in the file, such as `G_ema`; empty for a bare one.
  package var key = ""
  /// Every generator in the file by its name, in file order, and why `key` was taken.
  package var generators: [String] = []
  package var reason = ""
  /// Whether `key` was taken for no reason but that it comes first.
  package var isGuess = false
  /// Whose tensor names they are: `rosinality`, `NVlabs`, `mmgeneration`, `PaddleGAN`, `TensorFlow`,
  /// `MobileStyleGAN`, `obv`.
  package var vocabulary = ""

  /// The families that are read, by what `vocabulary` calls them.
  package static var families: [String] {
    [NVlabs().title, Rosinality().title] + Spelling.allCases.compactMap(\.title)
      + ["MobileStyleGAN"]
  }

  /// Output channels of each block, 4x4 first.
  package var widths: [Int] = []
  /// Output channels of every 3x3 convolution, with those of the constant in front.
  package var layerWidths: [Int] = []
  /// Every tensor of the source in file order; an OpenVINO graph's small constants are left out.
  package var tensors: [Tensor] = []
  /// As in the provenance: `file`, `given`, `estimated from N seeds`, or `none`.
  package var wAverageSource = ""
  /// What the user should know and may ignore.
  package var notes: [String] = []
  /// What may make the faces wrong.
  package var warnings: [String] = []
  /// Facts about the network, for one line.
  package var resolution = 0
  package var imageChannels = 0
  package var zDim = 0
  package var wDim = 0
  package var cDim = 0
  package var wsCount = 0
  /// How the network passes the image on: `FamilyNetwork.form`.
  package var form = "skip"

  package init() {}

  package var mappedCount: Int {
    tensors.count { if case .mapped = $0.fate { true } else { false } }
  }

  package var checkedCount: Int { tensors.count { $0.fate == .checked } }

  /// Names of the generator's tensors that fit nowhere.
  package var unused: [String] { tensors.filter { $0.fate == .unused }.map(\.name) }

  /// What else the file holds, with its number of tensors, in file order.
  package var skipped: [(group: String, count: Int)] {
    var groups: [(group: String, count: Int)] = []
    var indices: [String: Int] = [:]
    for tensor in tensors {
      guard case .skipped(let group) = tensor.fate else { continue }
      if let index = indices[group] {
        groups[index].count += 1
      } else {
        indices[group] = groups.count
        groups.append((group, 1))
      }
    }
    return groups
  }

  /// Which generators there are, which was taken, and why; nil where there is no choice.
  package var choice: String? {
    guard generators.count > 1 else { return nil }
    let taken = key.isEmpty ? "the bare one" : key
    return "\(ObverseError.listed(generators, atMost: 12)); \(taken) is taken: \(reason)"
  }

  /// The report as labelled lines: `read`, `found` where there are several generators, `using`,
  /// `mapped`, `w_avg`.
  ///
  /// Warnings and notes are not among them; they have their own form on a terminal.
  package var lines: [(label: String, text: String)] {
    var read = container
    if pickleNames > 0 {
      let verdict = unknownNames == 0 ? "all known" : "\(unknownNames) unknown and not run"
      read += "; \(pickleNames) names, \(verdict); no code run"
    }
    var using = key.isEmpty ? "" : key + "  "
    using += "\(resolution)x\(resolution), z \(zDim), w \(wDim), \(wsCount) style layers"
    if imageChannels != 3 { using += ", \(imageChannels) channels" }
    if cDim > 0 { using += ", \(cDim) classes" }
    if form == "resnet" || form == "orig" { using += ", \(form)" }
    let shown = layersVaryInBlocks ? layerWidths : widths
    using += layersVaryInBlocks ? "; layer widths" : "; widths"
    for width in shown { using += " \(width)" }
    let left = unused
    var mapped = "\(mappedCount) tensors"
    if checkedCount > 0 { mapped += ", checked \(checkedCount)" }
    mapped += "; unused \(left.count)"
    if !left.isEmpty { mapped += " (\(ObverseError.listed(left)))" }
    let groups = skipped
    if !groups.isEmpty {
      mapped +=
        "; skipped "
        + ObverseError.listed(
          groups.map { "\($0.group) (\($0.count))" }, atMost: 12)
    }
    var lines = [("read", read)]
    if let choice { lines.append(("found", choice)) }
    return lines + [
      ("using", using), ("mapped", mapped),
      ("w_avg", wAverageSource == "file" ? "from the file" : wAverageSource),
    ]
  }

  /// Whether some block's two convolutions have different widths, as CAGC's pruning leaves them.
  private var layersVaryInBlocks: Bool {
    guard layerWidths.count == 2 * widths.count else { return false }
    return widths.indices.contains { layerWidths[2 * $0] != layerWidths[2 * $0 + 1] }
  }
}

extension ObverseError {
  /// The first few of many names, and how many more there are.
  package static func listed(_ names: [String], atMost limit: Int = 5) -> String {
    let shown = names.prefix(limit).map { $0.cut(to: 200) }.joined(separator: ", ")
    return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
  }
}
