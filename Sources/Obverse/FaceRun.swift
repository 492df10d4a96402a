import Kernels
import Synchronization

/// One face on its way through a plan: what each worker does, in which order.
@safe
final class FaceRun: SharedWork {
  private let plan: Plan
  private let arena: FloatBuffer
  private let wDim: Int
  private let wsCount: Int
  private let imageChannels: Int
  private let resolution: Int
  private let cancellation: Cancellation
  /// The first step that is left out.
  ///
  /// A number rather than a flag: a worker that is late to look after the barrier before step n must
  /// not see what the first worker has meanwhile decided about n + 1.
  private let end = Atomic<Int>(.max)

  /// Whether to map the input vector at the plan's first place, and to spread it over ws.
  var maps = false
  /// `wAverage`, psi and cutoff, if truncation changes anything.
  var truncation: (average: FloatBuffer, psi: Float, cutoff: Int)?
  var synthesizes = false
  var noise = NoiseMode.const
  /// Told when each part begins, or nil.
  var clock: StepClock?
  /// Receives the image as bytes while it is in cache, or nil.
  var bytes: UnsafeMutablePointer<UInt8>?

  init(_ model: Model, _ arena: FloatBuffer, _ cancellation: Cancellation) {
    plan = model.plan
    self.arena = arena
    wDim = model.wDim
    wsCount = model.wsCount
    imageChannels = model.imageChannels
    resolution = model.resolution
    self.cancellation = cancellation
  }

  /// Whether the last run ended before its time.
  var wasCancelled: Bool { end.load(ordering: .relaxed) != .max }

  /// To be called before each run.
  func prepare() {
    end.store(.max, ordering: .relaxed)
  }

  func work(_ index: Int, _ workers: Workers) {
    if index == 0 { clock?.stamp() }
    if maps { map(index, workers) }
    guard synthesizes else { return }
    if index == 0 { clock?.stamp() }
    makeStyles(index, workers)
    for (number, step) in plan.steps.enumerated() {
      guard goesOn(number, index, workers) else { return }
      if index == 0 { clock?.stamp() }
      run(
        step, share(step.rows, index, workers, multiple: step.rowMultiple),
        scratch: plan.sharedCount + index * plan.scratchCount)
    }
  }

  /// Does all steps alone; `body` gets what each touches, and does it by the closure.
  func each(_ workers: Workers, _ body: (Access, FloatBuffer, () -> Void) -> Void) {
    precondition(workers.count == 1)
    makeStyles(0, workers)
    for step in plan.steps {
      body(step.access(noise: plan.noise, resolution: resolution), arena) {
        run(step, 0..<step.rows, scratch: plan.sharedCount)
      }
    }
  }

  /// Does all steps alone; `body` sees each whole map of the chain as `[C, H, W]`.
  func trace(_ workers: Workers, _ body: (String, [Float]) -> Void) {
    precondition(workers.count == 1)
    makeStyles(0, workers)
    for step in plan.steps {
      run(step, 0..<step.rows, scratch: plan.sharedCount)
      let place: Int
      switch step.work {
      case .conv(_, let places, _, _), .upConv(_, let places), .separable(_, let places, _):
        place = places.output
      case .block(let block, _, _):
        guard block.keepsMap else { continue }
        place = block.same.output
      case .transpose, .skip, .haarImage: continue
      }
      let lanes = plan.fast.lanes
      let plane = step.size * step.size
      let blocks = step.slots.count / lanes
      let channels = (step.slots.channels.max() ?? -1) + 1
      var map = [Float](repeating: 0, count: channels * plane)
      for (slot, channel) in step.slots.channels.enumerated() where channel >= 0 {
        if step.isPlanar {
          for y in 0..<step.size {
            for x in 0..<step.size {
              map[channel * plane + y * step.size + x] =
                arena[place + (y * channels + channel) * step.size + x]
            }
          }
          continue
        }
        for y in 0..<step.size {
          let row = place + (y * blocks + slot / lanes) * step.size * lanes + slot % lanes
          for x in 0..<step.size {
            map[channel * plane + y * step.size + x] = arena[row + x * lanes]
          }
        }
      }
      // A block has no whole map behind its first convolution.
      for name in step.layers where !name.hasSuffix("torgb") {
        if step.layers.count > 1, name.hasSuffix("conv0") || name.hasSuffix("filter") { continue }
        body(name, map)
      }
    }
  }

  /// Waits for the others before step `number`; false when someone asked to stop.
  private func goesOn(_ number: Int, _ index: Int, _ workers: Workers) -> Bool {
    if index == 0, cancellation.poll() { end.store(number, ordering: .relaxed) }
    workers.barrier()
    return number < end.load(ordering: .relaxed)
  }

  /// The rows of worker `index`.
  private func share(
    _ rows: Int, _ index: Int, _ workers: Workers, multiple: Int = 1
  ) -> Range<Int> {
    let units = rows / multiple
    return
      (units * index / workers.count * multiple)..<(units * (index + 1) / workers.count
      * multiple)
  }

  /// z (normalised, embedding behind it) -> w -> truncated ws.
  private func map(_ index: Int, _ workers: Workers) {
    var (input, output) = plan.mapped
    for layer in plan.mapping {
      layer.run(
        arena, input: input, output: output, rows: share(layer.outputs, index, workers),
        activated: true)
      swap(&input, &output)
      workers.barrier()
    }
    let w = unsafe UnsafePointer(arena.base + input)
    for entry in share(wsCount, index, workers) {
      let target = unsafe arena.base + (plan.ws + entry * wDim)
      guard let truncation, entry < truncation.cutoff else {
        unsafe target.update(from: w, count: wDim)
        continue
      }
      let (average, psi) = unsafe (truncation.average.base, truncation.psi)
      for i in 0..<wDim { unsafe target[i] = average[i] + psi * (w[i] - average[i]) }
    }
    workers.barrier()
  }

