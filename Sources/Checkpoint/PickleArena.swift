import Core

/// A value of a pickle: the number of a node in a `PickleArena`.
struct PickleRef: Hashable {
  fileprivate let index: UInt32
}

/// What a pickle can build here.
///
/// Children are numbers, so that neither cycles nor deep nesting cost a stack frame or a reference
/// count.
enum PickleNode {
  case none
  case bool(Bool)
  case integer(Int)
  /// More than 64 bits: little-endian two's complement.
  case longInteger(Bytes)
  case number(Double)
  /// UTF-8, not yet checked; or the bytes of a Python 2 string.
  case text(Bytes)
  case bytes(Bytes)
  /// The bytes whose Latin-1 reading is this text: how protocol 2 writes bytes. Worked out when it
  /// is asked for, since a pickle can ask for the same text without end.
  case latin1(PickleRef)
  case tuple([PickleRef])
  case list([PickleRef])
  /// Keys and values in turn; of equal keys the last one counts.
  case dict([PickleRef])
  /// Its members have no meaning here and are dropped.
  case set
  /// A name that was looked up, by its number in `PickleNames`.
  case global(Int)
  /// What calling this name would have given: swallows all that is done to it.
  case placeholder(Int)
  /// The same once it was given members or attributes, with the dict of them: objects of classes
  /// that are not run hold state dicts, too, and subclasses of dict are written as they are.
  case object(Int, PickleRef)
  /// A value of a known type without meaning here; swallows too.
  case ignored
  /// A value that lies outside of the pickle, with its id.
  case persistent(PickleRef)
  /// The arguments of `_rebuild_tensor_v2` and its kin. Checked when the tensor's name is known.
  case tensor(PickleRef)
  /// Bytes that are a torch legacy file of one storage.
  case storageBlob(PickleRef)
  /// A NumPy array, with its state once BUILD has given it.
  case array(PickleRef?)
  /// A NumPy array on a buffer: the arguments of `_frombuffer`.
  case bufferArray(PickleRef)
  /// numpy's type code, such as `f8`.
  case numpyType(Bytes, bigEndian: Bool)
  /// An object of a TorchScript program, with the dict of its attributes once BUILD has given it.
  case scriptObject(PickleRef?)
  /// A module that brings its own source text, with its dict of `class_name` and `state`.
  case module(PickleRef)
  /// An object of a class that is not run, by its number in `PickleNames`, with the state that makes
  /// it a module of torch's: its parameters, buffers and children.
  case torchModule(Int, PickleRef)
  /// A network of dnnlib's TensorFlow, with its state once BUILD has given it.
  case network(PickleRef?)
  /// So many numbers of a list, which nobody needs and which are not kept.
  case omitted(Int)
}

/// How much a pickle may build.
///
/// A pickle of n bytes can ask for n values of some 40 bytes each. Real ones ask for a few ten
/// thousand, besides the large runs of bytes that are borrowed from the file. So there is a fixed
/// part that every real file fits in, and a part in proportion to the file.
struct PickleLimits {
  /// Values, of 32 bytes each and 48 more for an array.
  let nodes: Int
  /// Members of all containers, of 4 bytes each.
  let members: Int
  /// Entries of the stack, the memo and the list of marks.
  let stack = 1_000_000
  let memo: Int
  let marks = 100_000

  /// - Parameter byteCount: Size of the file.
  init(byteCount: Int) {
    nodes = min(250_000 + byteCount / 40, 100_000_000)
    members = 1_000_000 + byteCount / 8
    memo = 250_000 + byteCount / 16
  }
}

/// The values that one pickle has built.
struct PickleArena {
  static let none = PickleRef(index: 0)
  static let no = PickleRef(index: 1)
  static let yes = PickleRef(index: 2)
  static let emptyTuple = PickleRef(index: 3)

  let limits: PickleLimits
  private var nodes: [PickleNode] = [.none, .bool(false), .bool(true), .tuple([])]
  private var memberCount = 0
  /// Values and members for which there is room: Swift allocates them, or ends the process.
  private var expected = 1 << 16

  init(limits: PickleLimits) {
    self.limits = limits
  }

  /// The value behind a number.
  subscript(ref: PickleRef) -> PickleNode {
    nodes[Int(ref.index)]
  }

  /// Adds a value.
  /// - Throws: `tooLarge`, `resources`.
  mutating func add(_ node: PickleNode) throws(ObverseError) -> PickleRef {
    guard nodes.count < limits.nodes else {
      throw .tooLarge(
        what: "the number of values in the pickle", found: UInt64(nodes.count + 1),
        limit: UInt64(limits.nodes))
    }
    switch node {
    case .tuple(let members), .list(let members), .dict(let members): try charge(members.count)
    default: try expectRoom()
    }
    nodes.append(node)
    return PickleRef(index: UInt32(truncatingIfNeeded: nodes.count - 1))
  }

  /// Adds members to a list or, keys and values in turn, to a dict; says whether it is one.
  mutating func append(
    _ members: ArraySlice<PickleRef>, to ref: PickleRef, isDict: Bool
  ) throws(ObverseError) -> Bool {
    let index = Int(ref.index)
    switch nodes[index] {
    case .list where !isDict: break
    case .dict where isDict: break
    case .object(_, let content) where isDict:
      return try append(members, to: content, isDict: true)
    default: return false
    }
    try charge(members.count)
    nodes[index].grow(by: members)
    return true
  }

  /// Turns a value into another in place, as BUILD does.
  mutating func replace(_ ref: PickleRef, with node: PickleNode) {
    nodes[Int(ref.index)] = node
  }

