import Core

/// What a pickle has put aside.
///
/// Writers count up from 0; other numbers cost a hash table's entry and not an array up to them.
struct PickleMemo {
  private var dense: [PickleRef] = []
  private var sparse: [Int: PickleRef] = [:]
  private let limit: Int
  /// The numbers that are asked for again, where that is known: no other is kept.
  private let wanted: Set<Int>?
  /// Entries so far, and the highest number of them.
  private var count = 0
  private var highest = -1

  private static let mostSparse = 250_000

  init(limit: Int, wanted: Set<Int>?) {
    self.limit = limit
    self.wanted = wanted
  }

  subscript(index: Int) -> PickleRef? {
    dense.indices.contains(index) ? dense[index] : sparse[index]
  }

  /// The number that MEMOIZE takes: that of the entries.
  func next() throws(ObverseError) -> Int {
    guard wanted == nil || count == highest + 1 else {
      throw .unsupported(
        what: "pickle",
        why: "its memo is filled out of order, and it is too long to keep all of it",
        hint: nil)
    }
    return count
  }

  /// Whether the value is kept.
  mutating func put(_ ref: PickleRef, at index: Int) throws(ObverseError) -> Bool {
    if let wanted {
      if index > highest { count += 1 }
      highest = max(highest, index)
      guard wanted.contains(index) else { return false }
      sparse[index] = ref
      return true
    }
    let kept = dense.count + sparse.count
    guard kept < limit, sparse.count < Self.mostSparse else {
      throw .tooLarge(
        what: "the number of the pickle's memo entries", found: UInt64(kept + 1),
        limit: UInt64(sparse.count < Self.mostSparse ? limit : Self.mostSparse))
    }
    if index < dense.count {
      dense[index] = ref
    } else if index == dense.count, sparse.isEmpty {
      dense.append(ref)
    } else {
      sparse[index] = ref
    }
    count = dense.count + sparse.count
    return true
  }

  /// The numbers that the pickle at `position` asks for; nil where they are more than `limit`, or
  /// where it is broken.
  static func wanted(_ bytes: Bytes, at position: Int, limit: Int) -> Set<Int>? {
    var decoder = PickleDecoder(bytes, at: position)
    var wanted: Set<Int> = []
    while wanted.count <= min(limit, mostSparse) {
      guard let instruction = try? decoder.next() else { return nil }
      switch (instruction.opcode, instruction.argument) {
      case (.stop, _): return wanted
      case (.binGet, .integer(let index)), (.longBinGet, .integer(let index)):
        wanted.insert(index)
      case (.get, .bytes(let line)):
        if let index = PickleText.short(line).flatMap({ Int($0) }) { wanted.insert(index) }
      default: continue
      }
    }
    return nil
  }
}