  /// All styles, demodulation factors and toRGB weights of the face.
  private func makeStyles(_ index: Int, _ workers: Workers) {
    for job in plan.styles {
      job.affine.run(
        arena, input: plan.ws + job.ws * wDim, output: job.style,
        rows: share(job.affine.outputs, index, workers), activated: false)
    }
    workers.barrier()
    for (i, job) in plan.styles.enumerated() where i % workers.count == index {
      if let (layer, squares, _) = job.demodulation {
        layer.square(arena, style: job.style, into: squares)
      }
      if let (layer, modulated) = job.image {
        layer.modulate(arena, style: job.style, into: modulated)
      }
      if let (slots, place) = job.haar {
        for (slot, channel) in slots.channels.enumerated() where channel >= 0 {
          arena[place + slot] = arena[job.style + channel]
        }
      }
    }
    workers.barrier()
    for job in plan.styles {
      guard let (layer, squares, factors) = job.demodulation else { continue }
      layer.run(
        arena, squares: squares, output: factors, rows: share(layer.rows, index, workers))
    }
  }

  private func run(_ step: Step, _ rows: Range<Int>, scratch: Int) {
    guard !rows.isEmpty else { return }
    switch step.work {
    case .conv(let layer, let places, let residual, let image):
      layer.run(arena, drawing(step, places, rows), rows: rows, scratch: scratch) { band in
        if let residual {
          residual.skip.add(arena, skip: residual.place, to: places.output, rows: band)
        }
        guard let image else { return }
        draw(
          image, step.size, map: places.output, rows: band, scratch: scratch + layer.scratchCount)
      }
    case .upConv(let layer, let places):
      layer.run(arena, drawing(step, places, rows), rows: rows, scratch: scratch)
    case .transpose(let layer, let places):
      layer.transpose(arena, places, rows: rows, scratch: scratch)
    case .block(let block, let residual, let image):
      let (up, drawUp) = drawing(block.up, block.upNoise)
      let (same, drawSame) = drawing(block.same, block.sameNoise)
      block.layer.run(
        arena, up, same, drawUp: drawUp, drawSame: drawSame, rows: rows, scratch: scratch
      ) { band, map in
        if let residual { residual.skip.add(arena, skip: residual.place, to: map, rows: band) }
        guard let image else { return }
        draw(image, step.size, map: map, rows: band, scratch: scratch + block.layer.scratchCount)
      }
    case .skip(let layer, let input, let output):
      layer.run(arena, input: input, output: output, rows: rows)
    case .separable(let layer, let places, let haarStyle):
      layer.run(
        arena, drawing(step, places, rows), haarStyle: haarStyle, rows: rows, scratch: scratch
      ) { _ in }
    case .haarImage(let layer, let map, let style, let image):
      layer.run(arena, map: map, style: style, image: image, rows: rows, scratch: scratch)
      if unsafe bytes != nil {
        writeBytes(
          plan.image, plane: resolution * resolution, (2 * rows.lowerBound)..<(2 * rows.upperBound))
      }
    }
  }

  /// The layer's places with the noise of this face, which the worker draws for its rows.
  private func drawing(_ step: Step, _ places: LayerPlaces, _ rows: Range<Int>) -> LayerPlaces {
    var places = places
    switch noise {
    case .const: break
    case .none: places.noise = nil
    case .random(let seed):
      places.noise = nil
      if let layer = step.noise {
        DrawnNoise.fill(
          arena, at: plan.noise, size: step.size, rows: rows, seed: seed, layer: layer)
        places.drawnNoise = plan.noise
      }
    }
    return places
  }

  /// The layer's places with the noise of this face, and what draws rows of it.
  private func drawing(
    _ places: LayerPlaces, _ layer: Int?
  ) -> (LayerPlaces, FastBlock.Draw?) {
    var places = places
    switch noise {
    case .const: return (places, nil)
    case .none:
      places.noise = nil
      return (places, nil)
    case .random(let seed):
      places.noise = nil
      return (places, layer.map { FastBlock.Draw(seed: seed, layer: $0) })
    }
  }

  /// What toRGB adds to the image, and the bytes of the last one.
  ///
  /// Where bytes are asked for, the last image itself is never whole: a row at a time becomes bytes.
  private func draw(
    _ image: Step.ImagePlaces, _ size: Int, map: Int, rows: Range<Int>, scratch: Int
  ) {
    let isBytes = unsafe size == resolution && bytes != nil
    guard isBytes else {
      image.toRGB.run(
        arena, map: map, modulated: image.modulated, previous: image.previous, image: image.image,
        plane: size * size, rows: rows, scratch: scratch)
      return
    }
    let line = scratch + image.toRGB.scratchCount
    for y in rows {
      image.toRGB.run(
        arena, map: map, modulated: image.modulated, previous: image.previous,
        image: line - y * size, plane: size, rows: y..<(y + 1), scratch: scratch)
      writeBytes(line - y * size, plane: size, y..<(y + 1))
    }
  }

  private func writeBytes(_ image: Int, plane: Int, _ rows: Range<Int>) {
    guard let bytes = unsafe bytes else { return }
    unsafe plan.fast.byteRows(
      arena.base + image, plane: plane, channels: imageChannels, size: resolution,
      first: rows.lowerBound, last: rows.upperBound, into: bytes)
  }
}
