import Core

/// Which channel stands in each lane of a padded map.
package struct ChannelSlots: Sendable, Equatable {
  /// Lanes in all, those without a channel among them.
  package let count: Int
  package let channelCount: Int
  /// Parts of equal size, each padded to whole blocks; neighbouring channels of all but the first
  /// lie in different parts.
  private let parts: Int

  /// Channels in order, padded at the end.
  package static func plain(_ count: Int, lanes: Int) -> ChannelSlots {
    ChannelSlots(count: (count + lanes - 1) / lanes * lanes, channelCount: count, parts: 1)
  }

  /// Channels for an inverse Haar transform: the low-pass quarter, then the first, the second and the
  /// third details, each padded to whole blocks, so that the four values of a sum share a lane.
  package static func haar(_ count: Int, lanes: Int) -> ChannelSlots {
    let padded = (count / 4 + lanes - 1) / lanes * lanes
    return ChannelSlots(count: 4 * padded, channelCount: count / 4 * 4, parts: 4)
  }

  /// The channel in a lane, or nil.
  package subscript(slot: Int) -> Int? {
    let (size, quarter) = (count / parts, channelCount / parts)
    let (part, index) = (slot / size, slot % size)
    guard index < quarter else { return nil }
    return part == 0 ? index : quarter + (parts - 1) * index + part - 1
  }

  /// Spreads per-channel values over the slots, zeros where no channel is.
  ///
  /// - Throws: `resources`.
  package func spread(_ values: FloatBuffer) throws(ObverseError) -> FloatBuffer {
    let result = try FloatBuffer(zeros: count)
    for slot in 0..<count {
      if let channel = self[slot] { result[slot] = values[channel] }
    }
    return result
  }
}

/// Weights in the order that the tiles read: one stream, front to back.
///
/// This is most of what opening a model costs, so loops run over pointers and four output channels at
/// a time.
enum Packing {
  private typealias Four = SIMD4<Float>

  /// `[pair or single block][tap][input channel][lanes]` from `weight`, `[out][in][kernel]`.
  ///
  /// `kernelIndices` says which kernel element each tap takes, in the order of the taps.
  static func conv(
    _ weight: FloatBuffer, inChannels: Int, kernelSize: Int, kernelIndices: [Int],
    outputs: ChannelSlots, lanes: Int
  ) throws(ObverseError) -> FloatBuffer {
    let taps = kernelIndices.count
    let packed = try FloatBuffer(zeros: outputs.count * inChannels * taps)
    forEachFour(weight, kernelSize, inChannels, outputs, lanes) { block, width, i, lane, kernel in
      let at = packed.base + (block * inChannels * taps + i * width + lane)
      for (tap, k) in kernelIndices.enumerated() {
        store(kernel.at(k), at + tap * inChannels * width)
      }
    }
    return packed
  }

  /// `[pair or single block][pair of input channels][lanes]` from `weight`, `[out][in]`: words of two
  /// bfloat16, the lower input channel in the lower half; zero for a channel that is not there.
  static func pairs(
    _ weight: FloatBuffer, inChannels: Int, outputs: ChannelSlots, lanes: Int
  ) throws(ObverseError) -> FloatBuffer {
    let words = (inChannels + 1) / 2
    let packed = try FloatBuffer(zeros: outputs.count * words)
    let floats = try conv(
      weight, inChannels: inChannels, kernelSize: 1, kernelIndices: [0], outputs: outputs,
      lanes: lanes)
    var block = 0
    while block < outputs.count {
      let width = block + lanes < outputs.count ? 2 * lanes : lanes
      let (from, to) = (floats.base + block * inChannels, packed.base + block * words)
      for i in 0..<inChannels {
        for lane in 0..<width {
          let half = UInt32(BFloat16.bits(of: from[i * width + lane])) << UInt32(i % 2 * 16)
          let at = to + (i / 2 * width + lane)
          at.pointee = Float(bitPattern: at.pointee.bitPattern | half)
        }
      }
      block += width
    }
    return packed
  }

  /// `[36][pair or single block][input channel][lanes]`: each 3x3 kernel as `G g Gᵀ`, the weights of
  /// F(4x4, 3x3).
  static func winograd(
    _ weight: FloatBuffer, inChannels: Int, outputs: ChannelSlots, lanes: Int
  ) throws(ObverseError) -> FloatBuffer {
    try transformed(weight, inChannels, outputs, lanes, points)
  }

