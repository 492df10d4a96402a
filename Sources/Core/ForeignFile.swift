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

  private static let magics: [(magic: StaticString, offset: Int, file: ForeignFile)] = [
    ("OBV", 4, ForeignFile("a model file of another generation (not OBV1)")),
    ("TFL3", 4, ForeignFile("a TensorFlow Lite model")),
    ("GGUF", 0, ForeignFile("a GGUF file")),
    ("HDF\r\n", 1, ForeignFile("an HDF5 file")),
    ("PNG\r\n", 1, ForeignFile("a PNG image")),
    ("JFIF", 6, ForeignFile("a JPEG image")),
    ("Exif", 6, ForeignFile("a JPEG image")),
    ("%PDF", 0, ForeignFile("a PDF document")),
    ("ELF", 1, ForeignFile("a program")),
    ("NUMPY", 1, ForeignFile("a NumPy array")),
    ("BZh", 0, ForeignFile("compressed by bzip2", hint: "bunzip2 it first")),
    ("7zXZ", 1, ForeignFile("compressed by xz", hint: "unxz it first")),
    ("'\u{1c}", 4, ForeignFile("a 7z archive", hint: unpack)),
    ("Rar!", 0, ForeignFile("a RAR archive", hint: unpack)),
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
      let name = bytes.slice(at: 30, count: length)?.text ?? ""
      if name.hasSuffix(".npy") { return named("a NumPy npz file") }
      let isTorch = name.hasSuffix("/data.pkl") || name.hasSuffix("/byteorder")
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
    let zstd: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
    if zstd.indices.allSatisfy({ bytes[$0] == zstd[$0] }) {
      return ForeignFile("compressed by zstd", hint: "unzstd it first")
    }
    return nil
  }

  // MARK: - Text: pages, messages of servers, lists of files

  private static let again =
    "the link may be old, private or over its limit: get the file from where it was published"

  private static func text(_ bytes: Bytes) -> ForeignFile {
    if bytes.has("version https://git-lfs") {
      return ForeignFile(
        "a Git LFS pointer, not the file it stands for",
        hint: "git lfs install, then git lfs pull in its repository fetches the file")
    }
    let head = bytes.lowercasedHead
    let start = head.firstIndex { $0 > 0x20 } ?? 0
    func has(_ word: StaticString) -> Bool { head.contains(word) }
    func begins(_ word: StaticString) -> Bool { head[start...].begins(word) }
    let tags: [StaticString] = ["<html", "<head", "<body", "<title", "<script", "<meta"]
    if begins("<!doctype html") || begins("<") && !begins("<?xml") && tags.contains(where: has) {
      return page(has)
    }
    if begins("<?xml") || begins("<error") {
      return has("<error") || has("<code>")
        ? ForeignFile("an XML message of a server", hint: again)
        : ForeignFile(has("<svg") ? "an SVG picture" : "an XML file")
    }
    if begins("{") || begins("[") {
      if has("\"weight_map\"") {
        return ForeignFile(
          "the index of a checkpoint in several parts",
          hint: "join them in Python and save one file: the parts are named in it")
      }
      return has("\"error") || has("\"message\"")
        ? ForeignFile("a message of a server (JSON)", hint: again)
        : ForeignFile("a JSON file")
    }
    let messages: [StaticString] = [
      "entry not found", "not found", "repository not found", "404", "403", "forbidden",
      "access denied", "invalid username", "unauthorized", "too many requests",
    ]
    if messages.contains(where: begins) {
      return ForeignFile("a message of a server", hint: again)
    }
    return ForeignFile("a text file")
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
  /// Whether the first kilobyte is text.
  fileprivate var isText: Bool {
    let start = min(count, 1024)
    // A character may be cut in two at the end.
    let isUTF8 = (max(start - 3, 0)...start).contains { slice(at: 0, count: $0)?.text != nil }
    let hasControls = (0..<start).contains { at in
      let byte = self[at] ?? 0
      return byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d
    }
    return isUTF8 && !hasControls && start > 0
  }

  /// The first 4 KiB, with capital ASCII letters made small, without a byte order mark.
  fileprivate var lowercasedHead: [UInt8] {
    let bytes = slice(at: 0, count: Swift.min(count, 4096))?.array ?? []
    let mark: [UInt8] = [0xef, 0xbb, 0xbf]
    return bytes.dropFirst(bytes.starts(with: mark) ? 3 : 0).map {
      (0x41...0x5a).contains($0) ? $0 | 0x20 : $0
    }
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
}
