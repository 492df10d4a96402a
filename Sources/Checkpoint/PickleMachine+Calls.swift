// What happens where a pickle calls something: never a call.

import Core

extension PickleMachine {
  /// REDUCE, NEWOBJ and NEWOBJ_EX: builds the value that calling `function` stands for.
  mutating func apply(
    _ function: PickleRef, to arguments: PickleRef
  ) throws(ObverseError) -> PickleRef {
    switch arena[function] {
    case .placeholder, .object, .ignored: return function
    case .global(let index):
      guard let items = arena.items(arguments) else {
        if case .unknown = names[index].meaning { return try arena.add(.placeholder(index)) }
        throw malformed("\(names[index].name) is called with what is no list of arguments")
      }
      return try apply(names[index].meaning, index, to: items, arguments)
    default: throw malformed("a value is called that is no function")
    }
  }

  private mutating func apply(
    _ meaning: PickleMeaning, _ index: Int, to items: [PickleRef], _ arguments: PickleRef
  ) throws(ObverseError) -> PickleRef {
    switch meaning {
    case .unknown, .storage, .foreignStorage, .untypedStorage, .dtype, .object:
      return try arena.add(.placeholder(index))
    case .ignored: return try arena.add(.ignored)
    case .scriptClass: return try arena.add(.scriptObject(nil))
    case .network: return try arena.add(.network(nil))
    case .arrayMaker: return try arena.add(.array(nil))
    case .arrayFromBuffer where items.count == 4: return try arena.add(.bufferArray(arguments))
    case .tuple where items.count == 1:
      guard let members = arena.items(items[0]) else { break }
      return try arena.add(.tuple(members))
    case .tuple: return PickleArena.emptyTuple
    case .dict: return try arena.add(.dict(pairs(items)))
    case .set: return try arena.add(.set)
    case .bytes where items.isEmpty: return try arena.add(.bytes(Bytes([])))
    case .bytes: return try arena.add(.placeholder(index))
    case .rebuildTensor where items.count >= 4: return try arena.add(.tensor(arguments))
    case .first where items.count >= 1: return items[0]
    case .size where items.count == 1 && arena.items(items[0]) != nil: return items[0]
    case .loadFromBytes where items.count == 1: return try arena.add(.storageBlob(items[0]))
    case .persistentObject where items.count >= 1: return try persistentObject(items[0])
    case .numpyScalar where items.count == 2:
      return try arena.add(scalar(type: items[0], bytes: items[1]) ?? .placeholder(index))
    case .numpyType where items.count >= 1:
      guard case .text(let code) = arena[items[0]] else { break }
      return try arena.add(.numpyType(code, bigEndian: false))
    case .encode where items.count == 2 && arena.text(items[1])?.isLatin1 == true:
      guard case .text = arena[items[0]] else { break }
      return try arena.add(.latin1(items[0]))
    case .reconstructor where items.count == 3: return try reconstructed(items)
    case .rebuildFromType where items.count >= 3:
      // Python would call the function, too; only the tensor and parameter makers have a use here.
      if case .global(let inner) = arena[items[0]], let rest = arena.items(items[2]) {
        switch names[inner].meaning {
        case .rebuildTensor, .first:
          return try apply(names[inner].meaning, inner, to: rest, items[2])
        default: break
        }
      }
      return try arena.add(.placeholder(index))
    default: break
    }
    // Python would fail here or make something that is not known; nobody may need it.
    return try arena.add(.placeholder(index))
  }

  /// The keys and values of `OrderedDict([(key, value), …])`, the way Python 2 writes one.
  private func pairs(_ items: [PickleRef]) throws(ObverseError) -> [PickleRef] {
    guard let list = items.first, let pairs = arena.items(list) else { return [] }
    var result: [PickleRef] = []
    for pair in pairs {
      guard let pair = arena.items(pair), pair.count == 2 else {
        throw malformed("a dict is made of what are no pairs")
      }
      result += pair
      guard result.count <= arena.limits.members else { break }  // `add` will say so
    }
    return result
  }

  private mutating func persistentObject(_ meta: PickleRef) throws(ObverseError) -> PickleRef {
    guard case .dict = arena[meta] else {
      throw malformed("a persistent object has no dict that describes it")
    }
    return try arena.add(.module(meta))
  }

