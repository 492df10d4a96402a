import Kernels
import Testing

/// A layout of a feature map in an arena; of objects, since Embedded Swift has protocols of no others as types.
protocol MapLayout: AnyObject {
  /// Floats of the map.
  var count: Int { get }
  /// Planes as the layout has them.
  func packed(_ planes: [Float]) -> [Float]
  /// The layout as planes.
  func planes(_ packed: [Float]) -> [Float]
  /// Where rows lie if the map starts at `base`.
  func range(_ rows: Range<Int>, at base: Int) -> Range<Int>
}

/// One layer against `Exact` on every instruction set, row by row and as a whole.
///
/// All that suites of layers have in common: random numbers, an arena with guard zones, what may be
/// written, what is claimed, and bands that come in order.
struct LayerTrial {
  let shape: Shape
  /// Side of the output.
  let outSize: Int
  let map: [Float]
  let style: [Float]
  /// `[out, in, kernel]`.
  let weight: [Float]
  let numbers: Numbers

  /// A map's layout, and how many channels it has at what size.
  enum Kind {
    case blocks, planar
    /// Four times the channels at half the size, in the order of an inverse Haar transform.
    case haar

    func layout(_ channels: Int, size: Int, _ fast: Fast) -> any MapLayout {
      switch self {
      case .blocks:
        BlockedMap(
          slots: .plain(channels, lanes: fast.lanes), size: size, lanes: fast.lanes)
      case .planar: PlanarMap(channels: channels, size: size)
      case .haar:
        BlockedMap(
          slots: .haar(4 * channels, lanes: fast.lanes), size: size / 2, lanes: fast.lanes)
      }
    }
  }

  /// The layer on trial.
  struct Layer {
    let scratchCount: Int
    /// A worker's rows begin and end on a multiple of it.
    let multiple: Int
    let access: (LayerPlaces) -> Access
    /// Does rows, and shows bands of them if it has such.
    let run:
      (FloatBuffer, LayerPlaces, Range<Int>, _ scratch: Int, _ band: (Range<Int>) -> Void)
        -> Void
  }

  init(
    _ shape: Shape, _ settings: Settings, seed: UInt64, kernel: Int = 9, doubles: Bool = false
  ) {
    self.shape = shape
    outSize = doubles ? 2 * shape.size : shape.size
    var random = SplitMix64(seed: seed)
    map = random.floats(shape.inChannels * shape.size * shape.size)
    style = random.floats(shape.inChannels)
    weight = random.floats(shape.outChannels * shape.inChannels * kernel)
    numbers = Numbers(settings, channels: shape.outChannels, size: outSize, &random)
  }

  /// The input times the style.
  var modulated: Exact { Exact(map, size: shape.size).modulated(style) }

  /// Compares what `make` gives with `sums`, once they are finished.
  func expect(
    _ sums: Exact, isDemodulated: Bool = true, from: Kind = .blocks, to: Kind = .blocks,
    _ make: (Fast, _ outputs: ChannelSlots, Finish, inout Arena) throws -> Layer
  ) throws {
    let exact = numbers.finished(sums, isDemodulated: isDemodulated)
    for set in InstructionSet.available {
      let fast = Fast(set)
      // Planar rows are whole vectors.
      if case .planar = to, fast.lanes > shape.size { continue }
      let inputs = ChannelSlots.plain(shape.inChannels, lanes: fast.lanes)
      let outputs = ChannelSlots.plain(shape.outChannels, lanes: fast.lanes)
      let source = from.layout(shape.inChannels, size: shape.size, fast)
      let target = to.layout(shape.outChannels, size: outSize, fast)
      var arena = Arena()
      let layer = try make(fast, outputs, numbers.finish(outputs), &arena)
      let input = arena.place(source.packed(map))
      let output = arena.reserve(target.count)
      let places = numbers.places(
        &arena, input: input, style: arena.place(inputs.spread(style)), output: output,
        slots: outputs)
      let scratch = arena.reserve(layer.scratchCount)

      let access = layer.access(places)
      #expect(access.writes == [output..<(output + target.count)], "\(set)")
      #expect(access.reads.first == input..<(input + source.count), "\(set)")
      #expect(access.scratch == layer.scratchCount, "\(set)")

      let job = Job(
        arena: arena, rows: outSize, output: output..<(output + target.count),
        scratch: scratch..<(scratch + layer.scratchCount), multiple: layer.multiple,
        written: { [target.range($0, at: output)] },
        run: { buffer, rows in
          var next = rows.lowerBound
          layer.run(buffer, places, rows, scratch) { band in
            // Bands come in order and are done when they are shown.
            #expect(band.lowerBound == next && !band.isEmpty)
            next = band.upperBound
            let range = target.range(band, at: output)
            #expect(areFinite(buffer.read(at: range.lowerBound, count: range.count)))
          }
          #expect(next == rows.lowerBound || next == rows.upperBound)
        })
      let found = job.result("\(set)")
      #expect(areFinite(found), "\(set): unused lanes too")
      #expect(exact.mismatch(target.planes(found)) == nil, "\(set)")
    }
  }
}

