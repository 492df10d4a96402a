import Checkpoint

/// Tells whether a generator in rosinality's names comes from PaddleGAN, whose dense layers are stored
/// as [in, out] where torch's are [out, in].
///
/// Most of them are square, and a square one says nothing; turned the wrong way it would draw another
/// face without a word. So every style layer is asked whose two sizes differ, and where none does,
/// whether the file is one that PaddlePaddle has written.
struct PaddleGAN {
  let isPaddle: Bool

  init(_ file: CheckpointFile, _ prefix: String, _ vocabulary: GeneratorPlace.Vocabulary) {
    guard vocabulary == .rosinality else {
      isPaddle = false
      return
    }
    let ending = ".modulation.weight"
    var inputs: [Substring: Int] = [:]
    var styles: [(layer: Substring, shape: [Int])] = []
    for (name, tensor) in file.tensors where name.hasPrefix(prefix) {
      let name = name.dropFirst(prefix.count)
      if name.hasSuffix(ending), tensor.shape.count == 2 {
        styles.append((name.dropLast(ending.count), tensor.shape))
      } else if name.hasSuffix(".weight"), tensor.shape.count == 5 {
        inputs[name.dropLast(".weight".count)] = tensor.shape[2]
      }
    }
    var turned = 0
    var straight = 0
    for style in styles where style.shape[0] != style.shape[1] {
      guard let width = inputs[style.layer] else { continue }
      if style.shape[1] == width { turned += 1 }
      if style.shape[0] == width { straight += 1 }
    }
    isPaddle = turned == straight ? Self.wrote(file, prefix) : turned > straight
  }

  /// Whether PaddlePaddle wrote it: it keeps the names of parameters beside them, or in pairs, and
  /// people call the file as it does.
  private static func wrote(_ file: CheckpointFile, _ prefix: String) -> Bool {
    if file.path.hasSuffix(".pdparams") { return true }
    let table = "StructuredToParameterName@@"
    if file.attributes.keys.contains(where: { $0.hasPrefix(table) || $0.hasWords(table) }) {
      return true
    }
    guard case .text = file.attributes["\(prefix)style.1.weight"] else { return false }
    return true
  }
}
