/// Planes `[channels, size, size]` computed in Double, and how far a kernel may be from them.
///
/// A value is a sum of products. Whatever order a kernel takes, each product passes at most
/// `roundings` roundings on its way, so that the error is at most γ(roundings) Σ |products|, where
/// γ(n) = n u / (1 - n u) and u = 2⁻²⁴ (Higham, Accuracy and Stability, section 3.1). Operations
/// add to `roundings` what a kernel may round; a fused multiply-add rounds once less. Leaky ReLU and
/// clamp do not enlarge an error. (Double's own error is 2⁻²⁹ of the bound and left out.)
///
/// Winograd's bound is a likely one: roundings that are independent and of mean zero add up to a normal
/// error whose deviation is √roundings √(Σ products²) u at most (Higham and Mary 2019). Six times that
/// is exceeded once in 500 million values; twelve, since the values of a tile share their roundings.
struct Exact {
  let channels: Int
  let size: Int
  var values: [Double]
  /// Σ |products|, or the root of the sum of their squares.
  var magnitudes: [Double]
  var roundings = 0
  /// Whether the bound is a likely one and magnitudes are √(Σ products²).
  var isLikely = false

  init(_ planes: [Float], size: Int) {
    channels = planes.count / (size * size)
    self.size = size
    values = planes.map { Double($0) }
    magnitudes = values.map { abs($0) }
  }

  private init(zeros channels: Int, size: Int) {
    self.channels = channels
    self.size = size
    values = [Double](repeating: 0, count: channels * size * size)
    magnitudes = values
  }

  private var plane: Int { size * size }

  /// How far a kernel's value may be from `values[i]`.
  func bound(_ i: Int) -> Double {
    if isLikely { return 12 * Double(roundings).squareRoot() * 0x1p-24 * magnitudes[i] }
    let n = Double(roundings) * 0x1p-24
    return n / (1 - n) * magnitudes[i]
  }

  /// Says where `found` is farther away than the bound, or is NaN; nil if nowhere.
  func mismatch(_ found: [Float]) -> String? {
    guard found.count == values.count else { return "\(found.count) values" }
    for i in found.indices where !(abs(Double(found[i]) - values[i]) <= bound(i)) {
      return "channel \(i / plane), row \(i % plane / size), column \(i % size): "
        + "\(found[i]), not \(values[i]) to \(bound(i))"
    }
    return nil
  }

  /// Adds `weight` times `count` values to others.
  ///
  /// Pointers and a plain loop, since this must be quick in a debug build.
  private static func accumulate(
    _ weight: Double, _ from: UnsafePointer<Double>, count: Int, into: UnsafeMutablePointer<Double>,
    step: Int
  ) {
    var k = 0
    while k < count {
      into[k &* step] += weight * from[k]
      k &+= 1
    }
  }

  /// Adds plane `input` times `weight`, pixel (y, x) going to (step y + dy, step x + dx) if there is
  /// such a one.
  private mutating func add(
    _ source: Exact, _ input: Int, to output: Int, weight: Double, magnitude: Double, step: Int = 1,
    dy: Int, dx: Int
  ) {
    func places(_ d: Int) -> Range<Int> {
      let first = d < 0 ? (-d + step - 1) / step : 0
      return first..<max(first, min(source.size, (size - d + step - 1) / step))
    }
    let columns = places(dx)
    for y in places(dy) {
      let from = (input * source.size + y) * source.size + columns.lowerBound
      let to = (output * size + step * y + dy) * size + step * columns.lowerBound + dx
      source.values.withUnsafeBufferPointer { a in
        source.magnitudes.withUnsafeBufferPointer { b in
          values.withUnsafeMutableBufferPointer { c in
            magnitudes.withUnsafeMutableBufferPointer { d in
              guard !columns.isEmpty, let a = a.baseAddress, let b = b.baseAddress,
                let c = c.baseAddress, let d = d.baseAddress
              else { return }
              Exact.accumulate(weight, a + from, count: columns.count, into: c + to, step: step)
              Exact.accumulate(magnitude, b + from, count: columns.count, into: d + to, step: step)
            }
          }
        }
      }
    }
  }

  /// Each channel times its style: one rounding.
  func modulated(_ style: [Float]) -> Exact {
    var result = self
    for i in values.indices {
      result.values[i] *= Double(style[i / plane])
      result.magnitudes[i] *= abs(Double(style[i / plane]))
    }
    result.roundings += 1
    return result
  }

  /// A cross-correlation by `kernel` squared taps: a product's rounding and one for each term.
  func convolved(_ weight: [Float], kernel: Int) -> Exact {
    let taps = kernel * kernel
    let outputs = weight.count / (channels * taps)
    var result = Exact(zeros: outputs, size: size)
    for o in 0..<outputs {
      for i in 0..<channels {
        for k in 0..<taps {
          let w = Double(weight[(o * channels + i) * taps + k])
          result.add(
            self, i, to: o, weight: w, magnitude: abs(w), dy: kernel / 2 - k / kernel,
            dx: kernel / 2 - k % kernel)
        }
      }
    }
    result.roundings = roundings + 1 + taps * channels
    return result
  }

