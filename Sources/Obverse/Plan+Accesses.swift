import Kernels
import ModelFile

/// What each part of a face touches of the arena, in the order in which `FaceRun` does it.
extension Plan {
  /// Accesses between barriers, from the inputs to the finished picture.
  func phases(_ model: ModelDescription) -> [[Access]] {
    var phases: [[Access]] = []
    func access(_ name: String, _ body: (inout Access) -> Void) -> Access {
      var access = Access(name)
      body(&access)
      return access
    }
    var (input, output) = mapped
    phases.append([
      access("latent") { $0.write(input, model.zDim + (model.embed == nil ? 0 : model.wDim)) }
    ])
    for (number, layer) in mapping.enumerated() {
      phases.append([layer.access(input: input, output: output).named("fc\(number)")])
      swap(&input, &output)
    }
    phases.append([
      access("ws") {
        $0.read(input, model.wDim)
        $0.write(ws, model.wsCount * model.wDim)
      }
    ])
    phases.append(
      styles.map { job in
        job.affine.access(input: ws + job.ws * model.wDim, output: job.style).named("styles")
      })
    phases.append(styles.flatMap { $0.preparations })
    phases.append(
      styles.compactMap { job in
        job.demodulation.map { layer, squares, factors in
          layer.access(squares: squares, output: factors).named("demodulation")
        }
      })
    phases += steps.map { [$0.access(noise: noise, resolution: model.resolution)] }
    // Whoever asked for planes, or the bytes made of them.
    phases.append([
      access("picture") {
        $0.read(image, model.imageChannels * model.resolution * model.resolution)
      }
    ])
    return phases
  }
}

extension Access {
  func named(_ name: String) -> Access {
    var access = self
    access.name = name
    return access
  }

  /// Adds what rides on the same rows.
  fileprivate mutating func add(_ other: Access) {
    reads += other.reads
    writes += other.writes
    scratch += other.scratch
    joints += other.joints
  }
}

extension StyleJob {
  /// What is made of the style, without a barrier in between.
  fileprivate var preparations: [Access] {
    var accesses: [Access] = []
    if let (layer, squares, _) = demodulation {
      accesses.append(layer.squareAccess(style: style, into: squares).named("squares"))
    }
    if let (layer, modulated) = image {
      accesses.append(layer.modulateAccess(style: style, into: modulated).named("toRGB"))
    }
    if let (slots, place) = haar {
      var access = Access("Haar style")
      access.read(style, affine.outputs)
      access.write(place, slots.count)
      accesses.append(access)
    }
    return accesses
  }
}

extension Step {
  /// What the step touches for all rows, given the place of a plane of drawn noise.
  ///
  /// Where bytes are asked for, the picture of `resolution` is made a row at a time.
  package func access(noise plane: Int, resolution: Int) -> Access {
    var access: Access
    switch work {
    case .conv(let layer, let places, let residual, let image):
      access = layer.access(places)
      ride(&access, layer.outputRow, residual, image, resolution)
    case .upConv(let layer, let places): access = layer.access(places)
    case .transpose(let layer, let places): access = layer.transposeAccess(places)
    case .block(let block, let residual, let image):
      access = block.layer.access(block.up, block.same)
      ride(&access, block.layer.outRow, residual, image, resolution)
    case .skip(let layer, let input, let output):
      access = layer.access(input: input, output: output)
    case .separable(let layer, let places, let haarStyle):
      access = layer.access(places, haarStyle: haarStyle)
    case .haarImage(let layer, let map, let style, let image):
      access = layer.access(map: map, style: style, image: image)
    }
    if noise != nil { access.write(plane, size * size) }
    access.name = layers.joined(separator: "+")
    return access
  }

  /// Adds what is done to rows while they are in cache.
  private func ride(
    _ access: inout Access, _ outputRow: Int, _ residual: Residual?, _ image: ImagePlaces?,
    _ resolution: Int
  ) {
    if let residual {
      access.read(residual.place, residual.skip.count)
      access.join("output rows", has: outputRow, needs: residual.skip.addedRow)
    }
    if let image {
      access.join("output rows", has: outputRow, needs: image.toRGB.mapRow)
      access.add(
        image.toRGB.access(
          size: size, modulated: image.modulated, previous: image.previous, image: image.image))
      // A line of the last image, to become bytes.
      if size == resolution { access.scratch += size * image.toRGB.imageChannels }
    }
  }
}
