/// One damaged file, or a folder of them.
struct Input {
  let name: String
  let reader: Reader
  let files: [(name: String, bytes: [UInt8])]

  /// Whether `files` lie in a folder that is what is opened.
  var isFolder: Bool { files.count > 1 }
  var byteCount: Int { files.reduce(0) { $0 + $1.bytes.count } }

  init(_ name: String, _ reader: Reader, _ bytes: [UInt8]) {
    self.name = name
    self.reader = reader
    files = [("input", bytes)]
  }

  private init(_ name: String, _ reader: Reader, files: [(name: String, bytes: [UInt8])]) {
    self.name = name
    self.reader = reader
    self.files = files
  }

  /// Input number `number` of the run with this seed; it depends on nothing else.
  init(number: Int, seed: UInt64, _ corpus: Corpus) {
    var random = Random(seed: seed, input: number)
    let readers = Reader.allCases.filter { corpus.seeds[$0] != nil }
    let reader = random.pick(readers) ?? .npy
    if OddNetwork.readers.contains(reader), random.once(in: 3) {
      self = Input("odd network", reader, OddNetwork.bytes(reader, &random))
      return
    }
    let seeds = corpus.seeds[reader] ?? []
    var chosen = random.pick(seeds)
    let large = corpus.large.filter { $0.reader == reader }
    if random.once(in: 100), let seed = random.pick(large) { chosen = seed }
    guard let chosen else { preconditionFailure("there is no seed") }
    let other = random.pick(seeds) ?? chosen
    var files = Self.damaged(chosen, other, &random)
    if files.count == 1, Self.isCheckpoint(reader), random.once(in: 16) {
      files[0].bytes = Container.gzip(files[0].bytes)
      if random.once(in: 2) {
        files[0].bytes = Mutation.damaged(files[0].bytes, FileMap(), other: other.first, &random)
      }
    }
    self = Input(chosen.name, reader, files: files)
  }

  /// One file with one to four changes; an archive is put together anew.
  static func mutated(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
    var form = Seed.Form.file(bytes)
    if bytes.starts(with: utf8("PK")), let builder = try? ZipBuilder(unpacking: bytes),
      !builder.members.isEmpty
    {
      form = .archive(builder)
    }
    let seed = Seed("guided", Reader(of: bytes), form)
    return damaged(seed, seed, &random)[0].bytes
  }

  private static func isCheckpoint(_ reader: Reader) -> Bool {
    reader != .obv && reader != .png && reader != .jpeg
  }

  private static func damaged(
    _ seed: Seed, _ other: Seed, _ random: inout Random
  ) -> [(name: String, bytes: [UInt8])] {
    switch seed.form {
    case .file(let bytes):
      var result = Mutation.damaged(bytes, seed.maps[0], other: other.first, &random)
      // Checksums would hide most of what was done to a PNG.
      if seed.reader == .png, !random.once(in: 4) { result.mendChunks() }
      return [("input", result)]
    case .archive(var builder):
      if random.once(in: 2) {
        let bytes = Seed.bytes(of: builder)
        return [("input", Mutation.damaged(bytes, seed.archiveMap, other: other.first, &random))]
      }
      // The first members are the ones that say what the others are.
      let index = random.below(random.once(in: 3) ? builder.members.count : 1)
      builder.members[index].data = Mutation.damaged(
        builder.members[index].data, seed.maps[index], other: other.first, &random)
      if random.once(in: 8) { Self.lie(in: &builder, &random) }
      return [("input", Seed.bytes(of: builder))]
    case .folder(var files):
      // The first file of an unpacked archive says what the others are.
      let index = random.below(random.once(in: 2) ? files.count : min(2, files.count))
      files[index].bytes = Mutation.damaged(
        files[index].bytes, seed.maps[index], other: other.first, &random)
      return files
    }
  }

  private static let names = [
    "../data.pkl", "/etc/passwd", "", "archive/data.pkl", "data.pkl", "data/0", "archive/data/0",
    "archive\\data.pkl",
    "archive/version", "archive/byteorder", "a/b/c/data.pkl", "e\u{301}\u{327}\u{301}",
    "\u{202e}lkp.atad",
    "g_ema.conv1.conv.weight.npy", "MappingNetwork.xml", "x.index.json",
    String(repeating: "a/", count: 5000),
  ]

  /// Makes the archive say what is not so.
  private static func lie(in builder: inout ZipBuilder, _ random: inout Random) {
    let index = random.below(builder.members.count)
    let number: UInt64 =
      random.pick([0, 1, 0xffff, 0xffff_ffff, 1 << 40, .max, .max >> 1] as [UInt64]) ?? 0
    let other = random.below(builder.members.count)
    switch random.below(16) {
    // A descriptor has no room for wide numbers.
    case 0...2 where builder.members[index].hasDescriptor: builder.members[index].flags ^= 9
    case 0: builder.members[index].size = number
    case 1: builder.members[index].compressedSize = number
    case 2: builder.members[index].offset = number
    case 3: builder.members[index].localName = "other"
    case 4: builder.members[index].method = UInt16(random.below(100))
    case 5: builder.members.append(builder.members[index])
    case 6: builder.count = number
    case 7: builder.directoryOffset = number
    case 8: builder.directorySize = number
    case 9: builder.members.swapAt(index, other)
    case 10: builder.members[index].name = builder.members[other].name
    case 11 where builder.members.count > 1: builder.members.remove(at: index)
    // Two entries for one place.
    case 12: builder.members[index].offset = builder.members[other].offset ?? 0
    case 13: builder.members[index].name = Self.names[random.below(Self.names.count)]
    case 14: builder.members[index].flags = 1 << UInt16(random.below(16))
    default: builder.members[index].localExtra = random.bytes(random.below(40))
    }
  }
}

extension Seed {
  /// The bytes of its first file or member.
  fileprivate var first: [UInt8] {
    switch form {
    case .file(let bytes): bytes
    case .archive(let builder): builder.members[0].data
    case .folder(let files): files[0].bytes
    }
  }
}

extension [UInt8] {
  /// Sets the checksum of every chunk of a PNG that still has its frame.
  fileprivate mutating func mendChunks() {
    var at = 8
    while at + 12 <= count {
      let length = self[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
      guard length <= count - at - 12 else { return }
      let end = at + 8 + length
      let crc = Container.crc(Array(self[(at + 4)..<end]))
      for index in 0..<4 {
        self[end + index] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * index))
      }
      at = end + 4
    }
  }
}