  /// A 3x3 of each channel.
  func depthwise(_ weight: [Float]) -> Exact {
    var result = Exact(zeros: channels, size: size)
    for c in 0..<channels {
      for k in 0..<9 {
        let w = Double(weight[c * 9 + k])
        result.add(self, c, to: c, weight: w, magnitude: abs(w), dy: 1 - k / 3, dx: 1 - k % 3)
      }
    }
    result.roundings = roundings + 10
    return result
  }

  /// Transposed convolution and resample filter as one kernel of 6 x 6.
  ///
  /// Tap k of pixel y is raw 2y + k, which the filter takes to output Y by f[2y + k - Y + 1], so that
  /// Y = 2y + t gets G[t] = Σₖ w[k] f[k - t + 1] for t of -2 ... 3. A raw value has four taps at most;
  /// a pass of the filter adds, triples and adds.
  func upConvolved(_ weight: [Float]) -> Exact {
    let filter = [0.25, 0.75, 0.75, 0.25]  // gain 2 an axis
    let outputs = weight.count / (channels * 9)
    var result = Exact(zeros: outputs, size: 2 * size)
    for o in 0..<outputs {
      for i in 0..<channels {
        for ty in -2...3 {
          for tx in -2...3 {
            var (sum, magnitude) = (0.0, 0.0)
            for ky in 0..<3 where filter.indices.contains(ky - ty + 1) {
              for kx in 0..<3 where filter.indices.contains(kx - tx + 1) {
                let w = Double(weight[(o * channels + i) * 9 + ky * 3 + kx])
                let f = filter[ky - ty + 1] * filter[kx - tx + 1]
                sum += w * f
                magnitude += abs(w) * f
              }
            }
            result.add(self, i, to: o, weight: sum, magnitude: magnitude, step: 2, dy: ty, dx: tx)
          }
        }
      }
    }
    result.roundings = roundings + 1 + 4 * channels + 6
    return result
  }

  /// Planes of twice the size: a quarter, three, three and a quarter of each pixel along each axis.
  func upsampled() -> Exact {
    var result = Exact(zeros: channels, size: 2 * size)
    let filter = [0.25, 0.75, 0.75, 0.25]
    for c in 0..<channels {
      for t in 0..<16 {
        let f = filter[t / 4] * filter[t % 4]
        result.add(
          self, c, to: c, weight: f, magnitude: f, step: 2, dy: t / 4 - 1, dx: t % 4 - 1)
      }
    }
    result.roundings = roundings + 4
    return result
  }

  /// The inverse Haar transform: three sums.
  func inverseHaar() -> Exact {
    let count = channels / 4
    var result = Exact(zeros: count, size: 2 * size)
    // Rows: pixel (dy, dx) of the four; columns: low-pass and three details.
    let signs: [[Double]] = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
    for c in 0..<count {
      let bands = [c, count + 3 * c, count + 3 * c + 1, count + 3 * c + 2]
      for pixel in 0..<4 {
        for k in 0..<4 {
          result.add(
            self, bands[k], to: c, weight: signs[pixel][k] / 2, magnitude: 0.5, step: 2,
            dy: pixel / 2, dx: pixel % 2)
        }
      }
    }
    result.roundings = roundings + 3
    return result
  }

  /// `clamp(gain * leakyReLU(x * factor + strength * noise + bias))`: noise rounds twice on its way
  /// into the offset, the sum twice, slope and gain once each.
  func finished(
    factors: [Float]?, noise: [Float]?, strength: Float, bias: [Float], slope: Float, gain: Float,
    clamp: Float?
  ) -> Exact {
    var result = self
    let limit = clamp.map { Double($0) } ?? .infinity
    for i in values.indices {
      let c = i / plane
      let factor = factors.map { Double($0[c]) } ?? 1
      let drawn = noise.map { Double($0[i % plane]) * Double(strength) } ?? 0
      let y = values[i] * factor + drawn + Double(bias[c])
      let leaky = (y < 0 ? y * Double(slope) : y) * Double(gain)
      result.values[i] = min(max(leaky, -limit), limit)
      result.magnitudes[i] =
        (magnitudes[i] * abs(factor) + abs(drawn) + abs(Double(bias[c]))) * Double(gain)
    }
    result.roundings += 6
    return result
  }

  /// The sum of both: one rounding.
  static func + (a: Exact, b: Exact) -> Exact {
    var result = a
    for i in a.values.indices {
      result.values[i] += b.values[i]
      result.magnitudes[i] += b.magnitudes[i]
    }
    result.roundings = max(a.roundings, b.roundings) + 1
    return result
  }
}
