/// Changes what an `.obv` file's tables say of themselves: which fields are there, where they lead,
/// how long things are.
enum TableMutation {
  /// Makes one change; none where the file has no tables any more.
  static func change(_ bytes: inout [UInt8], _ random: inout Random) {
    let found = TableSites(bytes)
    guard let site = random.pick(found.sites), site.position + site.size <= bytes.count,
      let old = found.word(site.position, site.size)
    else { return }
    let others = found.sites.filter { $0.kind == site.kind && $0.position != site.position }
    var new: Int
    switch site.kind {
    case .entry:
      new = random.pick([0, 4, 5, 6, 8, 12, old + 4, old - 4, 0xfffc, 0xffff]) ?? 0
      if random.once(in: 2), let other = random.pick(others) {
        new = found.word(other.position, 2) ?? new
      }
    case .vtableSize, .tableSize:
      new = random.pick([0, 3, 4, 6, old + 2, old - 2, old + 4, old - 4, 0xfffe, 0xffff]) ?? 0
    case .vtable:
      // Another table's, or a place that is none.
      new = random.pick([0, 4, -4, old + 2, old - 2, site.position, .min, Int(Int32.max)]) ?? 0
      if random.once(in: 2), let other = random.pick(others), let back = found.word(other.position)
      {
        new = site.position - (other.position - Int(Int32(truncatingIfNeeded: back)))
      }
    case .offset:
      // Where another field leads; of the same name as often as not, so that two layers share what is theirs.
      let end = bytes.count - site.position
      new = random.pick([0, 4, 8, old + 4, old - 4, end, end - 4, end + 4, -4]) ?? 0
      let name = site.path.split(separator: ".").last
      let alike = others.filter { $0.path.split(separator: ".").last == name }
      if !random.once(in: 3), let other = random.pick(random.once(in: 2) ? alike : others),
        let target = found.target(other.position)
      {
        new = target - site.position
      }
    case .length:
      new =
        random.pick([
          0, 1, old + 1, old - 1, 2 * old, old / 2, 64, 65, 256, 257, 65536, 65537, bytes.count,
          0x7fff_ffff, 0xffff_ffff,
        ]) ?? 0
    case .dimension:
      new =
        random.pick([
          0, 1, 2, old + 1, old - 1, 2 * old, 3, 4, 8192, 8193, 65536, 65537, 0x7fff_ffff,
          0x8000_0000, 0xffff_ffff,
        ]) ?? 0
      if random.once(in: 3), let other = random.pick(others) {
        new = found.word(other.position) ?? new
      }
    case .number:
      new =
        random.pick([
          0, 1, 2, 3, 4, 5, 8, 16, old + 1, old - 1, 2 * old, 1024, 2048, 65536, 65537, 0x7fff_ffff,
          0xffff_ffff,
        ]) ?? 0
    case .float:
      let values: [Float] = [
        0, -0.0, 1, -1, 0.5, .nan, .infinity, -.infinity, .greatestFiniteMagnitude,
        .leastNonzeroMagnitude,
      ]
      new = Int((random.pick(values) ?? 0).bitPattern)
    }
    for index in 0..<site.size {
      bytes[site.position + index] = UInt8(truncatingIfNeeded: new >> (8 * index))
    }
  }
}
