import Core

/// What a global name of a pickle stands for here.
///
/// This list is the whole of it, with the names of one namespace: a name that is not on it builds a
/// placeholder, and no name runs anything.
enum PickleMeaning {
  case unknown
  /// `OrderedDict` and `EasyDict`: dicts by other names.
  case dict
  case set
  /// `(storage, offset, size, stride, …)`, with a `dtype` in seventh place for `v3`.
  case rebuildTensor
  /// `(value, …)`: the value, such as a parameter's tensor.
  case first
  /// `(function, type, arguments, state)`: function called with the arguments.
  case rebuildFromType
  /// `(items,)`: the items.
  case size
  /// `(bytes,)`: a torch legacy file.
  case loadFromBytes
  /// `(dict,)`: a module with its class's name and its state.
  case persistentObject
  case numpyScalar
  case numpyType
  /// `(ndarray, (0,), b'b')`: an array, whose state follows.
  case arrayMaker
  /// `(bytes, dtype, shape, order)`.
  case arrayFromBuffer
  /// `(items,)`
  case tuple
  /// A network of dnnlib's TensorFlow: its static arguments, variables and components follow.
  case network
  /// `(text, 'latin1')`: bytes.
  case encode
  case bytes
  /// `(class, base, state)`: how protocols 0 and 1 make objects.
  case reconstructor
  case object
  /// A class of a TorchScript program: its instances are their attributes.
  case scriptClass
  /// A storage class with the type of its elements; untyped ones count bytes.
  case storage(ElementType)
  /// A storage class whose elements we do not read, with their size; 0 where it is not known.
  case foreignStorage(Int)
  case untypedStorage
  case dtype(ElementType)
  /// A class whose instances say nothing about networks.
  case ignored

  static func of(_ name: String) -> PickleMeaning {
    if let meaning = table[name] { return meaning }
    // A program's own classes, whatever its author called them.
    if name.hasPrefix("__torch__.") { return .scriptClass }
    // NVlabs' code as a part of some package: the last names stay the same.
    if name.hasSuffix("._reconstruct_persistent_obj") { return .persistentObject }
    if name.hasSuffix(".EasyDict") { return .dict }
    if name.hasSuffix(".tflib.network.Network") { return .network }
    // Types of later torch versions; a tensor of theirs may be there as long as nobody needs it.
    if name.hasPrefix("torch."), name.hasSuffix("Storage") { return .foreignStorage(0) }
    return .unknown
  }

  private static let table: [String: PickleMeaning] = {
    var table: [String: PickleMeaning] = [
      "collections.OrderedDict": .dict,
      "torch._utils._rebuild_tensor": .rebuildTensor,
      "torch._utils._rebuild_tensor_v2": .rebuildTensor,
      "torch._utils._rebuild_tensor_v3": .rebuildTensor,
      "torch._utils._rebuild_parameter": .first,
      "torch._utils._rebuild_parameter_with_state": .first,
      "torch.jit._pickle.restore_type_tag": .first,
      "torch.jit._pickle.build_intlist": .first,
      "torch.jit._pickle.build_tensorlist": .first,
      "torch.jit._pickle.build_doublelist": .first,
      "torch.jit._pickle.build_boollist": .first,
      "torch._tensor._rebuild_from_type_v2": .rebuildFromType,
      "torch.Size": .size,
      "torch.storage._load_from_bytes": .loadFromBytes,
      // torch_xla: `(array or tensor, dtype, device, requires_grad)`.
      "torch._utils._rebuild_device_tensor_from_numpy": .first,
      "torch._utils._rebuild_device_tensor_from_cpu_tensor": .first,
      "torch._utils._rebuild_xla_tensor": .first,
      "numpy.core.multiarray.scalar": .numpyScalar,
      "numpy._core.multiarray.scalar": .numpyScalar,
      "numpy.dtype": .numpyType,
      "numpy.ndarray": .object,
      "_codecs.encode": .encode,
      "copyreg._reconstructor": .reconstructor,
      "copy_reg._reconstructor": .reconstructor,
      "argparse.Namespace": .ignored,
      "torch.device": .ignored,
      "torch.storage.UntypedStorage": .untypedStorage,
      "torch.UntypedStorage": .untypedStorage,
      "torch.ComplexFloatStorage": .foreignStorage(8),
      "torch.ComplexDoubleStorage": .foreignStorage(16),
      "torch.ComplexHalfStorage": .foreignStorage(4),
      "torch.QInt8Storage": .foreignStorage(1),
      "torch.QUInt8Storage": .foreignStorage(1),
      "torch.QInt32Storage": .foreignStorage(4),
    ]
    for module in ["numpy.core", "numpy._core"] {
      table[module + ".multiarray._reconstruct"] = .arrayMaker
      table[module + ".numeric._frombuffer"] = .arrayFromBuffer
    }
    for module in ["builtins", "__builtin__"] {
      table[module + ".tuple"] = .tuple
      table[module + ".set"] = .set
      table[module + ".frozenset"] = .set
      table[module + ".bytes"] = .bytes
      table[module + ".object"] = .object
    }
    let types: [(String, [String], ElementType)] = [
      ("Float", ["float32", "float"], .float32), ("Half", ["float16", "half"], .float16),
      ("BFloat16", ["bfloat16"], .bfloat16), ("Double", ["float64", "double"], .float64),
      ("Long", ["int64", "long"], .int64), ("Int", ["int32", "int"], .int32),
      ("Short", ["int16", "short"], .int16), ("Char", ["int8"], .int8),
      ("Byte", ["uint8"], .uint8), ("Bool", ["bool"], .bool),
    ]
    for (storage, dtypes, type) in types {
      table["torch.\(storage)Storage"] = .storage(type)
      table["torch.cuda.\(storage)Storage"] = .storage(type)
      for dtype in dtypes { table["torch." + dtype] = .dtype(type) }
    }
    return table
  }()
}

/// The global names that the pickles of a file have looked up; one list for all of them.
final class PickleNames {
  /// All that was looked up; a pickle that is run again begins with what it was before.
  struct State {
    fileprivate var entries: [(name: String, meaning: PickleMeaning, count: Int)] = []
    fileprivate var index: [FileName: Int] = [:]
  }

  var state = State()

  /// Real files name some ten.
  private static let most = 4096
  private static let longest = 256

  /// Counts one more look-up and gives the name's number.
  /// - Throws: `malformed`, `tooLarge`.
  func look(_ module: Bytes, _ name: Bytes) throws(ObverseError) -> Int {
    guard module.count <= Self.longest, name.count <= Self.longest, let module = module.text,
      let name = name.text
    else {
      throw .malformed(what: "pickle", why: "a global's name is no text of reasonable length")
    }
    let full = "\(module).\(name)"
    if let known = state.index[FileName(full)] {
      state.entries[known].count += 1
      return known
    }
    guard state.entries.count < Self.most else {
      throw .tooLarge(
        what: "the number of the pickle's global names", found: UInt64(state.entries.count + 1),
        limit: UInt64(Self.most))
    }
    state.index[FileName(full)] = state.entries.count
    state.entries.append((full, PickleMeaning.of(full), 1))
    return state.entries.count - 1
  }

  subscript(index: Int) -> (name: String, meaning: PickleMeaning) {
    (state.entries[index].name, state.entries[index].meaning)
  }

  /// What the file asked for, in order of first use.
  var list: [PickleName] {
    state.entries.map { entry in
      let isKnown = if case .unknown = entry.meaning { false } else { true }
      return PickleName(name: entry.name, isKnown: isKnown, count: entry.count)
    }
  }
}
