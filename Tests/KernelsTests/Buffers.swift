import Kernels

// Arrays are what tests compute with.

extension FloatBuffer {
  /// A copy; a test has memory.
  static func of(_ values: [Float]) -> FloatBuffer {
    do {
      return try FloatBuffer(values)
    } catch {
      fatalError("\(error)")
    }
  }
}

extension ChannelSlots {
  /// The channel in each lane, -1 for none.
  var channels: [Int] { (0..<count).map { self[$0] ?? -1 } }

  /// Spreads per-channel values over the slots, `rest` where no channel is.
  func spread(_ values: [Float], rest: Float = 0) -> [Float] {
    channels.map { $0 < 0 ? rest : values[$0] }
  }
}
