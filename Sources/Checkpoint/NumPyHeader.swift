import Core

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
