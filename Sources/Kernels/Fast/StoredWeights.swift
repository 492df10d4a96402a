import Core

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