extension LayerTrial.Layer {
  init(_ layer: any ConvLayer) {
    scratchCount = layer.scratchCount
    multiple = layer.rowMultiple
    access = { layer.access($0) }
    run = { layer.run($0, $1, rows: $2, scratch: $3, after: $4) }
  }

  init(_ layer: any RowSource) {
    scratchCount = layer.scratchCount
    multiple = 1
    access = { layer.access($0) }
    run = { buffer, places, rows, scratch, _ in
      _ = layer.run(buffer, places, rows: rows, scratch: scratch, continuing: 0)
    }
  }

  init(_ layer: FastUpConv) {
    scratchCount = layer.scratchCount
    multiple = 1
    access = { layer.access($0) }
    run = { buffer, places, rows, scratch, _ in
      layer.run(buffer, places, rows: rows, scratch: scratch)
    }
  }

  /// A separable layer that reads a map; its modulated weights begin its scratch.
  ///
  /// `deals` does the pairs of output blocks one by one, from the last.
  init(_ layer: FastSeparable, size: Int, deals: Bool) {
    let ownScratch = layer.scratchCount(keepsRows: true)
    scratchCount = ownScratch + layer.weightCount
    multiple = 1
    func places(_ at: LayerPlaces, _ weights: Int) -> SeparablePlaces {
      SeparablePlaces(
        input: MapRows(place: at.input, row: layer.inputRow, held: size),
        output: MapRows(place: at.output, row: layer.outputRow, held: size), weights: weights,
        zeros: 0)
    }
    access = {
      var access = layer.access($0, places($0, 0), rows: 0..<size)
      access.scratch += layer.weightCount
      return access
    }
    run = { buffer, at, rows, scratch, band in
      layer.modulate(buffer, style: at.style, into: scratch)
      let parts = deals ? layer.pairs : 1
      for part in (0..<parts).reversed() {
        layer.run(
          buffer, at, places(at, scratch), rows: rows, pairs: deals ? part..<(part + 1) : nil,
          scratch: scratch + layer.weightCount
        ) { y, row in
          #expect(row == at.output + y * layer.outputRow)
          if !deals { band(y..<(y + 1)) }
        }
      }
    }
  }

  /// A separable layer behind an inverse Haar transform, whose prepared rows begin its scratch.
  init(_ haar: FastHaar, _ layer: FastSeparable, up: Int, zeros: Int, size: Int) {
    let preparedCount = haar.outputRow * size
    scratchCount = preparedCount + layer.scratchCount(keepsRows: true)
    multiple = 1
    func places(_ at: LayerPlaces, _ prepared: Int) -> SeparablePlaces {
      SeparablePlaces(
        input: MapRows(place: prepared, row: haar.outputRow, held: size),
        output: MapRows(place: at.output, row: layer.outputRow, held: size), weights: 0,
        zeros: zeros)
    }
    access = { at in
      var access = Access("")
      access.read(at.input, haar.inputRow * size / 2)
      let inner = layer.access(at, places(at, 0), rows: 0..<size)
      access.writes = inner.writes
      access.scratch = preparedCount + inner.scratch
      return access
    }
    run = { buffer, at, rows, scratch, band in
      let places = places(at, scratch)
      for y in 0..<(size / 2) {
        haar.run(
          buffer, source: at.input + y * haar.inputRow, y: y, up: up, style: at.style,
          output: places.input)
      }
      layer.run(buffer, at, places, rows: rows, scratch: scratch + preparedCount) { y, _ in
        band(y..<(y + 1))
      }
    }
  }
}
