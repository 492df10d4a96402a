// A plan: everything about drawing a face that can be settled when the model is opened.

import Kernels
import ModelFile

/// Fused steps, packed weights and places in the arena; a function of model and instruction set.
final class Plan: Sendable {
  let fast: Fast
  /// Mapping layers, fc0 first.
  let mapping: [FastDense]
  let styles: [StyleJob]
  let steps: [Step]
  /// Constant maps that a new arena is given, by place.
  let constants: [(place: Int, values: [Float])]
  /// Places of the mapping's two vectors; the first is as wide as the mapping's input.
  let mapped: (Int, Int)
  /// Place of ws, `[wsCount][wDim]`.
  let ws: Int
  /// Place of a plane of drawn noise.
  let noise: Int
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
    try builder.build()
    mapping = builder.mapping
    styles = builder.styles
    steps = builder.finishedSteps()
    constants = builder.constants
    mapped = builder.mapped
    ws = builder.ws
    noise = builder.noisePlace
    image = builder.image
    sharedCount = builder.arenaCount
    scratchCount = builder.scratchCount + builder.imageScratchCount
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
    steps.contains { step in
      switch step.work {
      case .conv(_, let places, _, _), .upConv(_, let places), .separable(_, let places, _):
        places.noise != nil
      case .block(let block, _, _): block.up.noise != nil || block.same.noise != nil
      case .transpose, .skip, .haarImage: false
      }
    }
  }
}
