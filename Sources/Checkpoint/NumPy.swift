import Core

/// NumPy's array files: `.npy`, and `.npz`, a zip archive of them.
///
/// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public enum NumPy {
  /// NumPy itself refuses headers beyond 10,000 characters unless told otherwise.
  static let mostHeaderBytes = 65_535

  /// Whether a file is a `.npy` file.
  package static func matches(_ bytes: Bytes) -> Bool {
    bytes[0] == 0x93 && bytes.has("NUMPY", at: 1)
  }

  /// Whether an archive is a `.npz` file.
  package static func matches(_ archive: ZipArchive) -> Bool {
    archive.members.contains { $0.name.hasSuffix(".npy") }
  }

  /// Reads one array, borrowing its bytes.
  ///
  /// - Throws: `truncated`, `malformed`; `unsupported` for big-endian numbers, Python objects and
  ///   types other than those of `ElementType`.
  package static func read(npy: Bytes, name: String) throws(ObverseError) -> StoredTensor {
    let what = "array \(name)"
    guard matches(npy) else { throw .malformed(what: what, why: "it is not a .npy file") }
    guard let major = npy[6], npy[7] != nil else {
      throw .truncated(what: what, needs: 10, fileHas: UInt64(npy.count))
    }
    guard (1...3).contains(major) else {
      throw .unsupported(
        what: what, why: "version \(major) of the .npy format is not read (1 to 3 are)", hint: nil)
    }
    // Version 1 has a 16-bit length; 2 widened it, 3 made the header UTF-8.
    let start = major == 1 ? 10 : 12
    let stored =
      major == 1
      ? npy.load(UInt16.self, at: 8).map { Int($0) }
      : npy.load(UInt32.self, at: 8).map { Int($0) }
    guard let length = stored else {
      throw .truncated(what: what, needs: UInt64(start), fileHas: UInt64(npy.count))
    }
    guard length <= mostHeaderBytes else {
      throw .tooLarge(
        what: "the header of \(what)", found: UInt64(length), limit: UInt64(mostHeaderBytes))
    }
    guard let text = npy.slice(at: start, count: length),
      let data = npy.slice(at: start + length, count: npy.count - start - length)
    else {
      throw .truncated(
        what: "the header of \(what)", needs: UInt64(start + length), fileHas: UInt64(npy.count))
    }
    let header = try NumPyHeader(parsing: text, what: what)
    return try StoredTensor(
      name: name, type: try type(header.descr, what), shape: header.shape, filling: data,
      columnMajor: header.fortranOrder)
  }

  /// Reads a `.npy` file, whose tensor is called `array`, or a `.npz` file.
  package static func readFile(
    _ bytes: Bytes, path: String
  ) throws(ObverseError) -> CheckpointFile {
    guard !matches(bytes) else {
      return CheckpointFile(
        path: path, container: .npy, containerDetail: CheckpointFile.Container.npy.rawValue,
        tensors: [("array", try read(npy: bytes, name: "array"))])
    }
    return try readFile(try ZipArchive(bytes), path: path)
  }

  /// Reads all members of a `.npz` file; each is called as it was when it was saved.
  ///
  /// What is no array of numbers, such as a text beside them, is a placeholder: nobody may need it.
  package static func readFile(
    _ archive: ZipArchive, path: String
  ) throws(ObverseError) -> CheckpointFile {
    var tensors: [(name: String, tensor: StoredTensor)] = []
    var placeholders: [String: String] = [:]
    for member in archive.members where member.name.hasSuffix(".npy") {
      let name = String(member.name.dropLast(4))
      let bytes = try archive.read(member)
      do throws(ObverseError) {
        tensors.append((name, try read(npy: bytes, name: name)))
      } catch .unsupported(_, let why, _) {
        placeholders[name] = "NumPy, since \(why)"
      }
    }
    guard !tensors.isEmpty || placeholders.isEmpty else {
      let first = placeholders.min { $0.key < $1.key }
      throw .unsupported(
        what: "array \(first?.key ?? "")",
        why: String((first?.value ?? "").dropFirst("NumPy, since ".count)),
        hint: "np.savez('net.npz', **state_dict) saves each array of numbers under its name")
    }
    return CheckpointFile(
      path: path, container: .npz, containerDetail: CheckpointFile.Container.npz.rawValue,
      tensors: tensors, placeholders: placeholders)
  }

  /// The element type of a code such as `f4`, nil for those that are not read.
  static func element(_ code: String) -> ElementType? {
    switch code {
    case "f8": .float64
    case "f4": .float32
    case "f2": .float16
    case "i8": .int64
    case "i4": .int32
    case "i2": .int16
    case "i1": .int8
    case "u1": .uint8
    case "b1": .bool
    default: nil
    }
  }

  /// The element type of a `descr` such as `<f4`.
  private static func type(_ descr: String, _ what: String) throws(ObverseError) -> ElementType {
    if let order = descr.first, let type = element(String(descr.dropFirst())),
      order == "<" || order == "|" && type.byteCount == 1
    {
      return type
    }
    let why =
      if descr.hasPrefix(">") {
        "its numbers are big-endian ('\(descr)')"
      } else if descr.hasSuffix("O") {
        "it holds pickled Python objects ('\(descr)'), which are never made"
      } else {
        "its element type '\(descr)' is not read"
      }
    throw .unsupported(
      what: what, why: why, hint: "save it again with array.astype('<f4') in NumPy")
  }
}
