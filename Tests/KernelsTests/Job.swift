import Glibc
import Kernels
import Testing

/// Regions of an arena in the making, with guard zones between them; what is not given is NaN.
struct Arena {
  private(set) var floats = [Float](repeating: .nan, count: 32)

  mutating func place(_ values: [Float]) -> Int {
    let at = floats.count
    // Whole vectors keep regions aligned as a generator's are.
    let padding = 32 + (16 - values.count % 16) % 16
    floats += values + [Float](repeating: .nan, count: padding)
    return at
  }

  mutating func reserve(_ count: Int) -> Int {
    place([Float](repeating: .nan, count: count))
  }
}

/// A layer's work on an arena, to be done by rows.
struct Job {
  let arena: Arena
  let rows: Int
  let output: Range<Int>
  let scratch: Range<Int>
  /// Parts begin and end on a multiple of it.
  var multiple = 1
  /// What `run` may write for some rows, apart from scratch.
  let written: (Range<Int>) -> [Range<Int>]
  let run: (FloatBuffer, Range<Int>) -> Void

  /// Does all rows at once and gives the output.
  ///
  /// Then it does them in parts, which must give the same bytes: any number of threads draws the same
  /// face. Nothing but the rows asked for and scratch may change.
  func result(_ note: String) -> [Float] {
    let whole = done([0..<rows], note)
    for parts in partitions {
      let found = done(parts, note)
      #expect(areSameBits(found, whole), "\(note), rows \(parts)")
    }
    _ = done(scaled([(units / 2)..<(units / 2 + 1)]), note)
    return whole
  }

  private var units: Int { rows / multiple }

  /// Rows one by one from the end; an odd cut; four parts out of order.
  private var partitions: [[Range<Int>]] {
    let (a, b, c) = (units / 4, max(units / 4, units / 2 - 1), units - 1)
    return [
      (0..<units).reversed().map { $0..<($0 + 1) },
      [0..<1, 1..<units].filter { !$0.isEmpty },
      [b..<c, 0..<a, c..<units, a..<b].filter { !$0.isEmpty },
    ].map(scaled)
  }

  private func scaled(_ parts: [Range<Int>]) -> [Range<Int>] {
    parts.map { ($0.lowerBound * multiple)..<($0.upperBound * multiple) }
  }

  private func done(_ parts: [Range<Int>], _ note: String) -> [Float] {
    let buffer = FloatBuffer.of(arena.floats)
    for part in parts { run(buffer, part) }
    let mayChange = (parts.flatMap(written) + [scratch]).sorted { $0.lowerBound < $1.lowerBound }
    let after = buffer.read(at: 0, count: arena.floats.count)
    var kept = 0
    for range in mayChange + [after.count..<after.count] {
      let isKept = areSameBits(after, arena.floats, in: kept..<max(kept, range.lowerBound))
      #expect(isKept, "\(note), rows \(parts): floats \(kept) ..< \(range.lowerBound) changed")
      kept = max(kept, range.upperBound)
    }
    return Array(after[output])
  }
}

/// Rows of a feature map in blocks, `[row][block][column][lane]`.
final class BlockedMap: MapLayout {
  let slots: ChannelSlots
  let size: Int
  let lanes: Int

  init(slots: ChannelSlots, size: Int, lanes: Int) {
    (self.slots, self.size, self.lanes) = (slots, size, lanes)
  }

  var row: Int { slots.count * size }
  var count: Int { row * size }

  /// What unused lanes of an input hold: a convolution leaves the noise there.
  static let stray: Float = 5

  /// Planes as blocks.
  func packed(_ planes: [Float]) -> [Float] {
    var blocks = [Float](repeating: Self.stray, count: count)
    forEachRow { at, plane in
      for x in 0..<size { blocks[at + x * lanes] = planes[plane + x] }
    }
    return blocks
  }

  /// Blocks as planes.
  func planes(_ blocks: [Float]) -> [Float] {
    let channels = slots.channels.reduce(0) { $0 + ($1 < 0 ? 0 : 1) }
    var planes = [Float](repeating: .nan, count: channels * size * size)
    forEachRow { at, plane in
      for x in 0..<size { planes[plane + x] = blocks[at + x * lanes] }
    }
    return planes
  }

  /// Where each row of each channel begins, in blocks and in planes.
  private func forEachRow(_ body: (Int, Int) -> Void) {
    for (slot, channel) in slots.channels.enumerated() where channel >= 0 {
      for y in 0..<size {
        let at = (y * (slots.count / lanes) + slot / lanes) * size * lanes + slot % lanes
        body(at, (channel * size + y) * size)
      }
    }
  }

  /// Where rows lie if the map starts at `base`.
  func range(_ rows: Range<Int>, at base: Int) -> Range<Int> {
    (base + rows.lowerBound * row)..<(base + rows.upperBound * row)
  }
}

/// Whether all values are finite: toRGB multiplies unused lanes by zero, and NaN would survive that.
func areFinite(_ values: [Float]) -> Bool {
  values.withUnsafeBufferPointer { buffer in
    var i = 0
    while i < buffer.count, buffer[i].isFinite { i += 1 }
    return i == buffer.count
  }
}

/// Whether two results are the same bytes, all of them or those of `range`.
func areSameBits(_ a: [Float], _ b: [Float], in range: Range<Int>? = nil) -> Bool {
  guard a.count == b.count else { return false }
  let range = range ?? 0..<a.count
  return a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      guard !range.isEmpty, let a = a.baseAddress, let b = b.baseAddress else { return true }
      return memcmp(a + range.lowerBound, b + range.lowerBound, 4 * range.count) == 0
    }
  }
}
