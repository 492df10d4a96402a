// The specification: StyleGAN2 (Karras et al. 2020) and MobileStyleGAN (Belousov 2021) as plain loops
// over planes [C, H, W]. Sums are taken in Double and rounded once.

/// Slow and plain operators; `Fast` must agree with them.
package enum Reference {
  /// `z / sqrt(mean(z²) + 1e-8)`.
  package static func normalized(_ z: [Float]) -> [Float] {
    var mean = 0.0
    for value in z { mean += Double(value) * Double(value) }
    let scale = 1 / (mean / Double(z.count) + 1e-8).squareRoot()
    return z.map { Float(Double($0) * scale) }
  }

  /// `W x + b`, `W` row-major `[out, in]`.
  package static func dense(_ x: [Float], weight: [Float], bias: [Float]) -> [Float] {
    bias.indices.map { o in
      var sum = Double(bias[o])
      for i in x.indices { sum += Double(weight[o * x.count + i]) * Double(x[i]) }
      return Float(sum)
    }
  }

  /// `clamp(gain * leakyReLU(x))`.
  package static func activated(
    _ x: [Float], slope: Float, gain: Float, clamp: Float? = nil
  ) -> [Float] {
    let limit = clamp ?? .infinity
    return x.map { value in
      min(max((value < 0 ? value * slope : value) * gain, -limit), limit)
    }
  }

  /// Demodulation `d[o] = rsqrt(Σ (W[o, i, k] s[i])² + 1e-8)`, equation 3 of StyleGAN2.
  package static func demodulation(weight: [Float], style: [Float], outChannels: Int) -> [Float] {
    let perOutput = weight.count / outChannels
    let taps = perOutput / style.count
    return (0..<outChannels).map { o in
      var sum = 1e-8
      for i in style.indices {
        for k in 0..<taps {
          let product = Double(weight[o * perOutput + i * taps + k]) * Double(style[i])
          sum += product * product
        }
      }
      return Float(1 / sum.squareRoot())
    }
  }

  /// Each channel times its style.
  package static func modulated(_ x: [Float], style: [Float]) -> [Float] {
    let plane = x.count / style.count
    return x.indices.map { x[$0] * style[$0 / plane] }
  }

  /// A 3x3 cross-correlation with a border of zeros: `[I, size, size]` to `[O, size, size]`.
  package static func conv3x3(
    _ x: [Float], weight: [Float], inChannels: Int, size: Int
  ) -> [Float] {
    let outChannels = weight.count / (9 * inChannels)
    var out = [Float](repeating: 0, count: outChannels * size * size)
    for o in 0..<outChannels {
      for y in 0..<size {
        for column in 0..<size {
          var sum = 0.0
          for i in 0..<inChannels {
            for ky in 0..<3 where y + ky - 1 >= 0 && y + ky - 1 < size {
              for kx in 0..<3 where column + kx - 1 >= 0 && column + kx - 1 < size {
                sum +=
                  Double(weight[(o * inChannels + i) * 9 + ky * 3 + kx])
                  * Double(x[(i * size + y + ky - 1) * size + column + kx - 1])
              }
            }
          }
          out[(o * size + y) * size + column] = Float(sum)
        }
      }
    }
    return out
  }

  /// The transposed convolution of stride 2, kernel not flipped: `[O, 2 size + 1, 2 size + 1]`.
  package static func transposedConv3x3(
    _ x: [Float], weight: [Float], inChannels: Int, size: Int
  ) -> [Double] {
    let outChannels = weight.count / (9 * inChannels)
    let side = 2 * size + 1
    var out = [Double](repeating: 0, count: outChannels * side * side)
    for o in 0..<outChannels {
      for i in 0..<inChannels {
        for y in 0..<size {
          for column in 0..<size {
            let value = Double(x[(i * size + y) * size + column])
            for ky in 0..<3 {
              for kx in 0..<3 {
                out[(o * side + 2 * y + ky) * side + 2 * column + kx] +=
                  Double(weight[(o * inChannels + i) * 9 + ky * 3 + kx]) * value
              }
            }
          }
        }
      }
    }
    return out
  }

  /// An up-convolution, `[I, size, size]` to `[O, 2 size, 2 size]`.
  ///
  /// That is the transposed convolution, a border of one zero, then the resample filter
  /// outer([1, 3, 3, 1]) / 64 with gain 4.
  package static func upConv3x3(
    _ x: [Float], weight: [Float], inChannels: Int, size: Int
  ) -> [Float] {
    let raw = transposedConv3x3(x, weight: weight, inChannels: inChannels, size: size)
    return filtered(
      raw, channels: weight.count / (9 * inChannels), side: 2 * size + 1, padding: 1)
  }

  /// Doubles planes: zeros between the pixels, two before and one behind, then the same filter.
  package static func upsampled(_ x: [Float], channels: Int, size: Int) -> [Float] {
    let side = 2 * size + 1  // one zero before each pixel and one at the end
    var spread = [Double](repeating: 0, count: channels * side * side)
    for c in 0..<channels {
      for y in 0..<size {
        for column in 0..<size {
          spread[(c * side + 2 * y + 1) * side + 2 * column + 1] =
            Double(x[(c * size + y) * size + column])
        }
      }
    }
    return filtered(spread, channels: channels, side: side, padding: 1)
  }

  /// The resample filter on planes with `padding` zeros around: `side + 2 padding - 3` a side.
  private static func filtered(
    _ x: [Double], channels: Int, side: Int, padding: Int
  ) -> [Float] {
    let taps = [1.0, 3, 3, 1]
    let size = side + 2 * padding - 3
    var out = [Float](repeating: 0, count: channels * size * size)
    for c in 0..<channels {
      for y in 0..<size {
        for column in 0..<size {
          var sum = 0.0
          for ky in 0..<4 {
            for kx in 0..<4 {
              let (sy, sx) = (y + ky - padding, column + kx - padding)
              guard sy >= 0, sy < side, sx >= 0, sx < side else { continue }
              sum += taps[ky] * taps[kx] * x[(c * side + sy) * side + sx]
            }
          }
          out[(c * size + y) * size + column] = Float(sum * 4 / 64)
        }
      }
    }
    return out
  }

  /// A 1x1 convolution, `weight` `[O, I]`.
  package static func conv1x1(_ x: [Float], weight: [Float], inChannels: Int) -> [Float] {
    let plane = x.count / inChannels
    let outChannels = weight.count / inChannels
    var out = [Float](repeating: 0, count: outChannels * plane)
    for o in 0..<outChannels {
      for p in 0..<plane {
        var sum = 0.0
        for i in 0..<inChannels {
          sum += Double(weight[o * inChannels + i]) * Double(x[i * plane + p])
        }
        out[o * plane + p] = Float(sum)
      }
    }
    return out
  }

  /// A depthwise 3x3 with a border of zeros, `weight` `[C, 3, 3]`.
  package static func depthwise3x3(_ x: [Float], weight: [Float], size: Int) -> [Float] {
    let plane = size * size
    var out: [Float] = []
    for c in 0..<(weight.count / 9) {
      out += conv3x3(
        Array(x[(c * plane)..<((c + 1) * plane)]), weight: Array(weight[(c * 9)..<(c * 9 + 9)]),
        inChannels: 1, size: size)
    }
    return out
  }

  /// The inverse Haar transform: `[4 C, size, size]` to `[C, 2 size, 2 size]`, low-pass channels
  /// first, then three details for each.
  package static func inverseHaar(_ x: [Float], size: Int) -> [Float] {
    let plane = size * size
    let channels = x.count / plane / 4
    var out = [Float](repeating: 0, count: x.count)
    for c in 0..<channels {
      for y in 0..<size {
        for column in 0..<size {
          let p = y * size + column
          let low = x[c * plane + p]
          let a = x[(channels + 3 * c) * plane + p]
          let b = x[(channels + 3 * c + 1) * plane + p]
          let d = x[(channels + 3 * c + 2) * plane + p]
          let at = (c * 2 * size + 2 * y) * 2 * size + 2 * column
          out[at] = (low + a + b + d) / 2
          out[at + 1] = (low + a - b - d) / 2
          out[at + 2 * size] = (low - a + b - d) / 2
          out[at + 2 * size + 1] = (low - a - b + d) / 2
        }
      }
    }
    return out
  }

  /// `x * factors[c] + strength * noise + bias[c]`; noise is one plane for all channels.
  package static func finished(
    _ x: [Float], factors: [Float]?, noise: [Float]?, strength: Float, bias: [Float]
  ) -> [Float] {
    let plane = x.count / bias.count
    return x.indices.map { i in
      let c = i / plane
      let scaled = Double(x[i]) * Double(factors?[c] ?? 1)
      return Float(scaled + Double(strength) * Double(noise?[i % plane] ?? 0) + Double(bias[c]))
    }
  }

  /// `UInt8(clamp(127.5 x + 128, 0, 255))`, truncated, channels interleaved; NaN gives 0.
  package static func bytes(_ planes: [Float], channels: Int) -> [UInt8] {
    let plane = planes.count / channels
    return (0..<planes.count).map { i in
      let value = planes[i % channels * plane + i / channels] * 127.5 + 128
      return value > 0 ? UInt8(min(value, 255)) : 0
    }
  }
}
