import Kernels
import ModelFile

/// Lays out a plan: walks the layers, packs their weights, deals out the arena.
///
/// Feature maps form a chain in which each step reads one and writes the next, so two are alive at a
/// time: odd ones lie at the end of a region that holds the largest neighbours, even ones at its start.
/// Where that region is, and how large, is known once all maps are; steps are made then.
struct PlanBuilder {
  let model: ModelDescription
  let fast: Fast
  /// The algorithm of all 3x3 convolutions that can take it; nil for what costs least.
  let forced: ConvAlgorithm?
  var mapping: [FastDense] = []
  var styles: [StyleJob] = []
  var constants: [(place: Int, values: FloatBuffer)] = []
  /// What stays zero, as it is in a new arena: lanes without a channel.
  var zeros: [Range<Int>] = []
  var mapped = (0, 0)
  var ws = 0
  var image = 0
  private(set) var arenaCount = 0

  /// Makes steps once the places of the maps are known.
  private var makers: [(Layout) -> any Step] = []
  /// Floats of each map of the chain.
  private var maps: [Int] = []
  private var noiseCount = 0
  /// Side of the largest plane of noise that is drawn whole.
  private var largestNoise = 0

  /// A map that steps pass on.
  enum Map {
    /// One with a place of its own.
    case fixed(Int)
    /// One of the chain.
    case link(Int)
  }

  /// Where the maps of the chain lie, and a plane of drawn noise.
  struct Layout {
    fileprivate let base, region: Int
    fileprivate let maps: [Int]
    let noise: Int

    func place(_ map: Map) -> Int {
      switch map {
      case .fixed(let place): place
      case .link(let number): number % 2 == 0 ? base : base + region - maps[number]
      }
    }
  }

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    self.model = model
    self.fast = fast
    self.forced = forced
  }

  /// Lays out all but the maps, and gives the steps in their order.
  ///
  /// - Throws: `resources`.
  mutating func build() throws(ObverseError) -> [any Step] {
    try MemoryLimit.inForce.expect(
      floats: PackedWeights(model, fast, forced: forced).floats, for: "opening this model")
    for layer in model.mapping { mapping.append(try FastDense(fast, layer)) }
    // Layers take turns between two vectors, and hidden ones may be wider than either end.
    let widest = mapping.reduce(model.wDim) { max($0, $1.inputs, $1.outputs) }
    mapped = (reserve(widest), reserve(widest))
    ws = reserve(model.wsCount * model.wDim)
    switch model.synthesis {
    case .styleGAN2(let architecture, let blocks): try styleGAN2(architecture, blocks)
    case .mobileStyleGAN(let conv1, let blocks, let toImage): try mobile(conv1, blocks, toImage)
    }
    let pairs = zip(maps, maps.dropFirst()).map { $0 + $1 }
    let region = max(pairs.max() ?? 0, maps.max() ?? 0)
    let layout = Layout(
      base: reserve(region), region: region, maps: maps,
      noise: reserve(largestNoise * largestNoise))
    return makers.map { $0(layout) }
  }

  // MARK: What families are made of

  /// The next `count` floats of the arena, at a 64-byte boundary.
  mutating func reserve(_ count: Int) -> Int {
    let place = arenaCount
    arenaCount += (count + 15) / 16 * 16
    return place
  }

  /// Appends a map to the chain.
  mutating func newMap(_ layer: StyledLayer) -> Map {
    newMap(floats: layer.slots.count * layer.size * layer.size)
  }

  mutating func newMap(floats: Int) -> Map {
    // Whole cache lines, so that a map at the region's end is aligned too.
    maps.append((floats + 15) / 16 * 16)
    return .link(maps.count - 1)
  }

  /// Appends a step.
  mutating func step(_ make: @escaping (Layout) -> any Step) {
    makers.append(make)
  }

  /// A step that draws its noise plane as a whole, where noise is drawn.
  mutating func step(_ layer: StyledLayer, _ make: @escaping (Layout) -> any Step) {
    if layer.noise != nil { largestNoise = max(largestNoise, layer.size) }
    makers.append(make)
  }

  func plain(_ channels: Int) -> ChannelSlots {
    .plain(channels, lanes: fast.lanes)
  }

  /// Reserves a style vector and appends the job that fills it; gives its place.
  mutating func style(
    _ affine: Dense, ws index: Int,
    _ product: (_ builder: inout PlanBuilder) throws(ObverseError) -> StyleJob.Product?
  ) throws(ObverseError) -> StyleJob {
    let layer = try FastDense(fast, affine)
    let padded = plain(layer.outputs).count
    let place = reserve(padded)
    zeros.append((place + layer.outputs)..<(place + padded))
    let job = StyleJob(
      affine: layer, w: ws + index * model.wDim, style: place, product: try product(&self))
    styles.append(job)
    return job
  }

  mutating func style(_ affine: Dense, ws index: Int) throws(ObverseError) -> StyleJob {
    try style(affine, ws: index) { (_) throws(ObverseError) in nil }
  }

  /// A styled layer whose maps are not placed yet; `factors` is the place of its demodulation.
  mutating func styled(
    _ name: String, size: Int, _ slots: ChannelSlots, _ job: StyleJob, factors: Int,
    _ noise: Noise?
  ) throws(ObverseError) -> StyledLayer {
    var places = LayerPlaces(input: 0, style: job.style, output: 0)
    places.factors = factors
    places.noise = try noise?.plane?.buffer()
    places.strength = noise?.strength ?? 0
    var number: Int?
    if noise != nil {
      number = noiseCount
      noiseCount += 1
    }
    return StyledLayer(name: name, size: size, slots: slots, places: places, noise: number)
  }

  func finish(
    _ activation: Activation, _ slots: ChannelSlots
  ) throws(ObverseError) -> Finish {
    try Finish(
      bias: activation.bias.buffer(), slots: slots, slope: model.slope, gain: activation.gain,
      clamp: activation.clamp)
  }

  /// The map that a layer leaves at `place`.
  func featureMap(_ layer: StyledLayer, at place: Int, isPlanar: Bool = false) -> FeatureMap {
    FeatureMap(
      layer: layer.name, place: place, size: layer.size, slots: layer.slots,
      lanes: isPlanar ? nil : fast.lanes)
  }

  /// What turns rows of the finished image into bytes.
  var bytes: ByteRows {
    ByteRows(fast: fast, channels: model.imageChannels, size: model.resolution)
  }

  /// The constant input as a map of blocks.
  mutating func constantMap() throws(ObverseError) -> Map {
    let channels = model.const.shape[0]
    let values = try model.const.buffer()
    let lanes = fast.lanes
    let slots = plain(channels)
    let map = try FloatBuffer(zeros: slots.count * 16)
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
    return .fixed(place)
  }
}

extension Weights {
  /// The floats in place where the file holds floats, else widened.
  ///
  /// - Throws: `resources`.
  func buffer() throws(ObverseError) -> FloatBuffer {
    guard type != .float32 else { return FloatBuffer(borrowing: bytes) }
    let buffer = try FloatBuffer(zeros: count)
    unsafe widen(into: buffer.base)
    return buffer
  }
}

extension FastDense {
  /// Reads floats in place, and half floats where the instruction set can.
  fileprivate convenience init(_ fast: Fast, _ dense: Dense) throws(ObverseError) {
    let (weight, bias) = (dense.weight, try dense.bias.buffer())
    guard weight.type == .float16, fast.kernels.readsHalves else {
      self.init(fast, weights: try weight.buffer(), bias: bias)
      return
    }
    self.init(fast, halves: HalfBuffer(borrowing: weight.bytes), bias: bias)
  }
}
