import Core

/// Turns a pickle's tree of dicts, lists and modules into flat lists of dotted names.
///
/// A pickle's values may be shared, and may hold themselves: following every reference of a small
/// file can take for ever. So all work is counted, and paths end where they meet themselves and at a
/// depth that no network has.
struct PickleFlattening {
  private static let mostSteps = 500_000
  private static let mostTensors = 65_536
  private static let mostAttributes = 65_536
  private static let mostModules = 16_384
  private static let deepest = 100
  private static let longestName = 512
  /// Bytes of all names together; those of the largest files that we know have some 1 MB.
  private static let mostNameBytes = 8 << 20
  /// Texts and lists beyond these are left out of the attributes.
  private static let longestText = 256
  private static let longestList = 1024

  private(set) var tensors: [(name: String, tensor: StoredTensor)] = []
  private(set) var attributes: [String: Attribute] = [:]
  private(set) var modules: [String: String] = [:]
  private(set) var placeholders: [String: String] = [:]
  private let arena: PickleArena
  private let names: PickleNames
  private var source: PickleTensors
  private var tensorNames: Set<FileName> = []
  /// Containers from the root to here.
  private var path: [PickleRef] = []
  /// Objects that were looked through and hold no tensor.
  private var barren: Set<PickleRef> = []
  private var steps = 0
  /// Steps for which there is room.
  private var expected = 0
  private var looks = 2_000_000
  private var nameBytes = 0
  /// Keys and texts that were asked for: what the file shares is shared here.
  private var texts: [PickleRef: String] = [:]

  /// Flattens everything that hangs on `root`.
  /// - Throws: `malformed` for tensors that cannot be, `tooLarge`, `truncated`, and what `source`
  ///   throws.
  init(_ root: PickleRef, _ source: PickleTensors) throws(ObverseError) {
    self.source = source
    arena = source.arena
    names = source.names
    try visit(root, "")
  }

  private mutating func visit(_ ref: PickleRef, _ name: String) throws(ObverseError) {
    try step(1)
    switch arena[ref] {
    case .tensor, .array(.some), .bufferArray: try addTensor(ref, name.isEmpty ? "tensor" : name)
    case .dict(let items):
      try enter(ref, name) { (this) throws(ObverseError) in
        let isLong = items.count > 2 * Self.longestList
        for (key, value) in try this.entries(items) where !(isLong && this.isHistory(value)) {
          try this.visit(value, name.dot(key))
        }
      }
    case .module(let meta):
      try enter(ref, name) { (this) throws(ObverseError) in
        try this.visit(module: meta, name)
      }
    case .torchModule(let index, let state):
      try enter(ref, name) { (this) throws(ObverseError) in
        let className = this.names[index].name.split(separator: ".").last ?? ""
        try this.visit(state: state, ofClass: String(className), name)
      }
    case .object(let index, let content): try visit(content, of: names[index].name, ref, name)
    case .network(let state?):
      try enter(ref, name) { (this) throws(ObverseError) in
        try this.visit(network: state, name)
      }
    case .scriptObject(let state?):
      try enter(ref, name) { (this) throws(ObverseError) in try this.visit(state, name) }
    case .tuple(let items), .list(let items):
      if let attribute = try attribute(ref, depth: 0) {
        try add(attribute, name)
        return
      }
      if try addNamed(items, name) { return }
      try enter(ref, name) { (this) throws(ObverseError) in
        try this.visit(items: items, name)
      }
    case .placeholder(let index), .global(let index): try addPlaceholder(names[index].name, name)
    case .none, .bool, .integer, .number, .text:
      if let attribute = try attribute(ref, depth: 0) { try add(attribute, name) }
    case .longInteger, .bytes, .latin1, .set, .ignored, .persistent, .storageBlob, .numpyType,
      .scriptObject(nil), .network(nil), .array(nil), .omitted:
      break
    }
  }

  /// Whether a member of a long container holds nothing but numbers and texts, as a history does.
  ///
  /// What is beyond the steps that such looks may take is taken for one.
  private mutating func isHistory(_ ref: PickleRef, depth: Int = 0) -> Bool {
    guard looks > 0 else { return true }
    looks -= 1
    switch arena[ref] {
    case .none, .bool, .integer, .number, .text, .omitted: return true
    case .list(let items), .tuple(let items), .dict(let items):
      guard depth < 4 else { return false }
      for item in items {
        guard isHistory(item, depth: depth + 1) else { return false }
      }
      return true
    default: return false
    }
  }

  /// The members of a list under their numbers; of a long one those alone that are more than values
  /// and containers of these.
  private mutating func visit(items: [PickleRef], _ name: String) throws(ObverseError) {
    let isLong =
      items.count > Self.longestList
      || items.contains { if case .omitted = arena[$0] { true } else { false } }
    if isLong { try step(items.count / 64) }
    var index = 0
    for item in items {
      switch arena[item] {
      case .omitted(let count):
        index += count
        continue
      case .none, .bool, .integer, .number, .text: if !isLong { fallthrough }
      case .list, .tuple, .dict: if !(isLong && isHistory(item)) { fallthrough }
      default: try visit(item, name.dot(String(index)))
      }
      index += 1
    }
  }

