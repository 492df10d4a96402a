import Core

/// What running a pickle gave.
struct PickleResult {
  let arena: PickleArena
  let root: PickleRef
  /// Just behind STOP.
  let end: Int
  /// Every persistent id, in order.
  let persistent: [PickleRef]
  /// 0 where the pickle does not say, as protocols 0 and 1.
  let protocolNumber: Int
}

/// The stack machine that builds a pickle's values.
///
/// It executes nothing: calls go to `apply`, which knows a short list of names and answers all
/// others with a placeholder.
struct PickleMachine {
  var arena: PickleArena
  let names: PickleNames
  private var decoder: PickleDecoder
  private var stack: [PickleRef] = []
  /// Heights of the stack, and how many values there were.
  private var marks: [(height: Int, values: Int)] = []
  private var memo: PickleMemo
  private var persistent: [PickleRef] = []
  private var protocolNumber = 0
  private var offset = 0
  /// The newest value that may be asked for again: in the memo, twice on the stack, or a member of
  /// a value that is older than a mark.
  private var pinned = 0
  /// Plain values that a list or dict keeps: longer ones become no attribute.
  private static let mostPlain = 1024

  /// Runs the pickle that begins at `position`.
  ///
  /// `fileBytes` is the size of the file where that is less than the pickle's, which was inflated:
  /// what may be built is in proportion to what somebody had to store.
  ///
  /// Histories of a training run may have any number of small containers, and writers put each of
  /// them into the memo. Where a pickle asks for more than is allowed it is run once more, with the
  /// knowledge of what it takes out of the memo again: the rest of a long history is not kept.
  /// - Throws: `truncated`, `malformed`, `unsupported`, `tooLarge`.
  static func run(
    _ bytes: Bytes, at position: Int = 0, names: PickleNames, fileBytes: Int = .max
  ) throws(ObverseError) -> PickleResult {
    let limits = PickleLimits(byteCount: min(bytes.count, fileBytes))
    let before = names.state
    do throws(ObverseError) {
      return try run(
        bytes, at: position, names, PickleMemo(limit: limits.memo, wanted: nil), limits)
    } catch {
      guard case .tooLarge = error,
        let wanted = PickleMemo.wanted(bytes, at: position, limit: limits.memo)
      else { throw error }
      names.state = before
      return try run(
        bytes, at: position, names, PickleMemo(limit: limits.memo, wanted: wanted), limits)
    }
  }

  private static func run(
    _ bytes: Bytes, at position: Int, _ names: PickleNames, _ memo: PickleMemo,
    _ limits: PickleLimits
  ) throws(ObverseError) -> PickleResult {
    var machine = PickleMachine(bytes, at: position, names: names, memo, limits)
    while true {
      let instruction = try machine.decoder.next()
      machine.offset = instruction.offset
      if instruction.opcode == .stop { break }
      try machine.execute(instruction)
    }
    let root = try machine.pop()
    return PickleResult(
      arena: machine.arena, root: root, end: machine.decoder.position,
      persistent: machine.persistent, protocolNumber: machine.protocolNumber)
  }

  private init(
    _ bytes: Bytes, at position: Int, names: PickleNames, _ memo: PickleMemo,
    _ limits: PickleLimits
  ) {
    arena = PickleArena(limits: limits)
    self.memo = memo
    decoder = PickleDecoder(bytes, at: position)
    self.names = names
  }

  func malformed(_ why: String) -> ObverseError {
    .malformed(what: "pickle", why: "\(why) at byte \(offset)")
  }

  private mutating func execute(_ instruction: PickleInstruction) throws(ObverseError) {
    let opcode = instruction.opcode
    switch instruction.argument {
    case .nothing: try executePlain(opcode)
    case .integer(let value): try execute(opcode, integer: value)
    case .number(let value): try push(arena.add(.number(value)))
    case .bytes(let run): try execute(opcode, bytes: run)
    case .twoLines(let module, let name):
      guard opcode == .global else { throw refused(opcode) }
      try push(arena.add(.global(names.look(module, name))))
    }
  }

  private mutating func execute(_ opcode: PickleOpcode, integer: Int) throws(ObverseError) {
    switch opcode {
    case .proto:
      guard integer <= 5 else {
        throw .unsupported(
          what: "pickle", why: "protocol \(integer) is newer than the 5 that is read", hint: nil)
      }
      protocolNumber = max(protocolNumber, integer)
    case .frame: break  // a hint for readers of streams, and never a boundary
    case .binInt, .binInt1, .binInt2: try push(arena.add(.integer(integer)))
    case .binGet, .longBinGet: try get(integer)
    case .binPut, .longBinPut: try put(integer)
    default: throw refused(opcode)
    }
  }

