/// Damages bytes, mostly where their map says that it matters.
struct Mutation {
  private(set) var bytes: [UInt8]
  private var map: FileMap
  /// A sound file of the same kind, to splice from.
  private let other: [UInt8]
  private var random: Random

  /// `bytes` with one to four changes.
  static func damaged(
    _ bytes: [UInt8], _ map: FileMap, other: [UInt8], _ random: inout Random
  ) -> [UInt8] {
    var mutation = Mutation(bytes: bytes, map: map, other: other, random: random)
    // Two of three get one change: more than that is mostly found at the first of them.
    let count = random.once(in: 3) ? 2 + random.below(3) : 1
    for _ in 0..<count { mutation.change() }
    random = mutation.random
    _ = random.next()
    return mutation.bytes
  }

  private mutating func change() {
    guard !bytes.isEmpty else {
      bytes = random.bytes(random.below(64))
      return
    }
    // Half of the changes are of structure, where there is one.
    if map.form == .tables, random.once(in: 2) {
      return TableMutation.change(&bytes, &random)
    }
    if random.once(in: 2), let spans = Spans(bytes, map.form) {
      spans.change(&bytes, &random)
      return mendLength()
    }
    switch random.below(10) {
    case 0: flip()
    case 1: byte()
    case 2: shorten()
    case 3: splice()
    case 4: number(at: random.below(bytes.count), size: [1, 2, 4, 8][random.below(4)])
    default:
      // What the map knows; fields where it knows of several kinds half of the time.
      if !map.opcodes.isEmpty, random.once(in: 2) {
        instruction()
      } else if !map.text.isEmpty, map.fields.isEmpty || !random.once(in: 4) {
        text()
      } else if let field = random.pick(map.fields) {
        number(at: field.offset, size: field.size, isBigEndian: field.isBigEndian)
      } else {
        byte()
      }
    }
  }

  /// A header whose length is said before it gets the new one; else what follows would be read for header, and nothing
  /// behind that be tried.
  private mutating func mendLength() {
    guard !random.once(in: 8) else { return }
    switch map.form {
    case .json:
      let header = Spans(bytes, .json)?.spans.last { $0.range.lowerBound == 8 }?.range
      guard let header, bytes.count >= 8 else { return }
      let padding = bytes[header.upperBound...].prefix { $0 == 0x20 }.count
      let length = header.count + padding
      for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
    case .array:
      let header = Spans(bytes, .array)?.spans.last { $0.range.lowerBound == 10 }?.range.upperBound
      guard let header, bytes.count > 10, bytes[6] == 1 else { return }
      // Up to the line feed, which pads it.
      let end = bytes[header...].firstIndex(of: 10).map { $0 + 1 } ?? header
      for index in 0..<2 { bytes[8 + index] = UInt8(truncatingIfNeeded: (end - 10) >> (8 * index)) }
    default: break
    }
  }

  private mutating func flip() {
    bytes[random.below(bytes.count)] ^= 1 << UInt8(random.below(8))
  }

