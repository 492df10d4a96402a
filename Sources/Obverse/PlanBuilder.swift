import Kernels
import ModelFile

/// Lays out a plan: walks the layers, packs their weights, deals out the arena.
///
/// Feature maps form a chain in which each step reads one and writes the next, so two are alive at a
/// time: odd ones lie at the end of a region that holds the largest neighbours, even ones at its start.
struct PlanBuilder {
  let model: ModelDescription
  let fast: Fast
  /// The algorithm of all 3x3 convolutions that can take it; nil for what costs least.
  let forced: ConvAlgorithm?
  var mapping: [FastDense] = []
  var styles: [StyleJob] = []
  var constants: [(place: Int, values: [Float])] = []
  /// What stays zero, as it is in a new arena: lanes without a channel.
  var zeros: [Range<Int>] = []
  var mapped = (0, 0)
  var ws = 0
  var noisePlace = 0
  var image = 0
  var arenaCount = 0
  var scratchCount = 0
  /// What toRGB needs beside the convolution whose rows it rides on.
  var imageScratchCount = 0

  var steps: [UnplacedStep] = []
  /// Floats of each map of the chain.
  var maps: [Int] = []
  var noiseCount = 0
  var largestSkip = 0

  typealias UnplacedStep = (
    layers: [String], rows: Int, noise: Int?, size: Int, slots: ChannelSlots, isPlanar: Bool,
    make: StepMaker
  )
  /// Makes a step's work once the places of the maps are known.
  typealias StepMaker = (_ place: (Int) -> Int, _ skip: Int) -> Step.Work

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    self.model = model
    self.fast = fast
    self.forced = forced
  }

  /// - Throws: `resources` where the packed weights are more than there is memory for.
  mutating func build() throws(ObverseError) {
    try MemoryLimit.inForce.expect(
      floats: PackedWeights(model, fast, forced: forced).floats, for: "opening this model")
    mapping = model.mapping.map { FastDense(fast, $0) }
    // Layers take turns between two vectors, and hidden ones may be wider than either end.
    let widest = mapping.reduce(model.wDim) { max($0, $1.inputs, $1.outputs) }
    mapped = (reserve(widest), reserve(widest))
    ws = reserve(model.wsCount * model.wDim)
    switch model.synthesis {
    case .styleGAN2(let architecture, let blocks): styleGAN2(architecture, blocks)
    case .mobileStyleGAN(let conv1, let blocks, let toImage): mobile(conv1, blocks, toImage)
    }
  }

  /// Places the maps and makes the steps; to be called last.
  mutating func finishedSteps() -> [Step] {
    let pairs = zip(maps, maps.dropFirst()).map { $0 + $1 }
    let region = max(pairs.max() ?? 0, maps.max() ?? 0)
    let base = reserve(region)
    let skip = reserve(largestSkip)
    let largest = steps.map { $0.noise == nil ? 0 : $0.size }.max() ?? 0
    noisePlace = reserve(largest * largest)
    let maps = maps
    let place = { (map: Int) in map % 2 == 0 ? base : base + region - maps[map] }
    return steps.map { step in
      Step(
        layers: step.layers, work: step.make(place, skip), rows: step.rows, noise: step.noise,
        size: step.size, slots: step.slots, isPlanar: step.isPlanar)
    }
  }

  /// The next `count` floats of the arena, at a 64-byte boundary.
  mutating func reserve(_ count: Int) -> Int {
    let place = arenaCount
    arenaCount += (count + 15) / 16 * 16
    return place
  }

  /// Appends a map to the chain and gives its number.
  mutating func newMap(_ slots: ChannelSlots, size: Int) -> Int {
    newMap(floats: slots.count * size * size)
  }

  mutating func newMap(floats: Int) -> Int {
    // Whole cache lines, so that a map at the region's end is aligned too.
    maps.append((floats + 15) / 16 * 16)
    return maps.count - 1
  }

  func plain(_ channels: Int) -> ChannelSlots {
    .plain(channels, lanes: fast.lanes)
  }

  /// A style vector of its own, and the job that fills it.
  mutating func style(_ affine: Dense, ws index: Int) -> StyleJob {
    let layer = FastDense(fast, affine)
    let padded = plain(layer.outputs).count
    let place = reserve(padded)
    zeros.append((place + layer.outputs)..<(place + padded))
    return StyleJob(affine: layer, ws: index, style: place)
  }

  /// Places of a layer whose maps are not placed yet.
  mutating func places(_ job: StyleJob, _ noise: Noise?) -> LayerPlaces {
    var places = LayerPlaces(input: 0, style: job.style, output: 0)
    places.factors = job.demodulation?.factors ?? 0
    places.noise = noise?.plane?.buffer
    places.strength = noise?.strength ?? 0
    return places
  }

  mutating func countNoise(_ noise: Noise?) -> Int? {
    guard noise != nil else { return nil }
    defer { noiseCount += 1 }
    return noiseCount
  }

  func finish(_ activation: Activation, _ slots: ChannelSlots) -> Finish {
    Finish(
      bias: activation.bias.floats, slots: slots, slope: model.slope, gain: activation.gain,
      clamp: activation.clamp)
  }

  /// The constant input as a map of blocks.
  mutating func constMap() -> Int {
    let channels = model.const.shape[0]
    let values = model.const.floats
    let lanes = fast.lanes
    let slots = plain(channels)
    var map = [Float](repeating: 0, count: slots.count * 16)
    for c in 0..<channels {
      for y in 0..<4 {
        for x in 0..<4 {
          map[((y * slots.count / lanes + c / lanes) * 4 + x) * lanes + c % lanes] =
            values[(c * 4 + y) * 4 + x]
        }
      }
    }
    let place = reserve(map.count)
    constants.append((place, map))
    return place
  }
}

extension LayerPlaces {
  /// The same layer between two maps.
  func from(_ input: Int, to output: Int) -> LayerPlaces {
    var places = self
    places.input = input
    places.output = output
    return places
  }
}

extension Weights {
  /// The floats in place where the file holds floats, else widened.
  var buffer: FloatBuffer {
    guard type == .float32 else { return FloatBuffer(floats) }
    return unsafe bytes.withUnsafeBytes { unsafe FloatBuffer(borrowing: $0, owner: bytes) }
  }
}

extension FastDense {
  /// Reads floats in place, and half floats where the instruction set can.
  fileprivate convenience init(_ fast: Fast, _ dense: Dense) {
    let (weight, bias) = (dense.weight, dense.bias.floats)
    guard weight.type == .float16, fast.readsHalves else {
      self.init(fast, weights: weight.buffer, bias: bias)
      return
    }
    let halves = unsafe weight.bytes.withUnsafeBytes {
      unsafe HalfBuffer(borrowing: $0, owner: weight.bytes)
    }
    self.init(fast, halves: halves, bias: bias)
  }
}
