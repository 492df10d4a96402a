import Core

/// The room's entry that an input goes to.
enum Reader: String, CaseIterable {
  case torchZip = "torch-zip"
  case torchLegacy = "torch-legacy"
  case pickle
  case safetensors
  case npy
  case npz
  case openVINO = "openvino"
  case torchFolder = "torch-folder"
  case obv
  case png
  case jpeg
}

/// A well-formed file, or files, to be damaged.
struct Seed {
  enum Form {
    case file([UInt8])
    /// An archive that is put together anew, so that its members' contents can be damaged under
    /// a directory and checksums that are right. Members with method 8 hold plain data here.
    case archive(ZipBuilder)
    /// A folder's files.
    case folder([(name: String, bytes: [UInt8])])
  }

  let name: String
  let reader: Reader
  let form: Form
  /// Large ones are taken less often, since their time goes into hashing.
  let isLarge: Bool
  /// What each file is made of: one map for `file`, else one for each member or file.
  let maps: [FileMap]
  /// Of the whole archive.
  let archiveMap: FileMap

  init(_ name: String, _ reader: Reader, _ form: Form, isLarge: Bool = false) {
    self.name = name
    self.reader = reader
    self.form = form
    self.isLarge = isLarge
    switch form {
    case .file(let bytes):
      maps = [FileMap(bytes)]
      archiveMap = FileMap()
    case .archive(let builder):
      maps = builder.members.map { FileMap($0.data) }
      archiveMap = FileMap(Self.bytes(of: builder))
    case .folder(let files):
      maps = files.map { FileMap($0.bytes) }
      archiveMap = FileMap()
    }
  }

  /// The archive with those members deflated that say so, and with every checksum right.
  static func bytes(of builder: ZipBuilder) -> [UInt8] {
    var builder = builder
    for index in builder.members.indices {
      let data = builder.members[index].data
      builder.members[index].crc = Container.crc(data)
      guard builder.members[index].method == 8 else { continue }
      builder.members[index].size = builder.members[index].size ?? UInt64(data.count)
      builder.members[index].data = Container.deflate(data)
    }
    return builder.bytes
  }
}

/// Where a file's structure lies: the places at which a change means the most.
struct FileMap {
  struct Field {
    let offset: Int
    let size: Int
    var isBigEndian = false
  }

  /// What can be changed value by value.
  enum Form {
    case pickle, json, array, xml, tables, other
  }

  var form = Form.other
  /// First bytes of a pickle's instructions.
  var opcodes: [Int] = []
  /// Lengths, offsets, counts.
  var fields: [Field] = []
  /// Text that a parser reads.
  var text: Range<Int> = 0..<0

  init() {}

  init(_ bytes: [UInt8]) {
    func begins(_ text: String, _ at: Int = 0) -> Bool {
      bytes[min(at, bytes.count)...].starts(with: text.utf8)
    }
    if begins("PK\u{3}\u{4}") {
      findZipFields(bytes)
    } else if begins("\u{93}NUMPY", 0) || bytes.first == 0x93 {
      form = .array
      fields = [Field(offset: 8, size: 2)]
      text = min(10, bytes.count)..<min(bytes.count, 128)
    } else if begins("OBV1", 4) {
      form = .tables
      findTables(bytes)
    } else if begins("PNG", 1) {
      findChunks(bytes)
    } else if bytes.starts(with: [0xff, 0xd8]) {
      findSegments(bytes)
    } else if begins("<") {
      form = .xml
      text = bytes.indices
    } else if begins("{", 8) {
      form = .json
      fields = [Field(offset: 0, size: 8)]
      let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      text = 8..<(8 + Int(min(length, UInt64(bytes.count - 8))))
    } else if bytes.first == 0x80 || begins("(d") {
      form = .pickle
      findInstructions(bytes)
    }
  }

  private mutating func findZipFields(_ bytes: [UInt8]) {
    // By the second pair of a record's signature: offsets and sizes of its numbers.
    let layouts: [[UInt8]: [(Int, Int)]] = [
      [3, 4]: [(6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)],
      [1, 2]: [
        (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2), (42, 4),
      ],
      [5, 6]: [(4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)],
      [6, 6]: [(4, 8), (16, 4), (20, 4), (24, 8), (32, 8), (40, 8), (48, 8)],
      [6, 7]: [(4, 4), (8, 8), (16, 4)],
      [7, 8]: [(4, 4), (8, 4), (12, 4)],
    ]
    for at in bytes.indices.dropLast(4) where bytes[at] == 0x50 && bytes[at + 1] == 0x4b {
      for (offset, size) in layouts[Array(bytes[(at + 2)...(at + 3)])] ?? [] {
        fields.append(Field(offset: at + offset, size: size))
      }
    }
  }

  /// FlatBuffers' offsets and lengths are small numbers, weights as floats are not.
  private mutating func findTables(_ bytes: [UInt8]) {
    for at in stride(from: 0, to: bytes.count - 3, by: 4) {
      let word = bytes[at..<(at + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let distance = abs(Int(Int32(bitPattern: word)))
      if distance > 0, distance < bytes.count { fields.append(Field(offset: at, size: 4)) }
      // Two entries of a vtable.
      if word & 0xffff < 128, word >> 16 < 128, word > 0xffff {
        fields += [Field(offset: at, size: 2), Field(offset: at + 2, size: 2)]
      }
    }
  }

  private mutating func findChunks(_ bytes: [UInt8]) {
    var at = 8
    while at + 12 <= bytes.count {
      fields.append(Field(offset: at, size: 4, isBigEndian: true))
      if at == 8 {
        fields += [16, 20].map { Field(offset: $0, size: 4, isBigEndian: true) }
        fields += (24...28).map { Field(offset: $0, size: 1) }
      }
      at += 12 + bytes[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
    }
  }

  private mutating func findSegments(_ bytes: [UInt8]) {
    for at in bytes.indices.dropLast(12)
    where bytes[at] == 0xff && bytes[at + 1] >= 0xc0 && bytes[at + 1] != 0xff {
      fields.append(Field(offset: at + 2, size: 2, isBigEndian: true))
      guard bytes[at + 1] < 0xc3 else { continue }
      fields += [5, 7].map { Field(offset: at + $0, size: 2, isBigEndian: true) }
      fields += [1, 4, 9, 10, 11].map { Field(offset: at + $0, size: 1) }
    }
  }

  /// Follows the instructions of every pickle that lies end to end in the file.
  private mutating func findInstructions(_ bytes: [UInt8]) {
    var at = 0
    while at < bytes.count, opcodes.count < 20_000 {
      opcodes.append(at)
      if let size = PickleInstruction.number(bytes[at]), at + 1 + size <= bytes.count {
        fields.append(Field(offset: at + 1, size: size))
      }
      guard let end = PickleInstruction.end(bytes, at) else { return }
      at = end
    }
  }
}
