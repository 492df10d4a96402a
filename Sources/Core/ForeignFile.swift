/// What a file is that is read in another way or not at all, told by its first bytes.
///
/// Downloads go wrong in few ways, and people mix up the files of one: the sentence says what the
/// thing is, the hint how people come by the real one. One list serves every reader.
public struct ForeignFile: Sendable, Equatable {
  /// With its article, to be put after "this is".
  public let name: String
  /// A next step, if there is one.
  public let hint: String?
  /// Whether it may be a checkpoint that the converter reads.
  public let isCheckpoint: Bool

  public init(_ name: String, hint: String? = nil, isCheckpoint: Bool = false) {
    self.name = name
    self.hint = hint
    self.isCheckpoint = isCheckpoint
  }

  /// Tells what `bytes` look like.
  ///
  /// Embedded Swift compiles what other rooms see once more in each of them, and the linker keeps
  /// every copy of a list: of these only their name is seen.
  @export(interface)
  public init(_ bytes: Bytes) {
    if let known = Self.magics.first(where: { bytes.has($0.magic, at: $0.offset) }) {
      self = known.file
    } else if let file = Self.checkpoint(bytes) {
      self = file
    } else if bytes.isText {
      self = Self.text(bytes)
    } else if (0..<min(bytes.count, 4096)).allSatisfy({ bytes[$0] == 0 }), bytes.count >= 16 {
      self.init("a run of zeros, as a broken download leaves behind", hint: "download it again")
    } else {
      self.init("a file of an unknown kind")
    }
  }

  private static let unpack = "unpack it, then give the file inside"
  private static let earlier = "give the checkpoint that it was made from"

  private static let magics: [(magic: StaticString, offset: Int, file: ForeignFile)] = [
    ("OBV", 4, ForeignFile("a model file of another generation (not OBV1)")),
    ("TFL3", 4, ForeignFile("a TensorFlow Lite model")),
    ("ET1", 4, ForeignFile("a program of ExecuTorch")),
    ("PTMF", 4, ForeignFile("a TorchScript program for mobile devices (.ptl)", hint: earlier)),
    ("GGUF", 0, ForeignFile("a GGUF file")),
    ("HDF\r\n", 1, ForeignFile("an HDF5 file")),
    ("PNG\r\n", 1, ForeignFile("a PNG image")),
    ("JFIF", 6, ForeignFile("a JPEG image")),
    ("Exif", 6, ForeignFile("a JPEG image")),
    ("GIF8", 0, ForeignFile("a GIF image")),
    ("WEBP", 8, ForeignFile("a WebP image")),
    ("ftyp", 4, ForeignFile("a video (MP4)")),
    ("%PDF", 0, ForeignFile("a PDF document")),
    ("ELF", 1, ForeignFile("a program")),
    ("MZ", 0, ForeignFile("a program")),
    ("SQLite format 3", 0, ForeignFile("an SQLite database")),
    ("PAR1", 0, ForeignFile("a Parquet file")),
    ("MATLAB 5.0", 0, ForeignFile("a MATLAB file")),
    ("NUMPY", 1, ForeignFile("a NumPy array")),
    ("BZh", 0, ForeignFile("compressed by bzip2", hint: "bunzip2 it first")),
    ("7zXZ", 1, ForeignFile("compressed by xz", hint: "unxz it first")),
    ("'\u{1c}", 4, ForeignFile("a 7z archive", hint: unpack)),
    ("Rar!", 0, ForeignFile("a RAR archive", hint: unpack)),
    ("MSCF", 0, ForeignFile("a cabinet archive", hint: unpack)),
    ("sNaPpY", 4, ForeignFile("compressed by snappy", hint: unpack)),
    ("ustar", 257, ForeignFile("a tar archive", hint: "tar xf it, then give the file inside")),
  ]