  /// Protocols 0 and 1: `_reconstructor(class, base, state)`.
  private mutating func reconstructed(_ items: [PickleRef]) throws(ObverseError) -> PickleRef {
    guard case .global(let index) = arena[items[0]] else {
      throw malformed("an object is made of what is no class")
    }
    if case .dict = names[index].meaning, case .dict(let old) = arena[items[2]] {
      return try arena.add(.dict(old))
    }
    return try apply(items[0], to: PickleArena.emptyTuple)
  }

  /// numpy's scalar, nil for types that we do not read.
  private func scalar(type: PickleRef, bytes ref: PickleRef) -> PickleNode? {
    guard case .numpyType(let code, let bigEndian) = arena[type] else { return nil }
    // Latin-1 text is worked out anew each time: not for more than a scalar can have.
    if case .latin1(let text) = arena[ref], case .text(let utf8) = arena[text], utf8.count > 16 {
      return nil
    }
    guard let bytes = arena.bytes(ref) else { return nil }
    func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> T? {
      guard bytes.count == MemoryLayout<T>.size, let value = bytes.load(T.self, at: 0) else {
        return nil
      }
      return bigEndian ? value.byteSwapped : value
    }
    return switch code.count == 2 ? code.text : nil {
    case "f8": load(UInt64.self).map { .number(Double(bitPattern: $0)) }
    case "f4": load(UInt32.self).map { .number(Double(Float(bitPattern: $0))) }
    case "f2": load(UInt16.self).map { .number(Double(Half.float(fromFloat16: $0))) }
    case "i8": load(Int64.self).map { .integer(Int($0)) }
    case "i4": load(Int32.self).map { .integer(Int($0)) }
    case "i2": load(Int16.self).map { .integer(Int($0)) }
    case "i1": load(Int8.self).map { .integer(Int($0)) }
    case "u4": load(UInt32.self).map { .integer(Int($0)) }
    case "u2": load(UInt16.self).map { .integer(Int($0)) }
    case "u1": load(UInt8.self).map { .integer(Int($0)) }
    case "b1": load(UInt8.self).map { .bool($0 != 0) }
    default: nil
    }
  }

  /// BUILD: sets an object's state, which has a meaning for numpy's types, for TorchScript's objects
  /// and for objects of classes that are not run, where it is a dict.
  mutating func build(_ target: PickleRef, from state: PickleRef) throws(ObverseError) {
    pin(for: target)
    switch arena[target] {
    case .numpyType(let code, _):
      guard let items = arena.items(state), items.count >= 2 else { return }
      arena.replace(target, with: .numpyType(code, bigEndian: arena.text(items[1]) == ">"))
    case .scriptObject: arena.replace(target, with: .scriptObject(state))
    case .network: arena.replace(target, with: .network(state))
    case .array: arena.replace(target, with: .array(state))
    case .placeholder(let index) where isModule(state):
      arena.replace(target, with: .torchModule(index, state))
    case .placeholder(let index):
      // `(attributes, slots)` where a class has slots.
      let parts = arena.items(state) ?? [state]
      if let dict = parts.last(where: { if case .dict = arena[$0] { true } else { false } }) {
        arena.replace(target, with: .object(index, dict))
      }
    // A state dict's `_metadata`, an EasyDict's empty attributes, a parameter's hooks.
    case .dict, .list, .set, .tensor, .module, .bufferArray, .torchModule: break
    default:
      guard swallows(target) else { throw malformed("BUILD on a value that has no state") }
    }
  }
}

extension PickleMachine {
  /// Whether an object's state is that of torch's modules, whatever its class is called.
  private func isModule(_ state: PickleRef) -> Bool {
    // A module has some 30 attributes; looking through a large dict for each BUILD would take for ever.
    arena.items(ofDict: state).count <= 2048
      && arena.value("_parameters", in: state) != nil && arena.value("_modules", in: state) != nil
  }
}

extension String {
  /// Whether this is what `_codecs.encode` calls Latin-1.
  fileprivate var isLatin1: Bool {
    ["latin1", "latin-1", "latin_1", "iso-8859-1"].contains(self)
  }
}