  private mutating func byte() {
    let interesting: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x2e, 0x28]
    bytes[random.below(bytes.count)] =
      random.once(in: 2)
      ? random.pick(interesting) ?? 0 : UInt8(truncatingIfNeeded: random.next())
  }

  /// Cuts off the end, or takes bytes out of the middle.
  private mutating func shorten() {
    let at = random.below(bytes.count)
    if random.once(in: 2) {
      bytes.removeSubrange(at...)
    } else {
      bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(32)))
    }
  }

  /// Puts in bytes of this file, of another one, or of chance.
  private mutating func splice() {
    let at = random.below(bytes.count)
    let source =
      random.once(in: 3) ? random.bytes(1 + random.below(16)) : random.once(in: 2) ? bytes : other
    let from = random.below(source.count)
    let part = source[from..<min(source.count, from + 1 + random.below(256))]
    if random.once(in: 2) {
      bytes.insert(contentsOf: part, at: at)
    } else {
      bytes.replaceSubrange(at..<min(bytes.count, at + part.count), with: part)
    }
  }

  /// Sets a number to an extreme, or to one that is off by a little.
  private mutating func number(at offset: Int, size: Int, isBigEndian: Bool = false) {
    guard offset >= 0, offset + size <= bytes.count else { return flip() }
    let places = (0..<size).map { isBigEndian ? offset + size - 1 - $0 : offset + $0 }
    let old = places.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64(bytes[$1]) }
    let extremes: [UInt64] = [
      0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe,
      0xffff_ffff, 1 << 32, .max >> 1, 1 << 63, .max - 7, .max, UInt64(bytes.count),
      UInt64(bytes.count + 1), UInt64(bytes.count - offset), old &+ 1, old &- 1, old &* 2,
      old &+ 4, old &- 4, old ^ 0x8000, old &* 0x1_0001, 1 << UInt64(random.below(64)),
    ]
    let new = random.pick(extremes) ?? 0
    for (index, place) in places.enumerated() {
      bytes[place] = UInt8(truncatingIfNeeded: new >> UInt64(8 * index))
    }
  }

  private static let opcodes: [UInt8] =
    Array("()0.12BCFGIJKLMNPQRSTUVX]abcdeghijloprqstu}".utf8) + Array(0x80...0x98)

  /// Swaps, doubles, drops or moves instructions of a pickle.
  private mutating func instruction() {
    let index = random.below(map.opcodes.count)
    let at = map.opcodes[index]
    let last = min(index + 1 + random.below(8), map.opcodes.count - 1)
    let end = map.opcodes[last]
    guard at < bytes.count, end <= bytes.count, at <= end else { return flip() }
    switch random.below(6) {
    case 0, 1: bytes[at] = random.pick(Self.opcodes) ?? 0
    case 2: bytes.insert(random.pick(Self.opcodes) ?? 0, at: at)
    case 3: bytes.removeSubrange(at..<end)
    case 4: bytes.insert(contentsOf: bytes[at..<end], at: at)
    default:
      let part = Array(bytes[at..<end])
      if let target = random.pick(map.opcodes), target <= bytes.count {
        bytes.insert(contentsOf: part, at: target)
      }
    }
  }

  private static let words: [[UInt8]] = [
    "18446744073709551615", "9223372036854775807", "9223372036854775808", "-1", "1e400", "0.5",
    "4294967296", "0", "1,", "[", "]", "{", "}", "\"", ":", "\\", "\\u0000", "\\ud800", "null",
    "<", ">", "/>", "</layer>", "<!DOCTYPE a [", "<!--", "-->", "<![CDATA[", "&#0;", "&#10;",
    "&lt;", "&a;", "<?x", "\n", "\u{7f}", "\u{9b}", "\u{202e}", "(", ")", ",)", "'", "True", ">f4",
    "|O", "\u{0}",
  ].map { Array($0.utf8) }

  /// Changes a text that a parser reads: numbers, brackets, quotes.
  private mutating func text() {
    let range = map.text.clamped(to: bytes.indices)
    guard !range.isEmpty else { return flip() }
    var at = range.lowerBound + random.below(range.count)
    let word = random.pick(Self.words) ?? []
    switch random.below(5) {
    case 0: bytes.insert(contentsOf: word, at: at)
    case 1: bytes.replaceSubrange(at..<min(bytes.count, at + word.count), with: word)
    case 2: bytes.remove(at: at)
    case 3:
      let part = bytes[at..<min(range.upperBound, at + 1 + random.below(200))]
      bytes.insert(contentsOf: part, at: range.lowerBound + random.below(range.count))
    default:
      // The next number becomes another one.
      func isDigit(_ at: Int) -> Bool { (0x30...0x39).contains(bytes[at]) }
      while at < range.upperBound, !isDigit(at) { at += 1 }
      var end = at
      while end < range.upperBound, isDigit(end) { end += 1 }
      let number = random.once(in: 2) ? Array("\(random.below(300))".utf8) : word
      bytes.replaceSubrange(at..<end, with: number)
    }
  }
}
