import Checkpoint
import Core

extension ObverseError {
  /// A tensor that the file does not hold as numbers, by the name of its maker or its type.
  static func unmade(_ path: String, by maker: String) -> ObverseError {
    let last = maker.split(separator: ".").last.map(String.init) ?? maker
    switch last {
    case "_rebuild_meta_tensor_no_storage":
      return .unsupported(
        what: "tensor \(path)",
        why: "it lies on torch's meta device: the file has its shape and no numbers",
        hint: "load the weights before you save")
    case "_rebuild_qtensor":
      return .unsupported(
        what: "tensor \(path)", why: "it is quantized by torch, which is not read",
        hint: "save tensor.dequantize()")
    case "_rebuild_sparse_tensor":
      return .unsupported(
        what: "tensor \(path)", why: "it is sparse, which is not read",
        hint: "save tensor.to_dense()")
    default: break
    }
    if maker.hasPrefix("NumPy, since ") {
      return .unsupported(
        what: "array \(path)", why: String(maker.dropFirst("NumPy, since ".count)),
        hint: "save it again with array.astype('<f4') in NumPy")
    }
    // A type of safetensors (`F8_E4M3`), numpy's (`numpy.dtype('u4')`) or torch's.
    let isType =
      !maker.contains(".") || maker.hasPrefix("numpy.dtype(")
      || maker.hasPrefix("torch.") && (maker.hasSuffix("Storage") || maker.isTorchType)
    guard isType else { return .refused(what: path, name: maker) }
    return .unsupported(
      what: "tensor \(path)", why: "its elements are of type \(maker), which is not read",
      hint: "save it as float32")
  }

  /// The same error in the words of the file that it is about.
  ///
  /// A generator that lacks something may be a part of one, or have its weights elsewhere.
  func explained(for file: CheckpointFile) -> ObverseError {
    switch self {
    case .missingTensor, .noGenerator, .refused, .unsupported: break
    default: return self
    }
    if file.path.hasSuffix(".distcp") {
      return .unsupported(
        what: "a part of a distributed checkpoint of torch (DCP)", why: description,
        hint: "join its folder: python -m torch.distributed.checkpoint.format_utils dcp_to_torch"
          + " FOLDER net.pt")
    }
    if let shard = Shard(file.path) {
      return .unsupported(
        what: "part \(shard.number) of \(shard.count) of a checkpoint", why: description,
        hint: "the parts are not joined here: load them all in Python, and save one file")
    }
    guard case .noGenerator = self else { return self }
    if file.container == .torchScript, file.constantCount > 0 {
      return .unsupported(
        what: "TorchScript program",
        why: "it is frozen: its weights are constants of its code, without names",
        hint: "save it before torch.jit.freeze or optimize_for_mobile, or give the checkpoint")
    }
    let isNVlabs = file.pickleNames.contains { $0.name.hasSuffix("_reconstruct_persistent_obj") }
    let outermost = file.modules.min { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }
    if !isNVlabs, file.container != .torchScript, let outermost {
      return .unsupported(
        what: "a whole module of the class \(outermost.value)",
        why: "its tensors have other names than a StyleGAN2 generator's: \(description)",
        hint: "torch.save(model.state_dict(), 'net.pt') saves what can be read")
    }
    return self
  }
}

/// One file of a checkpoint that was saved in several, by its name.
///
/// Such as `model-00001-of-00002.bin`, `net_1_of_2.pt`, `net.part1of2.pt`. Ranks count from 0.
struct Shard {
  let number: Int
  let count: Int

  init?(_ path: String) {
    let name = Array((path.utf8.split(separator: UInt8(ascii: "/")).last ?? "".utf8[...]))
    for at in name.indices.dropFirst().dropLast(2)
    where name[at] | 0x20 == UInt8(ascii: "o") && name[at + 1] | 0x20 == UInt8(ascii: "f") {
      let before = name[..<at].reversed().drop(while: Self.parts)
      let number = String(decoding: before.prefix(while: Self.isDigit).reversed(), as: UTF8.self)
      let after = name[(at + 2)...].drop(while: Self.parts)
      let count = String(decoding: after.prefix(while: Self.isDigit), as: UTF8.self)
      guard let number = Int(number), let count = Int(count), count > 1, number <= count else {
        continue
      }
      self.number = number
      self.count = count
      return
    }
    return nil
  }

  private static func parts(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension String {
  /// Whether this is `torch.` and one word in small letters, as torch's types are called.
  fileprivate var isTorchType: Bool {
    let parts = split(separator: ".")
    return parts.count == 2
      && parts[1].utf8.allSatisfy { byte in
        (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5f
      }
  }
}
