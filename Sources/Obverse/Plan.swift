// A plan: everything about drawing a face that can be settled when the model is opened.

import Kernels
import ModelFile

/// Fused steps, packed weights and places in the arena; a function of model and instruction set.
final class Plan: Sendable {
  let fast: Fast
  /// Mapping layers, fc0 first.
  let mapping: [FastDense]
  let styles: [StyleJob]
  let steps: [any Step]
  /// Constant maps that a new arena is given, by place.
  let constants: [(place: Int, values: FloatBuffer)]
  /// Places of the mapping's two vectors.
  let mapped: (Int, Int)
  /// Place of ws, `[wsCount][wDim]`.
  let ws: Int
  /// Place of the finished image, `[channels][H][W]`.
  let image: Int
  /// Floats of the arena before the workers' scratch.
  let sharedCount: Int
  /// Floats of scratch for each worker.
  let scratchCount: Int

  /// - Throws: `bug` where the plan would leave its arena; `resources`.
  init(
    _ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm? = nil
  ) throws(ObverseError) {
    self.fast = fast
    var builder = PlanBuilder(model, fast, forced: forced)
    steps = try builder.build()
    mapping = builder.mapping
    styles = builder.styles
    constants = builder.constants
    mapped = builder.mapped
    ws = builder.ws
    image = builder.image
    sharedCount = builder.arenaCount
    scratchCount = steps.reduce(0) { max($0, $1.access.scratch) }
    var proof = try ArenaProof(
      sharedCount: sharedCount, scratchCount: scratchCount,
      constants: constants.map { $0.place..<($0.place + $0.values.count) } + builder.zeros)
    try proof.check(phases(model))
    var weights = 0
    model.forEachWeights { weights += $1.bytes.count }
    try MemoryLimit.expectProportion(floats: sharedCount + scratchCount, weights: weights)
  }

  /// Whether any layer has a noise plane of its own.
  var hasStoredNoise: Bool {
    steps.contains { $0.parts.contains { $0.storesNoise } }
  }
}
