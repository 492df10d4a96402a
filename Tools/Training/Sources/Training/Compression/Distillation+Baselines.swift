import Core
import Networks
import Torch

extension Distillation {
  /// The terms of a method that has one discriminator, begun from the teacher's.
  ///
  /// - Throws: `request` for latents that do not fit, and what reading the files says.
  static func baseline(
    _ settings: DistilSettings, teacher: Generator, student: Generator, on device: Device
  ) throws(ObverseError) -> [any Method] {
    let weights = settings.baseline ?? BaselineSettings()
    func vgg() throws(ObverseError) -> VGG16? {
      guard let path = weights.vgg, weights.perceptualWeight > 0 else { return nil }
      guard teacher.shape.resolution >= 16 else {
        throw .request(
          "VGG16 halves images four times: they must be 16x16 at least",
          hint: "--perceptual 0 leaves it out")
      }
      return try VGG16(path, on: device)
    }
    func imageTerms() throws(ObverseError) -> ImageTerms {
      var lpips: LPIPS?
      if let vgg = try vgg(), let heads = weights.lpips {
        lpips = try LPIPS(vgg, heads: heads, on: device)
      }
      var parser: FaceParser?
      if let path = weights.parser { parser = try FaceParser(path, on: device) }
      return ImageTerms(
        pixelWeight: weights.pixelWeight, perceptualWeight: weights.perceptualWeight,
        lpips: lpips, parser: parser)
    }
    switch settings.method {
    case .plain, .nickelDiME, .gcc: return []
    case .cagc: return [CAGC(teacher: teacher, imageTerms: try imageTerms())]
    case .itgc:
      return [
        ITGC(
          teacher: teacher, imageTerms: try imageTerms(), weight: weights.informationWeight)
      ]
    case .styleKD:
      guard teacher.shape.wDim == student.shape.wDim, teacher.shape.resolution >= 16 else {
        throw .request(
          "StyleKD shifts the w of teacher and student alike, from 16x16 on: theirs have"
            + " \(teacher.shape.wDim) and \(student.shape.wDim) numbers at"
            + " \(teacher.shape.resolution)x\(teacher.shape.resolution)", hint: nil)
      }
      return [
        StyleKD(
          teacher: teacher, imageTerms: try imageTerms(), weight: weights.relationWeight)
      ]
    case .ganSlimming:
      return [
        GANSlimming(
          teacher: teacher, student: student, sparsityWeight: weights.sparsityWeight,
          perceptualWeight: weights.perceptualWeight, vgg: try vgg())
      ]
    }
  }
}