  /// Kinds that the converter reads.
  private static func checkpoint(_ bytes: Bytes) -> ForeignFile? {
    func named(_ name: String) -> ForeignFile { ForeignFile(name, isCheckpoint: true) }
    if bytes[0] == 0x80, let version = bytes[1], (2...5).contains(version) {
      return named("a PyTorch/NVlabs pickle")
    }
    if bytes.has("PK\u{3}\u{4}") {
      // Archives are told apart by the name of their first entry.
      let length = Int(bytes.load(UInt16.self, at: 26) ?? 0)
      let name = bytes.slice(at: 30, count: length)?.array ?? []
      if name.ends(".npy") { return named("a NumPy npz file") }
      let isTorch = name.ends("/data.pkl") || name.ends("/byteorder")
      return named(isTorch ? "a torch zip" : "a zip file")
    }
    // A safetensors file begins with the length of its JSON header.
    if let header = bytes.load(UInt64.self, at: 0), header >= 2, header < UInt64(bytes.count),
      bytes[8] == UInt8(ascii: "{")
    {
      return named("a safetensors file")
    }
    if bytes[0] == 0x1f, bytes[1] == 0x8b { return named("compressed by gzip") }
    if bytes[0] == 0xff, bytes[1] == 0xd8 { return ForeignFile("a JPEG image") }
    return compressed(bytes) ?? (isONNX(bytes) ? ForeignFile("an ONNX model", hint: earlier) : nil)
  }

  /// Magic numbers that are no text.
  private static func compressed(_ bytes: Bytes) -> ForeignFile? {
    let magics: [(magic: [UInt8], name: String, hint: String)] = [
      ([0x28, 0xb5, 0x2f, 0xfd], "compressed by zstd", "unzstd it first"),
      ([0x04, 0x22, 0x4d, 0x18], "compressed by lz4", "unlz4 it first"),
      ([0x1f, 0x9d], "compressed by compress", "uncompress it first"),
      ([0x5d, 0x00, 0x00], "compressed by lzma", "unlzma it first"),
      ([0x78, 0x9c], "compressed by zlib", "zlib.decompress in Python gives the file inside"),
      ([0x78, 0xda], "compressed by zlib", "zlib.decompress in Python gives the file inside"),
      ([0xcf, 0xfa, 0xed, 0xfe], "a program", ""),
    ]
    for (magic, name, hint) in magics
    where magic.indices.allSatisfy({ bytes[$0] == magic[$0] }) {
      return ForeignFile(name, hint: hint.isEmpty ? nil : hint)
    }
    return nil
  }

  /// ONNX has no magic number: it begins with its version, field 1 of a message, and the name of
  /// the program that wrote it, field 2.
  private static func isONNX(_ bytes: Bytes) -> Bool {
    guard bytes[0] == 0x08, let version = bytes[1], (1...32).contains(version), bytes[2] == 0x12,
      let length = bytes[3], (1...64).contains(length),
      let writer = bytes.slice(at: 4, count: Int(length))
    else { return false }
    return (0..<writer.count).allSatisfy { (0x20...0x7e).contains(writer[$0] ?? 0) }
  }

  // MARK: - Text: pages, messages of servers, lists of files

  private static let again =
    "the link may be old, private or over its limit: get the file from where it was published"

  private static func text(_ bytes: Bytes) -> ForeignFile {
    let head = bytes.lowercasedHead
    let start = head.firstIndex { $0 > 0x20 } ?? 0
    func has(_ word: StaticString) -> Bool { head.contains(word) }
    func begins(_ word: StaticString) -> Bool { head[start...].begins(word) }
    if has("version https://git-lfs") || has("version https://hawser") {
      return ForeignFile(
        "a Git LFS pointer, not the file it stands for",
        hint: "git lfs install, then git lfs pull in its repository fetches the file")
    }
    let tags: [StaticString] = [
      "<html", "<head", "<body", "<title", "<script", "<meta", "<h1", "<p>", "<div",
    ]
    if begins("<!doctype html") || begins("<?xml") && has("<html")
      || begins("<") && !begins("<?xml") && tags.contains(where: has)
    {
      return page(has)
    }
    if begins("<?xml") || begins("<error") {
      return has("<error") || has("<code>")
        ? ForeignFile("an XML message of a server", hint: again)
        : ForeignFile(has("<svg") ? "an SVG picture" : "an XML file")
    }
    if begins("[internetshortcut]") || begins("magnet:") || begins("d8:announce") {
      return ForeignFile(
        "a link to a file, not the file", hint: "open it, and save the file itself")
    }
    if begins("{") || begins("[") {
      if (bytes.slice(at: 0, count: min(bytes.count, 1 << 16))?.array ?? []).contains(
        "\"weight_map\"")
      {
        return ForeignFile(
          "the index of a checkpoint in several parts",
          hint: "join them in Python and save one file: the parts are named in it")
      }
      return has("\"error") || has("\"message\"") || has("\"detail\"")
        ? ForeignFile("a message of a server (JSON)", hint: again)
        : ForeignFile("a JSON file")
    }
    return pointer(bytes, has: has, begins: begins) ?? ForeignFile("a text file")
  }

