import Core
import Networks

/// What a checkpoint says about its generator, beside the weights.
struct GeneratorFacts {
  /// `teacher`, a method of `distil`, or `pruned` for a student that has not been trained.
  var method: String?
  /// Thousands of real images that it was trained with.
  var kimg: Double?
  /// Multiply-adds of a face, upsampling convolutions at the size of their input; skip architecture.
  var multiplyAdds: Int?
  /// Multiply-adds by the paper's count.
  var multiplyAddsFit: Int?
  /// Share of its teacher's multiply-adds that are gone, in per cent by the paper's count.
  var compressionRate: Double?
}

extension GeneratorFile {
  /// A layer's width that is still believed.
  private static let widest = 1 << 16

  /// Reads tensors' shapes and the writer's words, no weights.
  /// - Throws: `missingTensor`, `unsupported`, `malformed`, each in the file.
  func facts() throws(ObverseError) -> GeneratorFacts {
    var facts = GeneratorFacts()
    facts.method = metadata("method") ?? metadata("pruning_ratio").map { _ in "pruned" }
    // Snapshots say kimg, states say images.
    let kimg =
      metadata("kimg").flatMap(Double.init)
      ?? metadata("images").flatMap(Double.init).map { $0 / 1000 }
    facts.kimg = kimg.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
    let shape = try shape()
    // Core knows the layers of this architecture alone.
    guard shape.canBeCounted else { return facts }
    // Shapes can claim what no file holds: nothing is counted of them, and nothing allocated.
    let sides = shape.widths + [shape.zDim, shape.wDim, shape.imageChannels]
    guard sides.allSatisfy({ (1...Self.widest).contains($0) }),
      shape.network.parameters <= file.tensors.reduce(0, { $0 + $1.tensor.count })
    else {
      throw ObverseError.malformed(what: "the generator", why: "its tensors do not fit its widths")
        .inFile(path)
    }
    let (input, fit) = (shape.network.macs(.input), shape.network.macs(.fit))
    (facts.multiplyAdds, facts.multiplyAddsFit) = (input, fit)
    if let text = metadata(PruneReport.teacherKey), let teacher = Int(text), teacher > 0 {
      facts.compressionRate = 100 * (1 - Double(fit) / Double(teacher))
    } else if facts.method == "teacher" {
      facts.compressionRate = 0
    }
    return facts
  }
}
