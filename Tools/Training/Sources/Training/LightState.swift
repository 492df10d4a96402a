import Checkpoint
import Core
import FoundationEssentials
import Networks
import Torch

/// A state that travels: the networks alone, in 16 bits, in files small enough for any carrier.
///
/// Adam begins anew after it, which costs some hundred steps.
enum LightState {
  /// No file of a light state is larger, its header aside.
  static let mostBytes = 15 << 20

  /// Writes `light-IMAGES-PART-of-PARTS.safetensors`, then removes older ones.
  ///
  /// - Parameters:
  ///   - entries: All tensors under their names.
  ///   - metadata: Goes into every part.
  ///   - images: Real images seen, which tells one state from another.
  ///   - folder: The run's.
  ///   - mostBytes: Of one part.
  /// - Throws: `cannotCreate`, `inputOutput`.
  static func save(
    _ entries: [Registry.Entry], metadata: [String: String], images: Int, in folder: String,
    mostBytes: Int = mostBytes
  ) throws(ObverseError) {
    var parts: [[Registry.Entry]] = [[]]
    var bytes = 0
    for entry in entries {
      let size = 2 * entry.tensor.count
      if bytes + size > mostBytes, parts.last?.isEmpty == false {
        parts.append([])
        bytes = 0
      }
      parts[parts.count - 1].append(entry)
      bytes += size
    }
    let old = names(in: folder)
    var written: Set<String> = []
    do throws(ObverseError) {
      for (i, part) in parts.enumerated() {
        let name = "light-\(images)-\(i + 1)-of-\(parts.count).safetensors"
        try SafetensorsWriter.write(
          part, metadata: metadata, halves: true, to: "\(folder)/\(name)")
        written.insert(name)
      }
    } catch {
      // Parts of no state would take the room that a full disk lacks.
      for name in written.subtracting(old) {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      }
      throw error
    }
    for name in old where !written.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
  }

  /// Files of the newest complete state in `folder`, in order; nil for none.
  static func parts(in folder: String) -> [String]? {
    var states: [Int: (count: Int, parts: [Int: String])] = [:]
    for name in names(in: folder) {
      let words = name.dropFirst("light-".count).dropLast(".safetensors".count).split(
        separator: "-")
      guard words.count == 4, let images = Int(words[0]), let part = Int(words[1]),
        let count = Int(words[3]), count > 0
      else { continue }
      states[images, default: (count, [:])].parts[part] = "\(folder)/\(name)"
    }
    let whole = states.filter { state in
      (1...state.value.count).allSatisfy { state.value.parts[$0] != nil }
    }
    guard let newest = whole.max(by: { $0.key < $1.key })?.value else { return nil }
    return (1...newest.count).compactMap { newest.parts[$0] }
  }

  private static func names(in folder: String) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return all.filter { $0.hasPrefix("light-") && $0.hasSuffix(".safetensors") }
  }
}

extension Trainer {
  /// Writes the networks alone.
  func saveLightly(in folder: String) throws(ObverseError) {
    var entries: [Registry.Entry] = []
    for (prefix, network) in networks {
      let own = network.registry.parameters + network.registry.buffers
      entries += own.map { (prefix + $0.name, $0.tensor) }
    }
    entries += scalars
    try LightState.save(entries, metadata: position, images: images, in: folder)
  }

  /// Takes the networks of a run with the same settings; Adam begins anew.
  /// - Throws: `missingTensor`, `shape`, `malformed`.
  func loadLightly(_ paths: [String]) throws(ObverseError) {
    var stored: [String: StoredTensor] = [:]
    var last: CheckpointFile?
    for path in paths {
      let file = try CheckpointFile.open(path)
      for (name, tensor) in file.tensors { stored[name] = tensor }
      last = file
    }
    guard let last else { return }
    do throws(ObverseError) {
      try takePosition(last)
      for (prefix, network) in networks {
        for entry in network.registry.parameters + network.registry.buffers {
          try Trainer.take(prefix + entry.name, into: entry.tensor, from: stored)
        }
      }
      for entry in scalars { try Trainer.take(entry.name, into: entry.tensor, from: stored) }
    } catch {
      throw error.inFile(last.path)
    }
  }

  static func take(
    _ name: String, into target: Tensor, from stored: [String: StoredTensor]
  ) throws(ObverseError) {
    guard let source = stored[name] else { throw .missingTensor(name) }
    guard source.shape == target.shape else {
      throw .shape(
        tensor: name, expected: target.shape, found: source.shape, why: "the settings say")
    }
    target.assign(.values(source.floats, source.shape))
  }
}
