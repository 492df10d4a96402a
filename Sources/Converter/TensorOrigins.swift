import Checkpoint
import Core

/// A tensor of a generator: where the file has it, and what makes it the one of the vocabulary.
struct TensorOrigin {
  /// Index into the file's tensors.
  let place: Int
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
    var places: [String: Int] = [:]
    for (index, entry) in file.tensors.enumerated() where entry.name.hasPrefix(prefix) {
      places[Self.unwrapped(entry.name.dropFirst(prefix.count))] = index
    }
    var made: [(name: String, origin: TensorOrigin)] = []
    for (name, place) in places {
      let stored = file.tensors[place].tensor
      var target = name
      var mask: Int?
      if let form = Self.reparametrised(name, places) {
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
      let origin = TensorOrigin(place: place, tensor: tensor, plus: spelled.plus, mask: mask)
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
    _ name: String, _ places: [String: Int]
  ) -> (name: String, way: Way)? {
    if let base = name.without("_orig") {
      if let mask = places["\(base)_mask"] { return (base, .masked(mask)) }
      if places["\(base)_u"] != nil { return (base, .refused("spectral_norm")) }
      return nil
    }
    if let base = name.without("_mask"), places["\(base)_orig"] != nil { return (base, .part) }
    if let base = name.without("_v"), places["\(base)_g"] != nil {
      return (base, .refused("weight_norm"))
    }
    guard name.hasWords("parametrizations.") else { return nil }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard let at = parts.firstIndex(of: "parametrizations"), at + 2 < parts.count else {
      return nil
    }
    let base = (parts[..<at] + [parts[at + 1]]).joined(separator: ".")
    let inner = parts[...(at + 1)].joined(separator: ".")
    switch parts[at + 2] {
    case "original":
      if let mask = places["\(inner).0.mask"], places["\(inner).1.mask"] == nil {
        return (base, .masked(mask))
      }
      let isSpectral = places["\(inner).0._u"] != nil
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
