/// Changes a file value by value: whole values of a pickle, a JSON text, an XML file or a NumPy header are doubled,
/// dropped, swapped, nested and replaced, so that what comes out is well-formed and says something else.
struct Spans {
  struct Span {
    let range: Range<Int>
    /// What begins or ends it, so that equal kinds can take each other's place.
    let kind: UInt8
  }

  /// How values are written in this form.
  struct Language {
    /// Values that no honest writer would put there.
    let values: [[UInt8]]
    /// What is put around a value to nest it.
    let around: [(before: [UInt8], after: [UInt8])]
    /// Between the members of a list.
    let separator: [UInt8]
  }

  var spans: [Span] = []
  let language: Language

  /// So many values are enough to choose from.
  static let most = 4000

  init(_ language: Language) {
    self.language = language
  }

  mutating func add(_ range: Range<Int>, _ kind: UInt8) {
    if spans.count < Self.most, !range.isEmpty { spans.append(Span(range: range, kind: kind)) }
  }

  /// The file's values; nil where it is of no form that has any.
  init?(_ bytes: [UInt8], _ form: FileMap.Form) {
    switch form {
    case .pickle: self.init(pickle: bytes)
    case .json: self.init(literals: bytes, from: 8, Self.json)
    case .array: self.init(literals: bytes, from: 10, Self.python)
    case .xml: self.init(elements: bytes)
    case .tables, .other: return nil
    }
    if spans.isEmpty { return nil }
  }

  /// Makes one change.
  func change(_ bytes: inout [UInt8], _ random: inout Random) {
    guard let span = random.pick(spans) else { return }
    switch random.below(8) {
    case 0:
      let copy = Array(bytes[span.range]) + language.separator
      bytes.insert(contentsOf: copy, at: span.range.lowerBound)
    case 1: remove(span.range, &bytes)
    case 2:
      guard let other = other(than: span, &random), !other.range.overlaps(span.range) else {
        return
      }
      let (first, second) =
        span.range.lowerBound < other.range.lowerBound ? (span, other) : (other, span)
      let part = Array(bytes[second.range])
      bytes.replaceSubrange(second.range, with: bytes[first.range])
      bytes.replaceSubrange(first.range, with: part)
    case 3, 4:
      guard let other = other(than: span, &random) else { return }
      bytes.replaceSubrange(span.range, with: Array(bytes[other.range]))
    case 5, 6: bytes.replaceSubrange(span.range, with: random.pick(language.values) ?? [])
    default:
      guard let around = random.pick(language.around) else { return }
      let depth = random.once(in: 4) ? 1 << random.below(13) : 1
      func repeated(_ part: [UInt8]) -> [UInt8] { (0..<depth).flatMap { _ in part } }
      bytes.insert(contentsOf: repeated(around.after), at: span.range.upperBound)
      bytes.insert(contentsOf: repeated(around.before), at: span.range.lowerBound)
    }
  }

  /// Another value, mostly of the same kind.
  private func other(than span: Span, _ random: inout Random) -> Span? {
    for _ in 0..<8 {
      guard let other = random.pick(spans) else { return nil }
      if other.range != span.range, other.kind == span.kind || random.once(in: 8) { return other }
    }
    return nil
  }

  private func remove(_ range: Range<Int>, _ bytes: inout [UInt8]) {
    let end = range.upperBound
    let hasSeparator = !language.separator.isEmpty && bytes[end...].starts(with: language.separator)
    bytes.removeSubrange(range.lowerBound..<(hasSeparator ? end + language.separator.count : end))
  }
}
