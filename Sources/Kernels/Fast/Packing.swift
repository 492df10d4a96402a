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
}
