import Kernels

/// A feature map that a step leaves in the arena.
struct FeatureMap: Sendable {
  /// The layer whose result it is, such as `b64.conv1`.
  let layer: String
  let place: Int
  /// Side of the map.
  let size: Int
  /// Which channel stands where.
  let slots: ChannelSlots
  /// Lanes of a block of `[row][block][column][lane]`; nil for a planar map, `[row][channel][column]`.
  let lanes: Int?

  init(_ layer: StyledLayer, at place: Int, lanes: Int?) {
    self.layer = layer.name
    self.place = place
    size = layer.size
    slots = layer.slots
    self.lanes = lanes
  }

  /// The map as `[C, H, W]`.
  func planes(_ arena: FloatBuffer) -> [Float] {
    let channels = slots.channelCount
    var planes = [Float](repeating: 0, count: channels * size * size)
    for slot in 0..<slots.count {
      guard let channel = slots[slot] else { continue }
      for y in 0..<size {
        let (row, step) =
          if let lanes {
            ((y * (slots.count / lanes) + slot / lanes) * size * lanes + slot % lanes, lanes)
          } else {
            ((y * channels + channel) * size, 1)
          }
        for x in 0..<size {
          planes[(channel * size + y) * size + x] = arena[place + row + x * step]
        }
      }
    }
    return planes
  }
}
