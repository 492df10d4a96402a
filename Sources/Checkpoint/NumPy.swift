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

/// The header of a `.npy` file: a Python dictionary with just three keys.
///
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, padded with spaces, then a
/// newline. It is parsed as that, not as Python.
struct NumPyHeader {
  let descr: String
  let fortranOrder: Bool
  let shape: [Int]

  init(parsing text: Bytes, what: String) throws(ObverseError) {
    var cursor = Cursor(text: text.array, what: what)
    var descr: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    try cursor.want("{")
    while !cursor.take("}") {
      let key = try cursor.string()
      try cursor.want(":")
      switch key {
      case "descr" where descr == nil: descr = try cursor.type()
      case "fortran_order" where fortranOrder == nil: fortranOrder = try cursor.bool()
      case "shape" where shape == nil: shape = try cursor.tuple()
      default: throw cursor.broken("the key '\(key)' is not wanted")
      }
      if cursor.take(",") { continue }
      try cursor.want("}")
      break
    }
    try cursor.wantEnd()
    guard let descr, let fortranOrder, let shape else {
      throw cursor.broken("it lacks descr, fortran_order or shape")
    }
    self.descr = descr
    self.fortranOrder = fortranOrder
    self.shape = shape
  }

  private struct Cursor {
    private let text: [UInt8]
    private let what: String
    private var at = 0

    init(text: [UInt8], what: String) {
      self.text = text
      self.what = what
    }

    func broken(_ why: String) -> ObverseError {
      .malformed(what: "the header of \(what)", why: why)
    }

    private var next: UInt8? { at < text.count ? text[at] : nil }

    private mutating func skipSpace() {
      while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x09 { at += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      skipSpace()
      guard next == UInt8(ascii: character) else { return false }
      at += 1
      return true
    }

    mutating func want(_ character: Unicode.Scalar) throws(ObverseError) {
      guard take(character) else { throw broken("'\(character)' is wanted at byte \(at)") }
    }

    mutating func wantEnd() throws(ObverseError) {
      skipSpace()
      guard at == text.count else { throw broken("something follows its end at byte \(at)") }
    }

    /// A string in either quotes; none that we know has an escape.
    mutating func string() throws(ObverseError) -> String {
      skipSpace()
      guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
        throw broken("a string is wanted at byte \(at)")
      }
      at += 1
      let start = at
      while let byte = next, byte != quote, byte != UInt8(ascii: "\\") { at += 1 }
      guard next == quote, let string = try? String(fileText: text[start..<at]) else {
        throw broken("a string cannot be read at byte \(at)")
      }
      at += 1
      return string
    }

    mutating func type() throws(ObverseError) -> String {
      skipSpace()
      guard next != UInt8(ascii: "[") else {
        throw .unsupported(
          what: what, why: "its elements are records of several fields", hint: nil)
      }
      return try string()
    }

    mutating func bool() throws(ObverseError) -> Bool {
      skipSpace()
      for (word, value) in [("True", true), ("False", false)]
      where text[at...].starts(with: word.utf8) {
        at += word.utf8.count
        return value
      }
      throw broken("True or False is wanted at byte \(at)")
    }

    /// `()`, `(3,)` or `(3, 4)`; Python 2 wrote an L behind its long integers.
    mutating func tuple() throws(ObverseError) -> [Int] {
      try want("(")
      var numbers: [Int] = []
      while !take(")") {
        guard numbers.count < StoredTensor.mostAxes else { throw broken("its shape is too long") }
        skipSpace()
        let start = at
        while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
        guard let number = Int(String(decoding: text[start..<at], as: UTF8.self)) else {
          throw broken("a size that can be held is wanted at byte \(start)")
        }
        numbers.append(number)
        if next == UInt8(ascii: "L") { at += 1 }
        if take(",") { continue }
        try want(")")
        break
      }
      return numbers
    }
  }
}
