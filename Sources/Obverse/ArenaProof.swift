import Kernels
import ModelFile

/// Proves that a plan stays within its arena: each place and each count, once, before anything runs.
///
/// Kernels check nothing, and a model file's author decides every count. What holds afterwards:
/// - every range lies in the arena, every scratch in a worker's share of it;
/// - what is read was written whole by one earlier access and by none since, or is a constant; the
///   accesses of a step count as one;
/// - constants are never written;
/// - accesses between the same barriers write nothing that another of them reads or writes.
package struct ArenaProof {
  /// Floats of the arena before the workers' scratch, and of each worker's.
  let sharedCount: Int
  let scratchCount: Int

  /// Who wrote which floats last: disjoint, in ascending order.
  private var written: [Written]

  private struct Written {
    var range: Range<Int>
    /// Number of the access, or of its step; -1 for a constant.
    let writer: Int
  }

  /// - Parameters:
  ///   - sharedCount: Floats of the arena before the workers' scratch.
  ///   - scratchCount: Floats of scratch for each worker.
  ///   - constants: What a new arena holds and no access writes.
  /// - Throws: `bug`.
  package init(
    sharedCount: Int, scratchCount: Int, constants: [Range<Int>]
  ) throws(ObverseError) {
    self.sharedCount = sharedCount
    self.scratchCount = scratchCount
    written = []
    for range in constants {
      guard contains(range) else { throw wrong("constants", "\(range.text) is not in the arena") }
      guard !written.contains(where: { $0.range.overlaps(range) }) else {
        throw wrong("constants", "\(range.text) is twice")
      }
      write(range, by: -1)
    }
  }

  /// Checks accesses in the order in which they run; those of one phase have no barrier between them.
  ///
  /// - Throws: `bug`, with the layer and what it would do.
  package mutating func check(_ phases: [[Access]]) throws(ObverseError) {
    // Accesses of no step count down from the last number.
    var writer = Int.max
    for phase in phases {
      for access in phase { try checkAlone(access) }
      for (i, access) in phase.enumerated() {
        for (j, other) in phase.enumerated() { try checkRace(access, other, isSame: i == j) }
      }
      for access in phase {
        for range in access.writes { write(range, by: access.step ?? writer) }
        writer -= 1
      }
    }
  }

  private func contains(_ range: Range<Int>) -> Bool {
    range.lowerBound >= 0 && range.upperBound <= sharedCount
  }

  private func checkAlone(_ access: Access) throws(ObverseError) {
    for range in access.reads + access.writes {
      guard contains(range) else {
        throw wrong(access.name, "\(range.text) is not in an arena of \(sharedCount)")
      }
    }
    guard (0...scratchCount).contains(access.scratch) else {
      throw wrong(access.name, "\(access.scratch) floats of scratch are not in \(scratchCount)")
    }
    for joint in access.joints where joint.needs > joint.has {
      throw wrong(access.name, "\(joint.what) has \(joint.has) floats, not \(joint.needs)")
    }
    for range in access.reads where !range.isEmpty && !isWhole(range) {
      throw wrong(access.name, "it reads \(range.text), which nobody has made")
    }
    for range in access.writes
    where written.contains(where: { $0.writer < 0 && $0.range.overlaps(range) }) {
      throw wrong(access.name, "it writes \(range.text), where a constant is")
    }
  }

  private func checkRace(
    _ access: Access, _ other: Access, isSame: Bool
  ) throws(ObverseError) {
    for (i, range) in access.writes.enumerated() {
      let isRead = other.reads.contains { $0.overlaps(range) }
      let isWritten = other.writes.enumerated().contains { j, second in
        !(isSame && i == j) && second.overlaps(range)
      }
      guard !isRead && !isWritten else {
        throw wrong(access.name, "\(other.name) uses \(range.text) meanwhile")
      }
    }
  }

  /// Whether one access, and constants beside it, made all of a range.
  private func isWhole(_ range: Range<Int>) -> Bool {
    var next = range.lowerBound
    var writer: Int?
    for part in written where part.range.overlaps(range) {
      guard part.range.lowerBound <= next else { return false }
      next = part.range.upperBound
      guard part.writer >= 0 else { continue }
      guard writer == nil || writer == part.writer else { return false }
      writer = part.writer
    }
    return next >= range.upperBound
  }

  /// Cuts `range` out of what others wrote and puts it in its place.
  private mutating func write(_ range: Range<Int>, by writer: Int) {
    guard !range.isEmpty else { return }
    var parts: [Written] = []
    for part in written {
      let (lower, upper) = (part.range.lowerBound, part.range.upperBound)
      guard part.range.overlaps(range) else {
        parts.append(part)
        continue
      }
      if lower < range.lowerBound {
        parts.append(Written(range: lower..<range.lowerBound, writer: part.writer))
      }
      if upper > range.upperBound {
        parts.append(Written(range: range.upperBound..<upper, writer: part.writer))
      }
    }
    let index = parts.firstIndex { $0.range.lowerBound >= range.upperBound } ?? parts.count
    parts.insert(Written(range: range, writer: writer), at: index)
    written = parts
  }

  private func wrong(_ name: String, _ why: String) -> ObverseError {
    .bug("the plan of this model is wrong at \(name): \(why)")
  }
}

extension Range<Int> {
  /// Embedded Swift shows no range.
  fileprivate var text: String { "\(lowerBound)..<\(upperBound)" }
}

/// What each part of a face touches of the arena, in the order in which `FaceRun` does it.
extension Plan {
  /// Accesses between barriers, from the inputs to the finished picture.
  func phases(_ model: ModelDescription, _ schedule: Schedule) -> [[Access]] {
    var phases: [[Access]] = []
    func access(_ name: String, _ body: (inout Access) -> Void) -> Access {
      var access = Access(name)
      body(&access)
      return access
    }
    var (input, output) = mapped
    phases.append([
      access("latent") {
        for face in 0..<Self.mappedAtOnce {
          $0.write(
            input + face * mappedStride, model.zDim + (model.embed == nil ? 0 : model.wDim))
        }
      }
    ])
    for (number, layer) in mapping.enumerated() {
      phases.append([
        layer.access(
          input: input, output: output, vectors: Self.mappedAtOnce, stride: mappedStride
        ).named("fc\(number)")
      ])
      swap(&input, &output)
    }
    phases.append([
      access("ws") {
        $0.read(input, model.wDim)
        $0.write(ws, model.wsCount * model.wDim)
      }
    ])
    phases.append(styles.map { $0.affineAccess })
    phases.append(styles.compactMap { $0.preparation })
    phases.append(
      styles.compactMap { job in
        job.demodulation.map { layer, squares, factors in
          layer.access(squares: squares, output: factors).named("demodulation")
        }
      })
    phases += schedule.turns.map { [schedule.access($0)] }
    // Whoever asked for planes, or the bytes made of them.
    phases.append([
      access("picture") {
        $0.read(image, model.imageChannels * model.resolution * model.resolution)
      }
    ])
    return phases
  }
}

extension Access {
  func named(_ name: String) -> Access {
    var access = self
    access.name = name
    return access
  }
}
