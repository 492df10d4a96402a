// The order of weights that the tiles read: one stream, front to back.

/// Which channel stands in each lane of a padded map; -1 for none.
package struct ChannelSlots: Sendable {
  package let channels: [Int]

  /// Channels in order, padded at the end.
  package static func plain(_ count: Int, lanes: Int) -> ChannelSlots {
    let padded = (count + lanes - 1) / lanes * lanes
    return ChannelSlots(channels: (0..<padded).map { $0 < count ? $0 : -1 })
  }

  /// Channels for an inverse Haar transform: the low-pass quarter, then the first, the second and the
  /// third details, each padded to whole blocks, so that the four values of a sum share a lane.
  package static func haar(_ count: Int, lanes: Int) -> ChannelSlots {
    let quarter = count / 4
    let padded = (quarter + lanes - 1) / lanes * lanes
    var channels = [Int](repeating: -1, count: 4 * padded)
    for c in 0..<quarter {
      channels[c] = c
      for detail in 0..<3 { channels[(detail + 1) * padded + c] = quarter + 3 * c + detail }
    }
    return ChannelSlots(channels: channels)
  }

  package var count: Int { channels.count }

  /// Spreads per-channel values over the slots, `rest` where no channel is.
  package func spread(_ values: [Float], rest: Float = 0) -> [Float] {
    channels.map { $0 < 0 ? rest : values[$0] }
  }
}

enum Packing {
  /// `[pair or single block][tap][input channel][lanes]` from `weight`, `[out][in][kernel]`.
  ///
  /// `kernelIndices` says which kernel element each tap takes, in the order of the taps.
  static func conv(
    _ weight: [Float], inChannels: Int, kernelSize: Int, kernelIndices: [Int],
    outputs: ChannelSlots, lanes: Int
  ) -> FloatBuffer {
    let packed = FloatBuffer(count: outputs.count * inChannels * kernelIndices.count)
    let blocks = outputs.count / lanes
    var at = 0
    var block = 0
    while block < blocks {
      let together = block + 1 < blocks ? 2 : 1
      for kernel in kernelIndices {
        for i in 0..<inChannels {
          for lane in 0..<(together * lanes) {
            let o = outputs.channels[block * lanes + lane]
            packed.base[at] = o < 0 ? 0 : weight[(o * inChannels + i) * kernelSize + kernel]
            at += 1
          }
        }
      }
      block += together
    }
    return packed
  }

  /// `[36][pair or single block][input channel][lanes]`: each 3x3 kernel as `G g Gᵀ`, the weights of
  /// F(4x4, 3x3).
  static func winograd(
    _ weight: [Float], inChannels: Int, outputs: ChannelSlots, lanes: Int
  ) -> FloatBuffer {
    let pairs = weight.count / 9
    var transformed = [Float](repeating: 0, count: pairs * 36)
    for pair in 0..<pairs {
      var rows = [Double](repeating: 0, count: 18)  // [6][3]
      for x in 0..<3 {
        let column = (0..<3).map { Double(weight[pair * 9 + $0 * 3 + x]) }
        for (y, value) in points(column[0], column[1], column[2]).enumerated() {
          rows[y * 3 + x] = value
        }
      }
      for y in 0..<6 {
        let line = points(rows[y * 3], rows[y * 3 + 1], rows[y * 3 + 2])
        for (x, value) in line.enumerated() { transformed[pair * 36 + y * 6 + x] = Float(value) }
      }
    }
    let count = outputs.count * inChannels
    let packed = FloatBuffer(count: count * 36)
    for point in 0..<36 {
      let part = conv(
        transformed, inChannels: inChannels, kernelSize: 36, kernelIndices: [point],
        outputs: outputs, lanes: lanes)
      (packed.base + point * count).update(from: part.base, count: count)
    }
    return packed
  }

