import Kernels

/// A shape in each algorithm that can take it: the name, and what does all rows once.
func layers(_ shape: Shape, _ fast: Fast) throws -> [(name: String, run: () -> Void)] {
  let (size, inputs) = (shape.size, shape.inputs)
  let slots = ChannelSlots.plain(shape.outputs, lanes: fast.lanes)
  let weight = try FloatBuffer(noise(9 * inputs * shape.outputs))
  let finish = try Finish(
    bias: FloatBuffer(noise(shape.outputs)), slots: slots, slope: 0.2, gain: 1.4142135, clamp: nil)
  let side = shape.kind == .up ? size / 2 : size
  let padded = fast.blocks(inputs) * fast.lanes

  /// An arena with input, style, factors and noise; the rest is for the layer.
  func arena(
    raw: Int = 0, scratch: Int
  ) throws -> (FloatBuffer, LayerPlaces, raw: Int, scratch: Int) {
    let input = aligned(padded * side * side)
    let output = aligned(slots.count * size * size)
    let vectors = aligned(padded) + aligned(slots.count)
    let raw = aligned(raw)
    let buffer = try FloatBuffer(zeros: input + output + vectors + raw + scratch)
    buffer.write(noise(padded * side * side), at: 0)
    buffer.write(noise(padded).map { $0 + 1 }, at: input + output)
    buffer.write(noise(slots.count).map { $0 + 1 }, at: input + output + aligned(padded))
    var places = LayerPlaces(input: 0, style: input + output, output: input)
    places.factors = input + output + aligned(padded)
    places.noise = try FloatBuffer(noise(size * size))
    places.strength = 0.1
    let behind = input + output + vectors
    return (buffer, places, behind, behind + raw)
  }
  func whole(_ layer: any ConvLayer) throws -> () -> Void {
    let (buffer, places, _, scratch) = try arena(scratch: layer.scratchCount)
    return { layer.run(buffer, places, rows: 0..<size, scratch: scratch) { _ in } }
  }

  var layers: [(name: String, run: () -> Void)] = []
  // The smallest maps of each algorithm: Winograd's tiles are 4 x 4, planar rows hold whole vectors.
  switch shape.kind {
  case .conv:
    layers.append(
      (
        "direct",
        try whole(
          FastConv(
            fast, weight: weight, size: size, inChannels: inputs, outputs: slots, finish: finish))
      ))
    if size >= 8 {
      layers.append(
        (
          "winograd",
          try whole(
            FastWinograd(
              fast, weight: weight, size: size, inChannels: inputs, outputs: slots, finish: finish))
        ))
    }
    if size >= 2 * fast.lanes {
      layers.append(
        (
          "planar",
          try whole(
            FastPlanarConv(
              fast, weight: weight, size: size, inChannels: inputs, outputs: slots, finish: finish))
        ))
    }
  case .up:
    let direct = try FastUpConv(
      fast, weight: weight, size: side, inChannels: inputs, outputs: slots, finish: finish)
    let (buffer, places, _, scratch) = try arena(scratch: direct.scratchCount)
    layers.append(
      ("direct", { direct.run(buffer, places, rows: 0..<size, scratch: scratch) }))
    if size >= 16 {
      let winograd = try FastWinogradUpConv(
        fast, weight: weight, size: side, inChannels: inputs, outputs: slots, finish: finish)
      let (buffer, places, raw, scratch) = try arena(
        raw: winograd.rawCount, scratch: winograd.scratchCount)
      var (first, second) = (places, places)
      first.output = raw
      second.input = raw
      layers.append(
        (
          "winograd",
          { [first, second] in
            winograd.transpose(buffer, first, rows: 0..<side, scratch: scratch)
            winograd.run(buffer, second, rows: 0..<size, scratch: scratch)
          }
        ))
    }
    if size >= 2 * fast.lanes {
      let planar = try FastPlanarUpConv(
        fast, weight: weight, size: side, inChannels: inputs, outChannels: shape.outputs,
        readsPlanar: true, finish: finish)
      let (buffer, places, _, scratch) = try arena(scratch: planar.scratchCount)
      layers.append(
        ("planar", { planar.run(buffer, places, rows: 0..<size, scratch: scratch) }))
    }
  case .separable:
    let layer = try FastSeparable(
      fast, depthwise: FloatBuffer(noise(9 * inputs)),
      pointwise: FloatBuffer(noise(inputs * shape.outputs)), size: size, inChannels: inputs,
      outputs: slots, finish: finish, readsPrepared: false)
    let (buffer, at, weights, scratch) = try arena(
      raw: layer.weightCount, scratch: layer.scratchCount(keepsRows: true))
    let places = SeparablePlaces(
      input: MapRows(place: at.input, row: layer.inputRow, held: size),
      output: MapRows(place: at.output, row: layer.outputRow, held: size), weights: weights,
      zeros: 0)
    layers.append(
      (
        "separable",
        {
          layer.modulate(buffer, style: at.style, into: weights)
          layer.run(buffer, at, places, rows: 0..<size, scratch: scratch) { _, _ in }
        }
      ))
  }
  return layers
}

/// Whole cache lines.
private func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

/// Values of -0.5 to 0.5, the same each time; arithmetic does not depend on them.
private func noise(_ count: Int) -> [Float] {
  var state: UInt32 = 1
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return Float(state >> 8) / 16_777_216 - 0.5
  }
}
