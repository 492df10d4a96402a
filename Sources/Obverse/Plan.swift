import Kernels
import ModelFile

// A plan: everything about drawing a face that can be settled when the model is opened.

/// Fused steps and packed weights; a function of model and instruction set.
final class Plan: Sendable {
  let fast: Fast
  /// Mapping layers, fc0 first.
  let mapping: [FastDense]
  let styles: [StyleJob]
  /// Constant maps that a new arena is given, by place.
  let constants: [(place: Int, values: FloatBuffer)]
  /// Faces that are mapped together at most: the mapping's weights, most of what a small network has, are
  /// fetched once for all of them.
  static let mappedAtOnce = 8
  /// Places of the mapping's two lists of vectors, which layers take turns between.
  let mapped: (Int, Int)
  /// Floats from one of these vectors to the next.
  let mappedStride: Int
  /// Place of ws, `[wsCount][wDim]`.
  let ws: Int
  /// Place of the finished image, `[channels][H][W]`.
  let image: Int
  /// The steps for one worker.
  let alone: Schedule

  private let design: Design
  private let zeros: [Range<Int>]

  /// - Throws: `bug` where the plan would leave its arena; `resources`.
  init(
    _ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm? = nil
  ) throws(ObverseError) {
    self.fast = fast
    var builder = PlanBuilder(model, fast, forced: forced)
    try builder.build()
    design = builder.design
    mapping = builder.mapping
    styles = builder.styles
    constants = builder.constants
    zeros = builder.zeros
    mapped = builder.mapped
    mappedStride = builder.mappedStride
    ws = builder.ws
    image = builder.image
    alone = design.schedule(workers: 1)
    var weights = 0
    model.forEachWeights { weights += $1.bytes.count }
    try MemoryLimit.expectProportion(
      floats: alone.sharedCount + alone.scratchCount, weights: weights)
    try prove(alone, model)
  }

  /// The steps for some workers.
  ///
  /// - Throws: `bug` where the plan would leave its arena.
  func schedule(workers: Int, _ model: ModelDescription) throws(ObverseError) -> Schedule {
    guard workers > 1 else { return alone }
    let schedule = design.schedule(workers: workers)
    try prove(schedule, model)
    return schedule
  }

  /// Floats of the arena for some workers, their scratch among them.
  func arenaCount(workers: Int) -> Int {
    (workers > 1 ? design.schedule(workers: workers) : alone).arenaCount(workers: workers)
  }

  private func prove(_ schedule: Schedule, _ model: ModelDescription) throws(ObverseError) {
    var proof = try ArenaProof(
      sharedCount: schedule.sharedCount, scratchCount: schedule.scratchCount,
      constants: constants.map { $0.place..<($0.place + $0.values.count) } + zeros)
    try proof.check(phases(model, schedule))
  }

  /// Place of the first w that the mapping makes.
  var mappedOutput: Int { mapping.count % 2 == 0 ? mapped.0 : mapped.1 }

  /// Whether any layer has a noise plane of its own.
  var hasStoredNoise: Bool {
    alone.steps.contains { $0.parts.contains { $0.storesNoise } }
  }
}

/// How much memory a plan's weights take, to be known before they are packed: padded to whole vectors
/// and transformed, they can be many times what the file holds.
struct PackedWeights {
  let fast: Fast
  private var packed = 0
  private var largest = 0

  /// Packed weights, and the largest tensor as floats, from which one of them is made.
  var floats: Int { packed + largest }

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    self.fast = fast
    model.drawn.count(&self, model, forced: forced)
  }

  /// Adds `[out, in, …]`: a vector of output channels for each input channel.
  mutating func add(_ weight: Weights, perPair: Int) {
    packed += padded(weight.shape[0]) * weight.shape[1] * perPair
    largest = max(largest, weight.count)
  }

  /// Adds the kernels of a depthwise convolution, `[channels, 3, 3]`.
  mutating func add(depthwise weight: Weights) {
    packed += 9 * padded(weight.shape[0])
  }

  private func padded(_ channels: Int) -> Int { fast.blocks(channels) * fast.lanes }
}
