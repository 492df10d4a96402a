import Checkpoint
import Core

/// A generator in a checkpoint: where it is, and whose names its tensors have.
struct GeneratorPlace {
  enum Vocabulary { case rosinality, nvlabs }

  /// What stands in front of its tensors' names, with the dot at the end.
  let prefix: String
  let vocabulary: Vocabulary

  /// The place as people name it: `G_ema`, without DataParallel's `module`; empty for a bare one.
  var key: String {
    prefix.split(separator: ".").filter { $0 != "module" }.joined(separator: ".")
  }
}

/// Finds the generator that was asked for among all that a checkpoint holds.
struct GeneratorFinder {
  let file: CheckpointFile

  /// Tensors that no generator lacks, the surest first.
  ///
  /// The second row serves a file whose constant is missing, so that the error can name it.
  private static let anchors: [[(name: String, vocabulary: GeneratorPlace.Vocabulary)]] = [
    [("synthesis.b4.const", .nvlabs), ("input.input", .rosinality)],
    [
      ("synthesis.b4.conv1.weight", .nvlabs), ("conv1.conv.weight", .rosinality),
      ("mapping.fc0.weight", .nvlabs),
    ],
  ]

  /// The generator of this key, else the other one, else whatever generator the file holds.
  ///
  /// - Parameter key: `g_ema` or `g`, in any case.
  /// - Returns: The place, and a note where it is not the one that was asked for.
  /// - Throws: `noGenerator`; `refused` where code that was not run would have made it;
  ///   `unsupported` for families that are not read.
  func find(_ key: String) throws(ObverseError) -> (place: GeneratorPlace, note: String?) {
    try file.refuseForeignFamilies()
    let wanted = key.lowercased()
    let order = wanted == "g" ? ["g", "g_ema"] : ["g_ema", "g"]
    let places = places
    for (rank, word) in order.enumerated() {
      if let place = places.first(where: { $0.key.lowercased() == word }) {
        let note = rank == 0 ? nil : "the file has no \(order[0]); \(place.key) is taken"
        return (place, note)
      }
      for path in [word, word == "g" ? "G" : "G_ema"] {
        if let maker = file.placeholders[path] { throw .refused(what: path, name: maker) }
      }
    }
    // A bare state dict, then other wrappings such as `generator.` or `params_ema.`.
    if let place = places.first(where: { $0.key.isEmpty }) { return (place, nil) }
    for (rank, word) in order.enumerated() {
      if let place = places.first(where: { $0.key.lowercased().hasSuffix(".\(word)") }) {
        return (place, rank == 0 ? nil : "the file has no \(order[0]); \(place.key) is taken")
      }
    }
    let averaged = places.first { $0.key.lowercased().contains("ema") }
    if let place = averaged ?? places.first {
      return (place, "the file has no g_ema and no g; \(place.key) is taken")
    }
    for path in ["", "generator", "state_dict"] {
      if let maker = file.placeholders[path] {
        throw .refused(what: path.isEmpty ? "its content" : path, name: maker)
      }
    }
    throw .noGenerator(found: contents)
  }

  /// All generators, in file order.
  private var places: [GeneratorPlace] {
    for anchors in Self.anchors {
      var found: [GeneratorPlace] = []
      for entry in file.tensors {
        for anchor in anchors {
          guard entry.name.hasSuffix(anchor.name) else { continue }
          let prefix = String(entry.name.dropLast(anchor.name.count))
          if prefix.isEmpty || prefix.hasSuffix(".") {
            found.append(GeneratorPlace(prefix: prefix, vocabulary: anchor.vocabulary))
          }
        }
      }
      if !found.isEmpty { return found }
    }
    return []
  }

  /// What the file holds in place of a generator, by its outermost names.
  private var contents: [String] {
    var counts: [(name: String, count: Int)] = []
    var places: [String: Int] = [:]
    for entry in file.tensors {
      let name = String(entry.name.prefix { $0 != "." })
      if let place = places[name] {
        counts[place].count += 1
      } else {
        places[name] = counts.count
        counts.append((name, 1))
      }
    }
    var found = counts.prefix(8).map {
      $0.count == 1 ? $0.name : "\($0.name) (\($0.count) tensors)"
    }
    if counts.count > 8 { found.append("\(counts.count - 8) more") }
    return found
  }
}