  /// An object of a class that is not run: what it holds under the names that it has there.
  ///
  /// One in which no tensor was found is a placeholder, and not looked through again.
  private mutating func visit(
    _ content: PickleRef, of className: String, _ ref: PickleRef, _ name: String
  ) throws(ObverseError) {
    guard !barren.contains(ref) else { return }
    let before = tensors.count
    try enter(ref, name) { (this) throws(ObverseError) in try this.visit(content, name) }
    guard tensors.count == before else { return }
    barren.insert(ref)
    try addPlaceholder(className, name)
  }

  // MARK: - Modules

  /// A module's attributes; its parameters, buffers and children under the names they have in it.
  private mutating func visit(module meta: PickleRef, _ name: String) throws(ObverseError) {
    // Looking a key up walks over the dict, which any number of modules may share.
    try step(arena.items(ofDict: meta).count)
    let className = arena.value("class_name", in: meta).flatMap { arena.text($0) } ?? ""
    guard let state = arena.value("state", in: meta) else {
      return try addModule(className, name)
    }
    try visit(state: state, ofClass: className, name)
  }

  private mutating func addModule(_ className: String, _ name: String) throws(ObverseError) {
    guard modules.count < Self.mostModules else { throw tooMany("modules", Self.mostModules) }
    try charge(name)
    modules[name] = className
  }

  private mutating func visit(
    state: PickleRef, ofClass className: String, _ name: String
  ) throws(ObverseError) {
    try addModule(className, name)
    guard case .dict(let items) = arena[state] else { return }
    for (key, value) in try entries(items) {
      switch key {
      case "_parameters", "_buffers", "_modules":
        guard case .dict(let members) = arena[value] else { continue }
        for (key, member) in try entries(members) {
          if case .none = arena[member] { continue }
          try visit(member, name.dot(key))
        }
      // torch's own book-keeping, whose extent depends on its version.
      case "training", "_non_persistent_buffers_set", "_is_full_backward_hook": continue
      case let key where key.hasPrefix("_") && key.hasSuffix("hooks"): continue
      case let key where key.hasPrefix("_") && key.hasSuffix("hooks_with_kwargs"): continue
      case let key where key.hasPrefix("_") && key.hasSuffix("hooks_always_called"): continue
      default: try visit(value, name.dot(key))
      }
    }
  }

  /// A network of dnnlib's TensorFlow: its static arguments, its variables with a dot for each slash,
  /// and its components, whose variables have theirs in front.
  private mutating func visit(network state: PickleRef, _ name: String) throws(ObverseError) {
    try addModule(CheckpointFile.tensorFlowNetwork, name)
    guard case .dict(let items) = arena[state] else { return }
    for (key, value) in try entries(items) {
      switch key {
      case "variables":
        guard let variables = arena.items(value) else { continue }
        for variable in variables {
          try step(1)
          guard let pair = arena.items(variable), pair.count == 2, let path = arena.text(pair[0])
          else { throw .malformed(what: "pickle", why: "\(name).variables are no pairs of names") }
          let parts = path.split(separator: "/").joined(separator: ".")
          if case .number(let value) = arena[pair[1]] {
            try addTensor(of: value, name.dot(parts))
          } else {
            try visit(pair[1], name.dot(parts))
          }
        }
      case "components":
        guard case .dict(let components) = arena[value] else { continue }
        for (key, component) in try entries(components) { try visit(component, name.dot(key)) }
      case "build_module_src": continue
      default: try visit(value, name.dot(key))
      }
    }
  }

  // MARK: - Going down

  private mutating func enter(
    _ ref: PickleRef, _ name: String,
    _ body: (inout PickleFlattening) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    // What holds itself, as an object does that knows its owner, has nothing new the second time.
    guard !path.contains(ref) else { return }
    guard path.count < Self.deepest else {
      throw .tooLarge(
        what: "the depth of the pickle's containers", found: UInt64(path.count + 1),
        limit: UInt64(Self.deepest))
    }
    guard name.utf8.count <= Self.longestName else {
      throw .tooLarge(
        what: "the length of a name in the pickle", found: UInt64(name.utf8.count),
        limit: UInt64(Self.longestName))
    }
    path.append(ref)
    try body(&self)
    path.removeLast()
  }

  /// A dict's entries under keys that can stand in a name; a repeated key has its last value.
  private mutating func entries(
    _ items: [PickleRef]
  ) throws(ObverseError) -> [(key: String, value: PickleRef)] {
    try step(items.count)
    var result: [(key: String, value: PickleRef)] = []
    var known: [FileName: Int] = [:]
    for index in stride(from: 0, to: items.count - 1, by: 2) {
      let key: String
      switch arena[items[index]] {
      case .text(let bytes) where bytes.count <= Self.longestName:
        do {
          key = try text(items[index], bytes)
        } catch {
          throw .malformed(what: "pickle", why: "a key \(error.why)")
        }
      case .integer(let value): key = String(value)
      default: continue
      }
      if let old = known[FileName(key)] {
        result[old].value = items[index + 1]
      } else {
        known[FileName(key)] = result.count
        result.append((key, items[index + 1]))
      }
    }
    return result
  }

