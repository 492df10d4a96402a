import Checkpoint
import Core
import Networks
import Torch

// What a run keeps of its networks, to go on from and to hand out.
extension Trainer {
  /// Networks by the prefix of their names in states.
  var networks: [(prefix: String, network: any Network)] {
    var networks: [(prefix: String, network: any Network)] = [("G.", generator)]
    for opponent in opponents {
      networks.append(("\(opponent.name).", opponent.network))
      if let gates = opponent.network.gates { networks.append(("\(opponent.name)_gates.", gates)) }
    }
    networks.append(("G_ema.", average))
    return networks + learners.map { ("\($0.name).", $0.network) }
  }

  /// What methods train beside the student.
  private var learners: [Learner] { methods.flatMap(\.learners) }

  /// Every tensor that a resumed run needs.
  var state: [Registry.Entry] {
    var state: [Registry.Entry] = []
    for (prefix, network) in networks {
      let entries = network.registry.parameters + network.registry.buffers
      state += entries.map { (prefix + $0.name, $0.tensor) }
    }
    var adams = [("adam.G.", trained, generatorAdam)]
    for opponent in opponents {
      guard let adam = opponent.adam else { continue }
      adams.append(("adam.\(opponent.name).", opponent.network.registry.parameters, adam))
      if let gates = opponent.network.gates, let adam = opponent.gateAdam {
        adams.append(("adam.\(opponent.name)_gates.", gates.registry.parameters, adam))
      }
    }
    for learner in learners {
      guard let adam = learner.adam else { continue }
      adams.append(("adam.\(learner.name).", learner.network.registry.parameters, adam))
    }
    for (prefix, entries, adam) in adams {
      for (i, entry) in entries.enumerated() {
        state.append((prefix + "mean." + entry.name, adam.means[i]))
        state.append((prefix + "square." + entry.name, adam.squares[i]))
      }
    }
    return state + scalars
  }

  /// What belongs to no network.
  var scalars: [Registry.Entry] {
    [("path.mean", pathMean)] + (augmentation.map { [("augment", $0.state)] } ?? [])
      + (rateScales.map { [("rates", $0)] } ?? []) + methods.flatMap(\.state)
  }

  /// Writes all that `load` needs to go on to the bit; of several processes the first one does.
  /// - Throws: `cannotCreate`, `inputOutput`; `request` where processes no longer agree.
  public func save(_ path: String) throws(ObverseError) {
    var state = state
    if let processes {
      try checkAgreement(processes)
      // As in NVlabs' code each process has a mean of its own.
      state.append(("path.means", processes.gathered(pathMean)))
      guard processes.rank == 0 else { return }
    }
    var metadata = position
    metadata["steps_g"] = "\(generatorAdam.step)"
    metadata["steps_d"] = "\(opponents.map { $0.adam?.step ?? 0 }.max() ?? 0)"
    for learner in learners {
      if let adam = learner.adam { metadata["steps_\(learner.name)"] = "\(adam.step)" }
    }
    try SafetensorsWriter.write(state, metadata: metadata, to: path)
  }

  /// Where the run is, for states.
  var position: [String: String] {
    var metadata = metadata
    metadata["step"] = "\(step)"
    metadata["images"] = "\(images)"
    return metadata
  }

  /// Takes the state of a run with the same settings.
  /// - Throws: `missingTensor`, `shape`, `malformed`, each in the file.
  public func load(_ path: String) throws(ObverseError) {
    let file = try CheckpointFile.open(path)
    do throws(ObverseError) {
      var stored: [String: StoredTensor] = [:]
      for (name, tensor) in file.tensors { stored[name] = tensor }
      for (name, target) in state { try Self.take(name, into: target, from: stored) }
      if let processes, let means = stored["path.means"], means.shape == [processes.count] {
        pathMean.assign(.values([means.floats[processes.rank]], []))
      }
      try takePosition(file)
      generatorAdam.step = try Self.number("steps_g", in: file)
      let steps = try Self.number("steps_d", in: file)
      for opponent in opponents {
        opponent.adam?.step = steps
        opponent.gateAdam?.step = steps
      }
      for learner in learners {
        guard let adam = learner.adam else { continue }
        adam.step = try Self.number("steps_\(learner.name)", in: file)
      }
    } catch {
      throw error.inFile(path)
    }
  }

  /// Goes to where a state was saved.
  func takePosition(_ file: CheckpointFile) throws(ObverseError) {
    (step, images) = (try Self.number("step", in: file), try Self.number("images", in: file))
  }

  private static func number(_ key: String, in file: CheckpointFile) throws(ObverseError) -> Int {
    guard case .text(let text) = file.attributes["__metadata__.\(key)"], let number = Int(text),
      (0...1 << 48).contains(number)
    else { throw .malformed(what: "metadata \(key)", why: "it is absent or no number of steps") }
    return number
  }

  /// Writes the averaged generator: as a model file, and where NVlabs' code knows the family also as
  /// safetensors under its names.
  ///
  /// - Parameter stem: The path without `.obv` and `.safetensors`.
  /// - Returns: What was written.
  /// - Throws: `cannotCreate`, `inputOutput`.
  public func export(_ stem: String) throws(ObverseError) -> [String] {
    var metadata = metadata
    metadata["kimg"] = "\(Double(images) / 1000)"
    var model = average.model
    model.origin = origin
    let known = Set(metadata.keys)
    model.origin.facts.removeAll { known.contains($0.name) }
    model.origin.facts += metadata.filter { $0.key != "producer" }.sorted { $0.key < $1.key }
      .map { (name: $0.key, value: $0.value) }
    if model.origin.sourceKind.isEmpty { model.origin.sourceKind = "obverse-train" }
    if model.origin.wAverageSource.isEmpty { model.origin.wAverageSource = "training" }
    var written = ["\(stem).obv"]
    if average.shape.family == .styleGAN2 {
      metadata["format"] = "pt"
      written.insert("\(stem).safetensors", at: 0)
      try SafetensorsWriter.write(average.tensors, metadata: metadata, to: written[0])
    }
    try model.write(to: "\(stem).obv")
    return written
  }

  /// Words beside the tensors of whatever leaves the run.
  private var metadata: [String: String] {
    var metadata = ["producer": "obverse-train \(Version.number)"]
    if let clamp = generator.shape.clamp { metadata["conv_clamp"] = "\(clamp)" }
    if generator.shape.family == .mobileStyleGAN { metadata["slope"] = "\(generator.shape.slope)" }
    // Whoever measures a generator with a network must know whether it was trained to please it.
    let eyes = (settings.distil?.kernels ?? []).map(\.kind.rawValue)
    let vgg = settings.distil?.terms?.vgg == nil ? [] : ["vgg16"]
    let paired = pairEye == nil ? [] : [FeatureKind.efficientNetLite0.rawValue]
    let all = inherited + eyes + vgg + paired
    metadata["trained_against"] = Set(all).sorted().joined(separator: ",")
    metadata[PruneReport.teacherKey] = teacherMACs.map { "\($0)" }
    let alone = settings.tuning == nil ? "teacher" : "cut"
    // Without an adversary no method takes part: the student is fitted to known pictures.
    let isFitted = settings.pairs.map { $0.adversarial == nil } ?? false
    let method = settings.distil.map { isFitted ? "regression" : $0.method.rawValue }
    metadata["method"] = method ?? alone
    return metadata
  }
}
