import Kernels
import ModelFile

/// Builds a plan: walks the layers, packs their weights, and says which maps there are.
///
/// Where maps lie, and how much of some of them exists at a time, depends on the number of workers;
/// `Design` makes the steps then.
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
  var mappedStride = 0
  var ws = 0
  var image = 0
  /// Place of a row of zeros that convolutions read outside of a map.
  var zeroRow = 0
  private(set) var design = Design()
  private var noiseCount = 0

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    self.model = model
    self.fast = fast
    self.forced = forced
  }

  /// Lays out all but the maps, and designs the steps in their order.
  ///
  /// - Throws: `resources`.
  mutating func build() throws(ObverseError) {
    try MemoryLimit.inForce.expect(
      floats: PackedWeights(model, fast, forced: forced).floats, for: "opening this model")
    for layer in model.mapping { mapping.append(try FastDense(fast, layer)) }
    // Layers take turns between two vectors, and hidden ones may be wider than either end.
    mappedStride = mapping.reduce(model.wDim) { max($0, $1.inputs, $1.outputs) }
    let mappedCount = Plan.mappedAtOnce * mappedStride
    mapped = (reserve(mappedCount), reserve(mappedCount))
    ws = reserve(model.wsCount * model.wDim)
    try model.drawn.plan(&self)
  }

  // MARK: What families are made of

  /// The next `count` floats of the arena, at a 64-byte boundary.
  mutating func reserve(_ count: Int) -> Int { design.reserve(count) }

  /// Floats that stay zero.
  mutating func reserveZeros(_ count: Int) -> Int {
    let place = reserve(count)
    zeros.append(place..<(place + count))
    return place
  }

  /// Appends a map to the chain.
  mutating func newMap(_ layer: StyledLayer) -> Map {
    newMap(floats: layer.slots.count * layer.size * layer.size)
  }

  mutating func newMap(floats: Int) -> Map { design.newMap(floats: floats) }

  /// Appends a step.
  mutating func step(_ make: @escaping @Sendable (Layout) -> any Step) {
    design.append(flow: nil, make)
  }

  /// A step that draws its noise plane as a whole, where noise is drawn.
  mutating func step(_ layer: StyledLayer, _ make: @escaping @Sendable (Layout) -> any Step) {
    if layer.noise != nil { design.drawsNoise(side: layer.size) }
    design.append(flow: nil, make)
  }

  /// A step that does its rows as the next one needs them; all behind it are such steps.
  mutating func step(_ flow: Flow, _ make: @escaping @Sendable (Layout) -> any Step) {
    design.append(flow: flow, make)
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

extension Weights {
  /// The tensor as the file has it, where the instruction set can read it so, else as floats.
  ///
  /// - Throws: `resources`.
  func stored(_ fast: Fast) throws(ObverseError) -> StoredWeights {
    if type == .float16, fast.kernels.readsHalves { return .halves(HalfBuffer(borrowing: bytes)) }
    if type == .int8, let scaleBytes {
      return .bytes(ByteBuffer(borrowing: bytes), scales: FloatBuffer(borrowing: scaleBytes))
    }
    return .floats(try buffer())
  }
}

extension FastDense {
  /// Reads weights in place.
  fileprivate convenience init(_ fast: Fast, _ dense: Dense) throws(ObverseError) {
    try self.init(fast, dense.weight.stored(fast), bias: dense.bias.buffer())
  }
}