  private mutating func step(_ count: Int) throws(ObverseError) {
    steps += count
    guard steps <= Self.mostSteps else {
      throw .tooLarge(
        what: "the number of values in the pickle, each reference followed,",
        found: UInt64(steps), limit: UInt64(Self.mostSteps))
    }
    // What Swift allocates for the names, shapes and tables of the next ones.
    guard steps >= expected else { return }
    expected = steps + 4096
    try Memory.expectRoom(for: Memory.small)
  }

  /// A text of the file, read once however often it is asked for.
  private mutating func text(
    _ ref: PickleRef, _ bytes: Bytes
  ) throws(TextFault) -> String {
    if let known = texts[ref] { return known }
    let text = try bytes.readText()
    texts[ref] = text
    return text
  }

  // MARK: - Findings

  /// Counts a name that is kept.
  private mutating func charge(_ name: String) throws(ObverseError) {
    nameBytes += name.utf8.count
    guard nameBytes <= Self.mostNameBytes else {
      throw .tooLarge(
        what: "the length of all names in the pickle", found: UInt64(nameBytes),
        limit: UInt64(Self.mostNameBytes))
    }
  }

  /// A pair of a text and an array, as PaddlePaddle writes a tensor: the array, with the text as the
  /// attribute of its name.
  private mutating func addNamed(
    _ items: [PickleRef], _ name: String
  ) throws(ObverseError) -> Bool {
    guard items.count == 2, let text = arena.text(items[0]), !name.isEmpty else { return false }
    switch arena[items[1]] {
    case .array(.some), .bufferArray: break
    default: return false
    }
    try addTensor(items[1], name)
    try add(.text(text), name)
    return true
  }

  private mutating func addTensor(_ ref: PickleRef, _ name: String) throws(ObverseError) {
    guard name.utf8.count <= Self.longestName, tensors.count < Self.mostTensors else {
      throw tooMany("tensors", Self.mostTensors)
    }
    let found: PickleTensors.Found
    switch arena[ref] {
    case .tensor(let arguments): found = try source.tensor(arguments, name: name)
    case .array(let state?): found = try source.array(state, isBuffer: false, name: name)
    case .bufferArray(let arguments):
      found = try source.array(arguments, isBuffer: true, name: name)
    default: return
    }
    switch found {
    case .placeholder(let global): try addPlaceholder(global, name)
    case .tensor(let tensor): try add(tensor, name)
    }
  }

  /// A variable of one number, which NumPy keeps as that and not as an array.
  private mutating func addTensor(of value: Double, _ name: String) throws(ObverseError) {
    let single = Float(value)
    let isSingle = Double(single) == value || value.isNaN
    let bits = isSingle ? UInt64(single.bitPattern) : value.bitPattern
    let bytes = (0..<(isSingle ? 4 : 8)).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    try add(
      try StoredTensor(
        name: name, type: isSingle ? .float32 : .float64, shape: [], filling: Bytes(bytes)), name)
  }

  private mutating func add(_ tensor: StoredTensor, _ name: String) throws(ObverseError) {
    guard name.utf8.count <= Self.longestName, tensors.count < Self.mostTensors else {
      throw tooMany("tensors", Self.mostTensors)
    }
    guard tensorNames.insert(FileName(name)).inserted else {
      throw .malformed(what: "tensor \(name)", why: "the file has two of it")
    }
    try charge(name)
    tensors.append((name, tensor))
  }

  private mutating func add(_ attribute: Attribute, _ name: String) throws(ObverseError) {
    guard attributes.count < Self.mostAttributes, name.utf8.count <= Self.longestName else {
      return
    }
    try charge(name)
    attributes[name] = attribute
  }

  private mutating func addPlaceholder(
    _ global: String, _ name: String
  ) throws(ObverseError) {
    guard placeholders.count < Self.mostTensors, name.utf8.count <= Self.longestName else { return }
    try charge(name)
    placeholders[name] = global
  }

  /// A value as an attribute, nil where it is none or holds something that is none.
  private mutating func attribute(
    _ ref: PickleRef, depth: Int
  ) throws(ObverseError) -> Attribute? {
    switch arena[ref] {
    case .none: return Attribute.none
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .text(let bytes):
      guard bytes.count <= Self.longestText, let text = try? text(ref, bytes) else { return nil }
      return .text(text)
    case .tuple(let items), .list(let items):
      guard depth < 4, items.count <= Self.longestList else { return nil }
      var list: [Attribute] = []
      for item in items {
        try step(1)
        guard let attribute = try attribute(item, depth: depth + 1) else { return nil }
        list.append(attribute)
      }
      return .list(list)
    default: return nil
    }
  }

  private func tooMany(_ what: String, _ limit: Int) -> ObverseError {
    .tooLarge(
      what: "the number of the pickle's \(what)", found: UInt64(limit + 1), limit: UInt64(limit))
  }
}

extension String {
  /// The name of a member.
  fileprivate func dot(_ key: String) -> String {
    isEmpty ? key : "\(self).\(key)"
  }
}