  private mutating func execute(_ opcode: PickleOpcode, bytes: Bytes) throws(ObverseError) {
    switch opcode {
    case .binBytes, .shortBinBytes, .binBytes8, .byteArray8: try push(arena.add(.bytes(bytes)))
    case .binUnicode, .shortBinUnicode, .binUnicode8, .binString, .shortBinString:
      try push(arena.add(.text(bytes)))
    case .long1, .long4: try push(arena.add(PickleText.long(bytes)))
    case .persID: try persist(arena.add(.text(bytes)))
    case .get, .put:
      guard let text = PickleText.short(bytes), let index = Int(text) else {
        throw malformed("a memo index is no number")
      }
      try opcode == .get ? get(index) : put(index)
    default:
      guard let node = PickleText.node(opcode, bytes) else {
        throw malformed("\(opcode.name) does not hold what its name says")
      }
      if case .text(let text) = node, text.owner !== bytes.owner {
        try arena.charge(PickleText.copyCost)
      }
      try push(arena.add(node))
    }
  }

  private mutating func executePlain(_ opcode: PickleOpcode) throws(ObverseError) {
    switch opcode {
    case .none: try push(PickleArena.none)
    case .newTrue: try push(PickleArena.yes)
    case .newFalse: try push(PickleArena.no)
    case .emptyTuple: try push(PickleArena.emptyTuple)
    case .emptyList: try push(arena.add(.list([])))
    case .emptyDict: try push(arena.add(.dict([])))
    case .emptySet: try push(arena.add(.set))
    case .mark:
      let limit = arena.limits.marks
      guard marks.count < limit else { throw tooMany("marks", marks.count, limit) }
      marks.append((stack.count, arena.count))
    case .pop:
      if marks.last?.height == stack.count { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popMarked()
    case .dup:
      try push(top())
      pinned = max(pinned, arena.order(try top()))
    case .tuple:
      let start = marks.last?.values ?? 0
      var items = try popMarked()
      if items.count > Self.mostPlain, arena.drop(items, since: start, pinned: pinned) {
        items = [try arena.add(.omitted(items.count))]
      }
      try push(arena.add(.tuple(items)))
    case .tuple1: try push(arena.add(.tuple(pop(1))))
    case .tuple2: try push(arena.add(.tuple(pop(2))))
    case .tuple3: try push(arena.add(.tuple(pop(3))))
    case .list: try push(arena.add(.list(popMarked())))
    case .dict:
      let items = try popMarked()
      guard items.count.isMultiple(of: 2) else { throw malformed("a key has no value") }
      try push(arena.add(.dict(items)))
    case .frozenSet:
      _ = try popMarked()
      try push(arena.add(.set))
    case .append: try append(pop(1), isDict: false)
    case .appends:
      let start = marks.last?.values
      try append(popMarked(), since: start, isDict: false)
    case .setItem: try append(pop(2), isDict: true)
    case .setItems:
      let start = marks.last?.values
      try append(popMarked(), since: start, isDict: true)
    case .addItems: try addItems(popMarked())
    case .memoize: try put(memo.next())
    case .binPersID: try persist(pop())
    case .stackGlobal:
      let pair = try pop(2)
      guard case .text(let module) = arena[pair[0]], case .text(let name) = arena[pair[1]] else {
        throw malformed("STACK_GLOBAL asks for a name that is no text")
      }
      try push(arena.add(.global(names.look(module, name))))
    case .reduce, .newObj:
      let pair = try pop(2)
      try push(apply(pair[0], to: pair[1]))
    case .newObjEx:
      let parts = try pop(3)
      try push(apply(parts[0], to: parts[1]))
    case .build:
      let state = try pop()
      try build(top(), from: state)
    default: throw refused(opcode)
    }
  }

  // MARK: - Stack and memo

  private mutating func push(_ ref: PickleRef) throws(ObverseError) {
    let limit = arena.limits.stack
    guard stack.count < limit else { throw tooMany("stack entries", stack.count, limit) }
    stack.append(ref)
  }

  /// The values above the last mark stay out of reach until the mark is gone, as in Python.
  private var floor: Int { marks.last?.height ?? 0 }

  private mutating func pop() throws(ObverseError) -> PickleRef {
    guard stack.count > floor else { throw malformed("the stack is empty") }
    return stack.removeLast()
  }

  private mutating func pop(_ count: Int) throws(ObverseError) -> [PickleRef] {
    guard stack.count - floor >= count else { throw malformed("the stack is empty") }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popMarked() throws(ObverseError) -> [PickleRef] {
    guard let mark = marks.popLast()?.height, mark <= stack.count else {
      throw malformed("there is no mark")
    }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func top() throws(ObverseError) -> PickleRef {
    guard stack.count > floor, let last = stack.last else { throw malformed("the stack is empty") }
    return last
  }

  private mutating func get(_ index: Int) throws(ObverseError) {
    guard let ref = memo[index] else { throw malformed("memo \(index) holds nothing") }
    try push(ref)
  }

  private mutating func put(_ index: Int) throws(ObverseError) {
    let ref = try top()
    guard index >= 0 else { throw malformed("a memo index is negative") }
    if try memo.put(ref, at: index) { pinned = max(pinned, arena.order(ref)) }
  }

  private mutating func persist(_ id: PickleRef) throws(ObverseError) {
    // Before version 1.6 torch sent classes this way too, with their source text.
    if TorchStorageID.isClass(id: id, arena), let items = arena.items(id), items.count >= 2 {
      return try push(items[1])
    }
    let ref = try arena.add(.persistent(id))
    persistent.append(ref)
    try push(ref)
  }

  // MARK: - Containers

  /// APPEND, SETITEM and their like; `start` is how many values there were at the members' mark.
  private mutating func append(
    _ items: [PickleRef], since start: Int? = nil, isDict: Bool
  ) throws(ObverseError) {
    guard !isDict || items.count.isMultiple(of: 2) else { throw malformed("a key has no value") }
    let target = try top()
    if let start, try omits(items, since: start, target, isDict: isDict) { return }
    pin(for: target)
    if isDict, case .placeholder(let index) = arena[target] {
      arena.replace(target, with: .object(index, try arena.add(.dict([]))))
    }
    if try arena.append(items[...], to: target, isDict: isDict) || swallows(target) { return }
    throw malformed(
      "\(isDict ? "SETITEM on a value that is no dict" : "APPEND on a value that is no list")")
  }

  /// Keeps all values where one of them becomes part of something that is older than the last mark:
  /// what came since that mark may not be forgotten then.
  mutating func pin(for target: PickleRef) {
    if let start = marks.last?.values, arena.order(target) < start { pinned = arena.count - 1 }
  }

  /// Whether plain values were not kept: those of a long list, as the losses of a training run are.
  ///
  /// In a list their count takes their place, so that what follows keeps its index.
  private mutating func omits(
    _ items: [PickleRef], since start: Int, _ target: PickleRef, isDict: Bool
  ) throws(ObverseError) -> Bool {
    let isLong =
      switch arena[target] {
      case .list(let old): !isDict && old.count + items.count > Self.mostPlain
      case .dict(let old): isDict && old.count + items.count > 2 * Self.mostPlain
      case .object: isDict && arena.items(ofDict: target).count + items.count > 2 * Self.mostPlain
      default: !isDict && swallows(target)
      }
    guard isLong, items.count > 1, arena.drop(items, since: start, pinned: pinned) else {
      return false
    }
    if case .list = arena[target] { try arena.omit(items.count, in: target) }
    return true
  }

  private mutating func addItems(_ items: [PickleRef]) throws(ObverseError) {
    let target = try top()
    if case .set = arena[target] { return }
    guard swallows(target) else { throw malformed("ADDITEMS on a value that is no set") }
  }

  /// Whether a value takes whatever is done to it.
  func swallows(_ ref: PickleRef) -> Bool {
    switch arena[ref] {
    case .placeholder, .object, .ignored: true
    case .global(let index): if case .unknown = names[index].meaning { true } else { false }
    default: false
    }
  }

  // MARK: - Errors

  private func refused(_ opcode: PickleOpcode) -> ObverseError {
    .unsupported(
      what: "pickle", why: "opcode \(opcode.name) at byte \(offset) is not read", hint: nil)
  }

  private func tooMany(_ what: String, _ count: Int, _ limit: Int) -> ObverseError {
    .tooLarge(
      what: "the number of the pickle's \(what)", found: UInt64(count + 1), limit: UInt64(limit))
  }
}

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