  /// `[group][input channel][tap][output channel of it]` from `weight`, `[out][in][kernel]`; output
  /// channels are dealt out evenly to groups of `group` at most.
  static func planar(
    _ weight: [Float], inChannels: Int, outChannels: Int, kernelSize: Int, kernelIndices: [Int],
    group: Int
  ) -> FloatBuffer {
    let packed = FloatBuffer(count: outChannels * inChannels * kernelIndices.count)
    let groups = (outChannels + group - 1) / group
    var at = 0
    for g in 0..<groups {
      for i in 0..<inChannels {
        for kernel in kernelIndices {
          for o in (g * outChannels / groups)..<((g + 1) * outChannels / groups) {
            packed.base[at] = weight[(o * inChannels + i) * kernelSize + kernel]
            at += 1
          }
        }
      }
    }
    return packed
  }

  /// `[6]` times the above with the taps of a row: each kernel column as G g, the weights of F(4, 3)
  /// along columns.
  static func planarWinograd(
    _ weight: [Float], inChannels: Int, outChannels: Int, group: Int
  ) -> FloatBuffer {
    let pairs = weight.count / 9
    var transformed = [Float](repeating: 0, count: pairs * 18)  // [out][in][6][3]
    for pair in 0..<pairs {
      for x in 0..<3 {
        let column = (0..<3).map { Double(weight[pair * 9 + $0 * 3 + x]) }
        for (y, value) in points(column[0], column[1], column[2]).enumerated() {
          transformed[pair * 18 + y * 3 + x] = Float(value)
        }
      }
    }
    let packed = FloatBuffer(count: pairs * 18)
    for point in 0..<6 {
      let part = planar(
        transformed, inChannels: inChannels, outChannels: outChannels, kernelSize: 18,
        kernelIndices: [3 * point, 3 * point + 1, 3 * point + 2], group: group)
      (packed.base + point * 3 * pairs).update(from: part.base, count: 3 * pairs)
    }
    return packed
  }

  /// `[36][pair or single block][input channel][lanes]`: the weights of F(4, 2) along both axes for a
  /// transposed convolution; six of each axis, five points for its two even taps and the odd one.
  static func winogradUp(
    _ weight: [Float], inChannels: Int, outputs: ChannelSlots, lanes: Int
  ) -> FloatBuffer {
    let pairs = weight.count / 9
    // [out][in][6][6]: five points and the odd tap, along each axis.
    var transformed = [Float](repeating: 0, count: pairs * 36)
    for pair in 0..<pairs {
      var rows = [Double](repeating: 0, count: 18)  // [6][3]
      for x in 0..<3 {
        let column = (0..<3).map { Double(weight[pair * 9 + $0 * 3 + x]) }
        for (y, value) in pairPoints(column).enumerated() { rows[y * 3 + x] = value }
      }
      for y in 0..<6 {
        for (x, value) in pairPoints(Array(rows[(y * 3)..<(y * 3 + 3)])).enumerated() {
          transformed[pair * 36 + y * 6 + x] = Float(value)
        }
      }
    }
    let count = outputs.count * inChannels
    let packed = FloatBuffer(count: count * 36)
    for point in 0..<36 {
      let part = conv(
        transformed, inChannels: inChannels, kernelSize: 36, kernelIndices: [point],
        outputs: outputs, lanes: lanes)
      (packed.base + point * count).update(from: part.base, count: count)
    }
    return packed
  }

  /// G g of the even taps, which are kernel elements 2 and 0, then the odd tap.
  private static func pairPoints(_ kernel: [Double]) -> [Double] {
    let (a, b) = (kernel[2], kernel[0])
    return [a / 2, -(a + b) / 2, (b - a) / 6, (a + 2 * b) / 6, b, kernel[1]]
  }

  /// One axis of G g.
  private static func points(_ a: Double, _ b: Double, _ c: Double) -> [Double] {
    [
      a / 4, -(a + b + c) / 6, -(a - b + c) / 6, (a + 2 * b + 4 * c) / 24,
      (a - 2 * b + 4 * c) / 24, c,
    ]
  }
}