  /// `[36][pair or single block][input channel][lanes]`: the weights of F(4, 2) along both axes for a
  /// transposed convolution; six of each axis, five points for its two even taps and the odd one.
  static func winogradUp(
    _ weight: FloatBuffer, inChannels: Int, outputs: ChannelSlots, lanes: Int
  ) throws(ObverseError) -> FloatBuffer {
    try transformed(weight, inChannels, outputs, lanes, pairPoints)
  }

  /// Both axes of each 3x3 kernel through `axis`, which makes six of three.
  @inline(__always)
  private static func transformed(
    _ weight: FloatBuffer, _ inChannels: Int, _ outputs: ChannelSlots, _ lanes: Int,
    _ axis: (Four, Four, Four) -> InlineArray<6, Four>
  ) throws(ObverseError) -> FloatBuffer {
    let count = outputs.count * inChannels
    let packed = try FloatBuffer(zeros: count * 36)
    forEachFour(weight, 9, inChannels, outputs, lanes) { block, width, i, lane, kernel in
      let at = packed.base + (block * inChannels + i * width + lane)
      let left = axis(kernel.at(0), kernel.at(3), kernel.at(6))
      let middle = axis(kernel.at(1), kernel.at(4), kernel.at(7))
      let right = axis(kernel.at(2), kernel.at(5), kernel.at(8))
      for y in 0..<6 {
        let row = axis(left[y], middle[y], right[y])
        for x in 0..<6 { store(row[x], at + (6 * y + x) * count) }
      }
    }
    return packed
  }

  /// One axis of G g for F(4, 3).
  private static func points(_ a: Four, _ b: Four, _ c: Four) -> InlineArray<6, Four> {
    let outer = a + c
    let far = a + c * 4
    return [
      a * 0.25, (outer + b) * (-1.0 / 6), (outer - b) * (-1.0 / 6), (far + b * 2) * (1.0 / 24),
      (far - b * 2) * (1.0 / 24), c,
    ]
  }

  /// One axis of G g for F(4, 2) of the even taps, which are elements 2 and 0, then the odd tap.
  private static func pairPoints(_ b: Four, _ odd: Four, _ a: Four) -> InlineArray<6, Four> {
    [a * 0.5, (a + b) * -0.5, (b - a) * (1.0 / 6), (a + b * 2) * (1.0 / 6), b, odd]
  }

  /// The same kernel of four output channels.
  private struct Kernels {
    let weights: Floats
    /// Where each output channel's kernel begins, or -1 for none.
    let offsets: SIMD4<Int>

    @inline(__always)
    func at(_ k: Int) -> Four {
      var four = Four.zero
      for lane in 0..<4 where offsets[lane] >= 0 { four[lane] = weights[offsets[lane] + k] }
      return four
    }
  }

  /// Goes through the lanes of all blocks in fours; `body` receives the first output slot of the pair
  /// or single block, its width, the input channel, the lane in it and the four kernels.
  @inline(__always)
  private static func forEachFour(
    _ weight: FloatBuffer, _ kernelSize: Int, _ inChannels: Int, _ outputs: ChannelSlots,
    _ lanes: Int, _ body: (Int, Int, Int, Int, Kernels) -> Void
  ) {
    let weights = weight.at(0)
    var block = 0
    while block < outputs.count {
      let width = block + lanes < outputs.count ? 2 * lanes : lanes
      for lane in stride(from: 0, to: width, by: 4) {
        var offsets = SIMD4<Int>(repeating: -1)
        for i in 0..<4 {
          if let channel = outputs[block + lane + i] {
            offsets[i] = channel * inChannels * kernelSize
          }
        }
        for i in 0..<inChannels {
          body(block, width, i, lane, Kernels(weights: weights, offsets: offsets))
          offsets = offsets.replacing(with: offsets &+ kernelSize, where: offsets .>= 0)
        }
      }
      block += width
    }
  }

  @inline(__always)
  private static func store(_ v: Four, _ p: Scratch) {
    UnsafeMutableRawPointer(p).storeBytes(of: v, as: Four.self)
  }