  /// A short text in place of a file: a pointer to it, or why there is none.
  private static func pointer(
    _ bytes: Bytes, has: (StaticString) -> Bool, begins: (StaticString) -> Bool
  ) -> ForeignFile? {
    guard bytes.count <= 4096 else { return nil }
    if has("annex/objects/") {
      return ForeignFile(
        "a git-annex pointer, not the file it stands for",
        hint: "git annex get in its repository fetches the file")
    }
    if begins("outs:") {
      return ForeignFile(
        "a DVC pointer, not the file it stands for", hint: "dvc pull in its repository fetches it")
    }
    if begins("../") || begins("./") || begins("/"), bytes.lineCount == 1 {
      return ForeignFile(
        "a path in a text file, as copies of symbolic links are", hint: "give the file at that path"
      )
    }
    let messages: [StaticString] = [
      "not found", "404", "403", "forbidden", "denied", "invalid", "unauthorized", "authorized",
      "authenticated", "too many", "error", "exceeded", "expired", "unavailable", "bad gateway",
      "bad request", "gone", "sorry", "no such", "redirecting", "restricted", "moved permanently",
    ]
    guard bytes.lineCount <= 3, messages.contains(where: has) else { return nil }
    return ForeignFile("a message of a server", hint: again)
  }

  /// A page in place of a file, and what the site it comes from asks for.
  private static func page(_ has: (StaticString) -> Bool) -> ForeignFile {
    let hint =
      if has("google drive") || has("drive.google") {
        "Google Drive gave a page in place of the file: save the file from a browser, or use gdown"
      } else if has("huggingface") || has("hugging face") {
        "of a Hugging Face link take the one with /resolve/ in place of /blob/"
      } else if has("github") {
        "of a GitHub link take the one behind 'Raw' or 'Download'"
      } else if has("dropbox") {
        "a Dropbox link gives the file where it ends in dl=1"
      } else {
        "the download gave a page in place of the file: take the link behind its download button"
      }
    return ForeignFile("a web page (HTML)", hint: hint)
  }
}

extension Bytes {
  /// Whether the first kilobyte is text: in UTF-8, or a page in another encoding.
  fileprivate var isText: Bool {
    let start = min(count, 1024)
    // A character may be cut in two at the end.
    let isUTF8 =
      (max(start - 3, 0)...start).contains { slice(at: 0, count: $0)?.text != nil }
      || self[0] == UInt8(ascii: "<") || isUTF16
    if isUTF16 { return true }
    let hasControls = (0..<start).contains { at in
      let byte = self[at] ?? 0
      return byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d
    }
    return isUTF8 && !hasControls && start > 0
  }

  /// Whether it begins as text of 16 bits a character does, with a byte order mark.
  private var isUTF16: Bool {
    self[0] == 0xff && self[1] == 0xfe || self[0] == 0xfe && self[1] == 0xff
  }

  /// The first 4 KiB, with capital ASCII letters made small, without a byte order mark; of text with
  /// 16 bits a character the characters that have 8.
  fileprivate var lowercasedHead: [UInt8] {
    var bytes = slice(at: 0, count: Swift.min(count, 4096))?.array ?? []
    if isUTF16 { bytes = bytes.dropFirst(2).filter { $0 != 0 } }
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    return bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0).map {
      (0x41...0x5a).contains($0) ? $0 | 0x20 : $0
    }
  }

  /// Lines that are not empty, in the first 4 KiB.
  fileprivate var lineCount: Int {
    (slice(at: 0, count: Swift.min(count, 4096))?.array ?? [])
      .split { $0 == 0x0a || $0 == 0x0d }.count
  }
}

extension Collection<UInt8> {
  fileprivate func begins(_ word: StaticString) -> Bool {
    unsafe starts(with: UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }
}

extension [UInt8] {
  fileprivate func contains(_ word: StaticString) -> Bool {
    indices.contains { self[$0...].begins(word) }
  }

  fileprivate func ends(_ word: StaticString) -> Bool {
    count >= word.utf8CodeUnitCount && suffix(word.utf8CodeUnitCount).begins(word)
  }
}