  /// Forgets all values from one on, and with them what they are `members` of.
  ///
  /// - Parameters:
  ///   - members: The only values on which those hang.
  ///   - start: The number of the first.
  ///   - pinned: The newest value that may be asked for again.
  /// - Returns: Whether they are gone: they are plain, that is numbers, texts and containers of these.
  mutating func drop(_ members: [PickleRef], since start: Int, pinned: Int) -> Bool {
    guard start > pinned, start <= nodes.count else { return false }
    var memberCount = 0
    for node in nodes[start...] {
      switch node {
      case .none, .bool, .number, .integer, .longInteger, .text, .bytes, .latin1, .set, .omitted,
        .numpyType, .ignored, .global, .placeholder:
        continue
      case .tuple(let items), .list(let items), .dict(let items):
        memberCount += items.count
        guard items.allSatisfy({ isPlain($0, before: start) }) else { return false }
      default: return false
      }
    }
    guard members.allSatisfy({ isPlain($0, before: start) }) else { return false }
    nodes.removeLast(nodes.count - start)
    self.memberCount -= memberCount
    return true
  }

  /// Whether an older value is one without members.
  private func isPlain(_ ref: PickleRef, before start: Int) -> Bool {
    guard Int(ref.index) < start else { return true }
    return switch self[ref] {
    case .none, .bool, .number, .integer, .text: true
    case .tuple(let items): items.isEmpty
    default: false
    }
  }

  /// Values so far.
  var count: Int { nodes.count }

  /// The number of a value, counted in order of creation.
  func order(_ ref: PickleRef) -> Int { Int(ref.index) }

  /// Counts on where the last member of a list stands for some that were left out.
  mutating func omit(_ count: Int, in ref: PickleRef) throws(ObverseError) {
    if case .list(let items) = self[ref], let last = items.last, case .omitted(let old) = self[last]
    {
      replace(last, with: .omitted(old + count))
    } else {
      let rest = try add(.omitted(count))
      _ = try append([rest], to: ref, isDict: false)
    }
  }

  /// Counts members, or memory that costs as much.
  mutating func charge(_ count: Int) throws(ObverseError) {
    memberCount += count
    guard memberCount <= limits.members else {
      throw .tooLarge(
        what: "the number of members of the pickle's containers", found: UInt64(memberCount),
        limit: UInt64(limits.members))
    }
    try expectRoom()
  }

  /// Asks for what is allocated next, before it is: an array that is full takes twice its room beside
  /// what it has, and each value may be in the memo and on the stack, by its number.
  private mutating func expectRoom() throws(ObverseError) {
    guard nodes.count + memberCount >= expected else { return }
    expected = nodes.count + memberCount + 1 << 16
    let each = MemoryLayout<PickleNode>.stride + 2 * MemoryLayout<PickleRef>.stride
    try Memory.expectRoom(
      for: 2 * (nodes.count * each + memberCount * MemoryLayout<PickleRef>.stride) + Memory.small)
  }
}

extension PickleNode {
  /// Adds to the members of a list or dict where they lie.
  ///
  /// Nobody else may hold the array meanwhile, or it is copied for each member, and a list costs the
  /// square of its length.
  fileprivate mutating func grow(by members: ArraySlice<PickleRef>) {
    switch self {
    case .list(var old):
      self = .none
      old.append(contentsOf: members)
      self = .list(old)
    case .dict(var old):
      self = .none
      old.append(contentsOf: members)
      self = .dict(old)
    default: break
    }
  }
}

extension PickleArena {
  /// The members of a tuple or list, nil for all else.
  func items(_ ref: PickleRef) -> [PickleRef]? {
    switch self[ref] {
    case .tuple(let items), .list(let items): items
    default: nil
    }
  }

  func integer(_ ref: PickleRef) -> Int? {
    switch self[ref] {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// A text in UTF-8 of the length of a name, nil for all else.
  func text(_ ref: PickleRef) -> String? {
    if case .text(let bytes) = self[ref], bytes.count <= 512 { bytes.text } else { nil }
  }

  /// A dict's keys and values in turn, empty for all else.
  func items(ofDict ref: PickleRef) -> [PickleRef] {
    switch self[ref] {
    case .dict(let items): items
    case .object(_, let content): items(ofDict: content)
    default: []
    }
  }

  /// The value of a key in a dict; walks over all of it.
  func value(_ key: StaticString, in ref: PickleRef) -> PickleRef? {
    let items = items(ofDict: ref)
    var index = items.count - 2
    while index >= 0 {
      if case .text(let bytes) = self[items[index]], bytes.count == key.utf8CodeUnitCount,
        bytes.has(key)
      {
        return items[index + 1]
      }
      index -= 2
    }
    return nil
  }

  /// The bytes of a bytes object, however the pickle wrote it.
  func bytes(_ ref: PickleRef) -> Bytes? {
    switch self[ref] {
    case .bytes(let bytes): return bytes
    case .text(let bytes): return bytes  // Python 2 had one type for both
    case .latin1(let text):
      guard case .text(let utf8) = self[text] else { return nil }
      return utf8.latin1
    default: return nil
    }
  }
}

extension Bytes {
  /// The bytes of a UTF-8 text whose characters are all below U+0100, one byte each.
  fileprivate var latin1: Bytes? {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    let fits = withSpan { span in
      var index = 0
      while index < span.byteCount {
        let byte = unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self)
        if byte < 0x80 {
          result.append(byte)
        } else {
          guard byte & 0xfc == 0xc0, index + 1 < span.byteCount else { return false }
          index += 1
          let next = unsafe span.unsafeLoad(fromByteOffset: index, as: UInt8.self)
          guard next & 0xc0 == 0x80 else { return false }
          result.append(byte << 6 | next & 0x3f)
        }
        index += 1
      }
      return true
    }
    return fits ? Bytes(result) : nil
  }
}