  /// `[group][input channel][tap][output channel of it]` from `weight`, `[out][in][kernel]`; output
  /// channels are dealt out evenly to groups of `group` at most.
  static func planar(
    _ weight: FloatBuffer, inChannels: Int, outChannels: Int, kernelSize: Int, kernelIndices: [Int],
    group: Int
  ) throws(ObverseError) -> FloatBuffer {
    let packed = try FloatBuffer(zeros: outChannels * inChannels * kernelIndices.count)
    let weights = weight.at(0)
    let groups = (outChannels + group - 1) / group
    var at = packed.base
    for g in 0..<groups {
      let outputs = (g * outChannels / groups)..<((g + 1) * outChannels / groups)
      for i in 0..<inChannels {
        for kernel in kernelIndices {
          for o in outputs {
            at.pointee = weights[(o * inChannels + i) * kernelSize + kernel]
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
    _ weight: FloatBuffer, inChannels: Int, outChannels: Int, group: Int
  ) throws(ObverseError) -> FloatBuffer {
    let pairs = weight.count / 9
    let packed = try FloatBuffer(zeros: pairs * 18)
    let weights = weight.at(0)
    let groups = (outChannels + group - 1) / group
    var at = packed.base
    for g in 0..<groups {
      let outputs = (g * outChannels / groups)..<((g + 1) * outChannels / groups)
      for i in 0..<inChannels {
        for x in 0..<3 {
          for o in outputs {
            let kernel = weights + (o * inChannels + i) * 9 + x
            let (a, b, c) = (kernel[0], kernel[3], kernel[6])
            let values = points(Four(repeating: a), Four(repeating: b), Four(repeating: c))
            for point in 0..<6 { at[point * 3 * pairs] = values[point].x }
            at += 1
          }
        }
      }
    }
    return packed
  }
}

/// A tensor in the type that a file has it in: what is read once for each face, and seldom, is cheaper
/// to fetch than to have widened.
package enum StoredWeights: Sendable {
  case floats(FloatBuffer)
  case halves(HalfBuffer)
  /// Signed bytes, and what multiplies those of each index of the first axis.
  case bytes(ByteBuffer, scales: FloatBuffer)

  /// Numbers in it.
  package var count: Int {
    switch self {
    case .floats(let floats): floats.count
    case .halves(let halves): halves.count
    case .bytes(let bytes, _): bytes.count
    }
  }
}

/// A kernel in the order that tiles read, `[pair or single block][tap][input channel][lanes]`, in the
/// type that the file has.
enum PackedKernel: Sendable {
  case floats(FloatBuffer)
  case halves(HalfBuffer)
  /// With a scale for each lane of the output.
  case bytes(ByteBuffer, scales: FloatBuffer)

  /// Packs `weight`, `[out, in, 3, 3]`.
  ///
  /// - Throws: `resources`.
  init(
    _ weight: StoredWeights, inChannels: Int, outputs: ChannelSlots, lanes: Int
  ) throws(ObverseError) {
    switch weight {
    case .floats(let floats):
      self = .floats(
        try Packing.conv(
          floats, inChannels: inChannels, kernelSize: 9, kernelIndices: Array(0..<9),
          outputs: outputs, lanes: lanes))
    case .halves(let halves):
      let memory = try Self.packed(halves.base, 0, inChannels, outputs, lanes)
      self = .halves(HalfBuffer(memory))
    case .bytes(let bytes, let scales):
      let memory = try Self.packed(bytes.base, 0, inChannels, outputs, lanes)
      self = .bytes(ByteBuffer(memory), scales: try outputs.spread(scales))
    }
  }

  private static func packed<Element>(
    _ weight: UnsafePointer<Element>, _ zero: Element, _ inChannels: Int,
    _ outputs: ChannelSlots, _ lanes: Int
  ) throws(ObverseError) -> Memory {
    let count = outputs.count * inChannels * 9
    let memory = try Memory(byteCount: count * MemoryLayout<Element>.stride)
    let packed = memory.base.bindMemory(to: Element.self, capacity: count)
    var block = 0
    while block < outputs.count {
      let width = block + lanes < outputs.count ? 2 * lanes : lanes
      for lane in 0..<width {
        var target = packed + (block * inChannels * 9 + lane)
        guard let channel = outputs[block + lane] else {
          for _ in 0..<(9 * inChannels) {
            target.initialize(to: zero)
            target += width
          }
          continue
        }
        let kernels = weight + channel * inChannels * 9
        for tap in 0..<9 {
          for i in 0..<inChannels {
            target.initialize(to: kernels[i * 9 + tap])
            target += width
          }
        }
      }
      block += width
    }
    return memory
  }
}
