import Torch

/// Changes pictures so that gradients pass, and gradients of gradients too.
///
/// Source: Karras et al. 2020, arXiv:2006.06676, appendix B. As in NVlabs' code places change in a
/// picture of twice the size, made and unmade by an orthogonal wavelet's low-pass (sym6).
struct Augmentation {
  private static let taps: [Float] = [
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
    0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
    -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
  ].map { $0 / Float(2).squareRoot() }
  /// Pixels around a picture that the filters see, on either side of the change.
  private static let border = 3

  private var doublings: [Int: Tensor] = [:]
  private var halvings: [Int: Tensor] = [:]

  /// - Parameters:
  ///   - images: `[N, 3, S, S]`, or one channel, which is grey.
  ///   - changes: One for each.
  /// - Returns: The changed images, in 32 bits.
  mutating func changed(_ images: Tensor, _ changes: [ImageChange]) -> Tensor {
    precondition(images.shape[0] == changes.count, "\(changes.count) changes")
    let images = images.inFullPrecision
    return Torch.withBFloat16(false) { recoloured(moved(images, changes), changes) }
  }

  private mutating func moved(_ images: Tensor, _ changes: [ImageChange]) -> Tensor {
    let size = images.shape[3]
    let places = changes.map { $0.places(size: size) }
    guard places.contains(where: { $0 != .identity(3) }) else { return images }
    let pad = Self.margins(places, size: size)
    let mirrored = images.padded(
      left: pad.left, right: pad.right, top: pad.top, bottom: pad.bottom, mirrors: true)
    let (height, width) = (mirrored.shape[2], mirrored.shape[3])
    let device = images.device
    let twice = doubling(height, on: device).times(mirrored)
      .times(doubling(width, on: device).permuted([1, 0]))

    let outSize = 2 * (size + 2 * Self.border)
    let toPixels = Double(outSize) / 2
    var rows: [Float] = []
    for place in places {
      let inPadded =
        .translation(Double(pad.left - pad.right) / 2, Double(pad.top - pad.bottom) / 2) * place
      let inTwice =
        .translation(-0.5, -0.5) * .scale(2, 2) * inPadded * .scale(0.5, 0.5)
        * .translation(0.5, 0.5)
      let inUnits =
        SquareMatrix.scale(1 / Double(width), 1 / Double(height)) * inTwice
        * .scale(toPixels, toPixels)
      rows += inUnits.rows[0..<2].joined().map(Float.init)
    }
    let warped = twice.warped(
      by: .values(rows, [places.count, 2, 3], on: device), height: outSize, width: outSize)
    let half = halving(outSize, on: device)
    return half.times(warped).times(half.permuted([1, 0]))
  }

  /// How far outside the pictures the changes look, at most one picture's size.
  private static func margins(
    _ places: [SquareMatrix], size: Int
  ) -> (left: Int, right: Int, top: Int, bottom: Int) {
    let centre = Double(size - 1) / 2
    var (least, most) = (
      (x: Double.infinity, y: Double.infinity), (x: -Double.infinity, y: -Double.infinity)
    )
    for place in places {
      for (x, y) in [(-centre, -centre), (centre, -centre), (centre, centre), (-centre, centre)] {
        let (u, v) = (
          place.rows[0][0] * x + place.rows[0][1] * y + place.rows[0][2],
          place.rows[1][0] * x + place.rows[1][1] * y + place.rows[1][2]
        )
        least = (min(least.x, u), min(least.y, v))
        most = (max(most.x, u), max(most.y, v))
      }
    }
    func margin(_ reach: Double) -> Int {
      Int(min(max(reach + Double(2 * border) - centre, 0), Double(size - 1)).rounded(.up))
    }
    return (margin(-least.x), margin(most.x), margin(-least.y), margin(most.y))
  }

  private func recoloured(_ images: Tensor, _ changes: [ImageChange]) -> Tensor {
    let (n, c, s) = (images.shape[0], images.shape[1], images.shape[3])
    let colours = changes.map(\.colours)
    guard colours.contains(where: { $0 != .identity(4) }) else { return images }
    let factors: [Double]
    let summands: [Double]
    if c == 3 {
      factors = colours.flatMap { $0.rows[0..<3].flatMap { $0[0..<3] } }
      summands = colours.flatMap { $0.rows[0..<3].map { $0[3] } }
    } else {
      // A grey picture is three equal ones, whose mean is taken.
      factors = colours.map { $0.rows[0..<3].reduce(0) { $0 + $1[0..<3].reduce(0, +) } / 3 }
      summands = colours.map { $0.rows[0..<3].reduce(0) { $0 + $1[3] } / 3 }
    }
    let flat = Tensor.values(factors.map(Float.init), [n, c, c], on: images.device)
      .times(images.reshaped([n, c, s * s]))
    let shift = Tensor.values(summands.map(Float.init), [n, c, 1], on: images.device)
    return (flat + shift).reshaped([n, c, s, s])
  }

  /// `[2 * size, size]`: zeros between the pixels, then the low-pass with gain 2, mirrored in time.
  private mutating func doubling(_ size: Int, on device: Device) -> Tensor {
    if let made = doublings[size] { return made }
    var matrix = [Float](repeating: 0, count: 2 * size * size)
    for i in 0..<2 * size {
      for (k, tap) in Self.taps.reversed().enumerated() {
        let spread = i + k - 6
        if spread >= 0, spread.isMultiple(of: 2), spread / 2 < size {
          matrix[i * size + spread / 2] = 2 * tap
        }
      }
    }
    let made = Tensor.values(matrix, [2 * size, size], on: device)
    doublings[size] = made
    return made
  }

  /// `[size / 2 - 6, size]`: the low-pass, then every second pixel, without the border.
  private mutating func halving(_ size: Int, on device: Device) -> Tensor {
    if let made = halvings[size] { return made }
    let outSize = size / 2 - 2 * Self.border
    var matrix = [Float](repeating: 0, count: outSize * size)
    for i in 0..<outSize {
      for (k, tap) in Self.taps.enumerated() { matrix[i * size + 2 * i + k + 1] = tap }
    }
    let made = Tensor.values(matrix, [outSize, size], on: device)
    halvings[size] = made
    return made
  }
}
