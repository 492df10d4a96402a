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
  var mapped = (0, 0)
  var ws = 0
  var noisePlace = 0
  var image = 0
  var arenaCount = 0
  var scratchCount = 0
  /// What toRGB needs beside the convolution whose rows it rides on.
  var imageScratchCount = 0

  private var steps: [UnplacedStep] = []
  /// Floats of each map of the chain.
  private var maps: [Int] = []
  private var noiseCount = 0
  private var largestSkip = 0

  private typealias UnplacedStep = (
    layers: [String], rows: Int, noise: Int?, size: Int, slots: ChannelSlots, isPlanar: Bool,
    make: StepMaker
  )
  /// Makes a step's work once the places of the maps are known.
  private typealias StepMaker = (_ place: (Int) -> Int, _ skip: Int) -> Step.Work

  init(_ model: ModelDescription, _ fast: Fast, forced: ConvAlgorithm?) {
    self.model = model
    self.fast = fast
    self.forced = forced
  }

  mutating func build() {
    mapping = model.mapping.map { FastDense(fast, $0) }
    let widest = max(mapping.first?.inputs ?? 0, model.wDim)
    mapped = (reserve(widest), reserve(widest))
    ws = reserve(model.wsCount * model.wDim)
    noisePlace = reserve(model.resolution * model.resolution)
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
    let maps = maps
    let place = { (map: Int) in map % 2 == 0 ? base : base + region - maps[map] }
    return steps.map { step in
      Step(
        layers: step.layers, work: step.make(place, skip), rows: step.rows, noise: step.noise,
        size: step.size, slots: step.slots, isPlanar: step.isPlanar)
    }
  }

  /// The next `count` floats of the arena, at a 64-byte boundary.
  private mutating func reserve(_ count: Int) -> Int {
    let place = arenaCount
    arenaCount += (count + 15) / 16 * 16
    return place
  }

  /// Appends a map to the chain and gives its number.
  private mutating func newMap(_ slots: ChannelSlots, size: Int) -> Int {
    newMap(floats: slots.count * size * size)
  }

  private mutating func newMap(floats: Int) -> Int {
    // Whole cache lines, so that a map at the region's end is aligned too.
    maps.append((floats + 15) / 16 * 16)
    return maps.count - 1
  }

  private func plain(_ channels: Int) -> ChannelSlots {
    .plain(channels, lanes: fast.lanes)
  }

  /// A style vector of its own, and the job that fills it.
  private mutating func style(_ affine: Dense, ws index: Int) -> StyleJob {
    let layer = FastDense(fast, affine)
    return StyleJob(affine: layer, ws: index, style: reserve(plain(layer.outputs).count))
  }

  /// Places of a layer whose maps are not placed yet.
  private mutating func places(_ job: StyleJob, _ noise: Noise?) -> LayerPlaces {
    var places = LayerPlaces(input: 0, style: job.style, output: 0)
    places.factors = job.demodulation?.factors ?? 0
    places.noise = noise?.plane?.buffer
    places.strength = noise?.strength ?? 0
    return places
  }

  private mutating func countNoise(_ noise: Noise?) -> Int? {
    guard noise != nil else { return nil }
    defer { noiseCount += 1 }
    return noiseCount
  }

  private func finish(_ activation: Activation, _ slots: ChannelSlots) -> Finish {
    Finish(
      bias: activation.bias.floats, slots: slots, slope: model.slope, gain: activation.gain,
      clamp: activation.clamp)
  }

  /// The constant input as a map of blocks.
  private mutating func constMap() -> Int {
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

  // MARK: StyleGAN2

  private mutating func styleGAN2(_ architecture: BlockArchitecture, _ blocks: [SynthesisBlock]) {
    let const = constMap()
    let plane = model.imageChannels * model.resolution * model.resolution
    let images = (reserve(plane), reserve(architecture == .skip ? plane / 4 : 0))
    var channels = model.const.shape[0]
    var input: Int?  // nil is the constant
    let choice = ConvChoice(
      blocks, constChannels: channels, architecture, fast, forced: forced)
    for (k, block) in blocks.enumerated() {
      let size = 4 << k
      let isPlanar = k >= choice.firstPlanar
      let name = "b\(size)"
      var residual: (FastSkip, Int)?
      if let skip = block.skip {
        let layer = FastSkip(
          fast, weight: skip.floats, size: size / 2, inChannels: channels,
          outChannels: skip.shape[0])
        largestSkip = max(largestSkip, plain(skip.shape[0]).count * size * size / 4)
        residual = (layer, 0)
        let from = input
        steps.append(
          (
            ["\(name).skip"], size / 2, nil, size / 2, plain(skip.shape[0]), false,
            { place, skip in
              .skip(layer, input: from.map(place) ?? const, output: skip)
            }
          ))
      }
      if let conv0 = block.conv0 {
        let slots = plain(conv0.weight.shape[0])
        let job = demodulated(conv0, channels, slots, ws: 2 * k - 1)
        input = upConv(
          conv0, name, size, channels, slots, job, input, const, choice.up[k],
          readsPlanar: k > choice.firstPlanar)
        channels = conv0.weight.shape[0]
      }
      let slots = plain(block.conv1.weight.shape[0])
      let job = demodulated(block.conv1, channels, slots, ws: 2 * k)
      let layer = conv(block.conv1, size, channels, slots, choice.same[k])
      scratchCount = max(scratchCount, layer.scratchCount)
      channels = block.conv1.weight.shape[0]
      var names = ["\(name).conv1"]
      var imagePlaces: Step.ImagePlaces?
      if let toRGB = block.toRGB {
        names.append("\(name).torgb")
        imagePlaces = self.image(
          toRGB, channels, size, ws: 2 * k + 1, images, isPlanar: isPlanar,
          hasPrevious: architecture == .skip && k > 0)
      }
      let places = places(job, block.conv1.noise)
      let (from, to) = (input, newMap(slots, size: size))
      steps.append(
        (
          names, size, countNoise(block.conv1.noise), size, slots, isPlanar,
          { place, skip in
            .conv(
              layer, places.from(from.map(place) ?? const, to: place(to)),
              residual: residual.map { Step.Residual(skip: $0.0, place: skip) },
              image: imagePlaces)
          }
        ))
      input = to
    }
  }

  private func conv(
    _ conv: StyledConv, _ size: Int, _ channels: Int, _ slots: ChannelSlots,
    _ algorithm: ConvAlgorithm
  ) -> any ConvLayer {
    let (weight, finish) = (conv.weight.floats, finish(conv.activation, slots))
    return switch algorithm {
    case .direct:
      FastConv(
        fast, weight: weight, size: size, inChannels: channels, outputs: slots, finish: finish)
    case .winograd:
      FastWinograd(
        fast, weight: weight, size: size, inChannels: channels, outputs: slots, finish: finish)
    case .planar:
      FastPlanarConv(
        fast, weight: weight, size: size, inChannels: channels, outputs: slots, finish: finish)
    }
  }

  /// Steps of a convolution that doubles the size to `size`; gives its output map.
  private mutating func upConv(
    _ conv: StyledConv, _ name: String, _ size: Int, _ channels: Int, _ slots: ChannelSlots,
    _ job: StyleJob, _ from: Int?, _ const: Int, _ algorithm: ConvAlgorithm, readsPlanar: Bool
  ) -> Int {
    let places = places(job, conv.noise)
    let noise = countNoise(conv.noise)
    let (weight, finish) = (conv.weight.floats, finish(conv.activation, slots))
    let to: Int
    switch algorithm {
    case .direct:
      let layer = FastUpConv(
        fast, weight: weight, size: size / 2, inChannels: channels, outputs: slots, finish: finish)
      scratchCount = max(scratchCount, layer.scratchCount)
      to = newMap(slots, size: size)
      steps.append(
        (
          ["\(name).conv0"], size, noise, size, slots, false,
          { place, _ in .upConv(layer, places.from(from.map(place) ?? const, to: place(to))) }
        ))
    case .winograd:
      let layer = FastWinogradUpConv(
        fast, weight: weight, size: size / 2, inChannels: channels, outputs: slots, finish: finish)
      scratchCount = max(scratchCount, layer.scratchCount)
      let raw = newMap(floats: layer.rawCount)
      to = newMap(slots, size: size)
      steps.append(
        (
          ["\(name).conv0"], size / 2, nil, size, slots, false,
          { place, _ in
            .transpose(layer, places.from(from.map(place) ?? const, to: place(raw)))
          }
        ))
      steps.append(
        (
          ["\(name).conv0.filter"], size, noise, size, slots, false,
          { place, _ in .resample(layer, places.from(place(raw), to: place(to))) }
        ))
    case .planar:
      let layer = FastPlanarUpConv(
        fast, weight: weight, size: size / 2, inChannels: channels,
        outChannels: conv.weight.shape[0], readsPlanar: readsPlanar, finish: finish)
      scratchCount = max(scratchCount, layer.scratchCount)
      to = newMap(slots, size: size)
      steps.append(
        (
          ["\(name).conv0"], size, noise, size, slots, true,
          { place, _ in
            .planarUpConv(layer, places.from(from.map(place) ?? const, to: place(to)))
          }
        ))
    }
    return to
  }

  /// The style of a convolution and its demodulation factors.
  private mutating func demodulated(
    _ conv: StyledConv, _ channels: Int, _ slots: ChannelSlots, ws: Int
  ) -> StyleJob {
    var job = style(conv.affine, ws: ws)
    job.demodulation = (
      FastDemodulation(
        fast, weight: conv.weight.floats, inChannels: channels, kernelSize: 9, outputs: slots),
      reserve(channels), reserve(slots.count)
    )
    styles.append(job)
    return job
  }

  /// The image of a block: the last one lies in the first place, and they take turns.
  private mutating func image(
    _ toRGB: ToImage, _ channels: Int, _ size: Int, ws: Int, _ images: (Int, Int),
    isPlanar: Bool, hasPrevious: Bool
  ) -> Step.ImagePlaces {
    let (weight, bias) = (toRGB.weight.floats, toRGB.bias.floats)
    let layer: any ImageLayer =
      isPlanar
      ? FastPlanarToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
      : FastToRGB(
        fast, weight: weight, bias: bias, clamp: toRGB.clamp, size: size, inChannels: channels)
    imageScratchCount = max(imageScratchCount, layer.scratchCount)
    var job = style(toRGB.affine, ws: ws)
    job.image = (layer, reserve(layer.weightCount))
    styles.append(job)
    let turns = (model.resolution / size).trailingZeroBitCount
    let isFirst = turns % 2 == 0
    image = images.0
    return Step.ImagePlaces(
      toRGB: layer, modulated: job.image?.modulated ?? 0,
      previous: hasPrevious ? (isFirst ? images.1 : images.0) : nil,
      image: isFirst ? images.0 : images.1)
  }

  // MARK: MobileStyleGAN

  private mutating func mobile(_ conv1: StyledConv, _ blocks: [MobileBlock], _ toImage: ToImage) {
    let const = constMap()
    image = reserve(model.imageChannels * model.resolution * model.resolution)
    // No demodulation: a vector of ones.
    let widest = ([conv1.weight.shape[0]] + blocks.map { $0.conv2.pointwise.shape[0] }).max() ?? 0
    let ones = reserve(4 * plain(widest).count)
    constants.append((ones, [Float](repeating: 1, count: 4 * plain(widest).count)))
    var channels = conv1.weight.shape[0]
    var slots: ChannelSlots = blocks.isEmpty ? plain(channels) : .haar(channels, lanes: fast.lanes)
    let job = style(conv1.affine, ws: 0)
    styles.append(job)
    let layer = FastConv(
      fast, weight: conv1.weight.floats, size: 4, inChannels: model.const.shape[0],
      outputs: slots, finish: finish(conv1.activation, slots))
    scratchCount = max(scratchCount, layer.scratchCount)
    var first = places(job, conv1.noise)
    first.factors = ones
    var input = newMap(slots, size: 4)
    let (places, to) = (first, input)
    steps.append(
      (
        ["b4.conv1"], 4, countNoise(conv1.noise), 4, slots, false,
        { place, _ in .conv(layer, places.from(const, to: place(to)), residual: nil, image: nil) }
      ))
    for (i, block) in blocks.enumerated() {
      let size = 8 << i
      var up = style(block.up, ws: 1 + 3 * i)
      let haarStyle = reserve(slots.count)
      up.haar = (slots, haarStyle)
      styles.append(up)
      let middle = plain(block.conv1.pointwise.shape[0])
      input = separable(
        block.conv1, ["b\(size).up", "b\(size).conv1"], channels / 4, middle, size, input,
        haarStyle, ws: 1 + 3 * i)
      channels = block.conv2.pointwise.shape[0]
      slots = i + 1 < blocks.count ? .haar(channels, lanes: fast.lanes) : plain(channels)
      input = separable(
        block.conv2, ["b\(size).conv2"], block.conv1.pointwise.shape[0], slots, size, input, nil,
        ws: 2 + 3 * i)
    }
    let size = model.resolution / 2
    let last = FastToHaarImage(
      fast, weight: toImage.weight.floats, bias: toImage.bias.floats, clamp: toImage.clamp,
      size: size, inChannels: channels)
    scratchCount = max(scratchCount, last.scratchCount)
    let lastJob = style(toImage.affine, ws: model.wsCount - 1)
    styles.append(lastJob)
    let (from, target) = (input, image)
    steps.append(
      (
        ["toimage"], size, nil, size, plain(model.imageChannels), false,
        { place, _ in
          .haarImage(last, map: place(from), style: lastJob.style, image: target)
        }
      ))
  }

  private mutating func separable(
    _ conv: SeparableConv, _ names: [String], _ channels: Int, _ slots: ChannelSlots, _ size: Int,
    _ input: Int, _ haarStyle: Int?, ws: Int
  ) -> Int {
    let layer = FastSeparable(
      fast, depthwise: conv.depthwise.floats, pointwise: conv.pointwise.floats, size: size,
      inChannels: channels, outputs: slots, finish: finish(conv.activation, slots))
    scratchCount = max(scratchCount, layer.scratchCount)
    let job = style(conv.affine, ws: ws)
    styles.append(job)
    let places = places(job, conv.noise)
    let to = newMap(slots, size: size)
    steps.append(
      (
        names, size, countNoise(conv.noise), size, slots, false,
        { place, _ in
          .separable(layer, places.from(place(input), to: place(to)), haarStyle: haarStyle)
        }
      ))
    return to
  }
}

extension LayerPlaces {
  /// The same layer between two maps.
  fileprivate func from(_ input: Int, to output: Int) -> LayerPlaces {
    var places = self
    places.input = input
    places.output = output
    return places
  }
}

extension Weights {
  /// The floats in place where the file holds floats, else widened.
  fileprivate var buffer: FloatBuffer {
    guard type == .float32 else { return FloatBuffer(floats) }
    return unsafe bytes.withUnsafeBytes { unsafe FloatBuffer(borrowing: $0, owner: bytes) }
  }
}

extension FastDense {
  fileprivate convenience init(_ fast: Fast, _ dense: Dense) {
    self.init(fast, weights: dense.weight.buffer, bias: dense.bias.floats)
  }
}
