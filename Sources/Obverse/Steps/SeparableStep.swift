import Kernels

/// A depthwise and pointwise pair; then, while the rows are in cache, the next block's inverse Haar
/// transform or the image.
final class SeparableStep: Step {
  /// What workers share.
  enum Deal: Sendable {
    case rows
    /// Pairs of blocks of output channels, of small maps.
    case outputs
  }

  /// What is made of the rows while they are in cache, instead of a map.
  enum Rider: Sendable {
    case none
    case haar(HaarPart, to: MapRows)
    case image(HaarImagePart)
  }

  private let kernel: FastSeparable
  private let layer: StyledLayer
  private let places: SeparablePlaces
  private let deal: Deal
  private let rider: Rider
  let output: FeatureMap?

  init(
    _ kernel: FastSeparable, _ layer: StyledLayer, _ places: SeparablePlaces, _ deal: Deal,
    _ rider: Rider, map: FeatureMap?
  ) {
    self.kernel = kernel
    self.layer = layer
    self.places = places
    self.deal = deal
    self.rider = rider
    output = map
  }

  var parts: [StepPart] {
    let convolution = layer.part(.conv())
    return switch rider {
    case .none: [convolution]
    case .haar(let haar, _): [convolution, haar.part]
    case .image(let image): [convolution, image.part]
    }
  }

  var rows: Int {
    switch deal {
    case .rows: layer.size
    case .outputs: kernel.pairs
    }
  }

  var precision: Precision? { kernel.precision }

  var leavesMap: Bool {
    if case .image = rider { false } else { true }
  }

  func access(rows: Range<Int>) -> Access {
    let mapRows =
      switch deal {
      case .rows: rows
      case .outputs: 0..<layer.size
      }
    var access = kernel.access(layer.places, places, rows: mapRows)
    switch rider {
    case .none: break
    case .haar(let haar, let target):
      access.add(haar.access(to: target, rows: mapRows))
      access.join("Haar rows", has: kernel.outputRow, needs: haar.kernel.inputRow)
    case .image(let image):
      access.add(image.access(rows: mapRows))
      access.join("image rows", has: kernel.outputRow, needs: image.kernel.mapRow)
    }
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    let (styled, _) = layer.places(face)
    switch deal {
    case .outputs:
      kernel.run(
        face.arena, styled, places, rows: 0..<layer.size, pairs: rows, scratch: scratch
      ) { _, _ in }
    case .rows:
      let rest = scratch + kernel.scratchCount(keepsRows: places.output != nil)
      kernel.run(face.arena, styled, places, rows: rows, scratch: scratch) { y, row in
        switch rider {
        case .none: break
        case .haar(let haar, let target): haar.run(face.arena, source: row, y: y, to: target)
        case .image(let image): image.run(face, source: row, y: y, scratch: rest)
        }
      }
    }
  }
}
