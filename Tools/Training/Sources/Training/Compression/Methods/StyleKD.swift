import Core
import Networks
import Options
import Torch

/// StyleKD: images and their relations to shifted images are those of the teacher.
///
/// Source: Xu et al. 2022, arXiv:2208.08840, as its authors run it. In the code that compares it with
/// NICKEL & DiME the batch is not doubled, and the relation loss is 0.
struct StyleKD: Method {
  let teacher: Generator
  let imageTerms: ImageTerms
  let weight: Double
  /// Rows of length 1 along which w is shifted, `[5 * blocks, wDim]`.
  let directions: Tensor

  /// Standard deviation of a shift's length.
  private static let reach = 5.0
  /// Sides of the maps whose relations are compared, and of blocks whose styles give directions.
  private static let relatedSides = 16...128
  private static let directedSides = 8...128

  init(teacher: Generator, imageTerms: ImageTerms, weight: Double) {
    self.teacher = teacher
    self.imageTerms = imageTerms
    self.weight = weight
    directions = Self.directions(of: teacher)
  }

  /// The five directions of w that most move the styles of each block's two convolutions.
  static func directions(of generator: Generator) -> Tensor {
    let readers = generator.synthesis.readers
    let parts = (1..<generator.shape.blockCount).compactMap { block -> Tensor? in
      guard directedSides.contains(4 << block) else { return nil }
      // `[channels, wDim]`: each channel counts alike, however far it reaches.
      let rows = Tensor.concatenated(
        [2 * block - 1, 2 * block].map { readers[$0].affine.weight.detached }, axis: 0)
      let length = rows.squared.sum(over: [1], keepingAxes: true).reciprocalSquareRoot
      let unit = rows * length
      let count = min(5, generator.shape.wDim)
      return unit.permuted([1, 0]).times(unit).eigenvectors.vectors.slice(axis: 0, 0..<count)
    }
    return .concatenated(parts, axis: 0)
  }

  func prepare(_ latents: inout Latents, _ random: inout SplitMix64) {
    let n = latents.z.shape[0]
    let chosen = (0..<n).map { _ in random.below(directions.shape[0]) }
    let device = latents.z.device
    latents.shifts =
      directions.selected(axis: 0, .indices(chosen, on: device))
      * (Tensor.normal([n, 1], on: device) * Self.reach)
  }

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    let theirs = Torch.withoutGradients { Drawing(drawing.latents, by: teacher) }
    let relation = Self.relatedSides.reduce(Tensor?.none) { sum, side in
      guard let a = drawing.features[side], let b = theirs.features[side] else { return sum }
      let loss = Self.relation(student: a, teacher: b)
      return sum.map { $0 + loss } ?? loss
    }
    return imageTerms.terms(student: drawing.images, teacher: theirs.images)
      + (relation.map { [Term(name: "relation", value: $0, weight: weight)] } ?? [])
  }

  /// How far the student's relations are from the teacher's, in nats for each image.
  ///
  /// - Parameters:
  ///   - student: Maps `[2N, C, S, S]`, the second half of the shifted latents.
  ///   - teacher: The teacher's, with its own C.
  /// - Returns: `Σ t (log t - log s) / N` for softmaxes t and s, over the shifted images, of cosines.
  static func relation(student: Tensor, teacher: Tensor) -> Tensor {
    let mine = cosines(student).logSoftmax(axis: 1)
    let theirs = cosines(teacher).detached
    let gap = theirs.logSoftmax(axis: 1) - mine
    return (theirs.softmax(axis: 1) * gap).sum * (1 / Double(mine.shape[0]))
  }

  /// Between the maps of the first half and of the second: `[2N, C, S, S]` to `[N, N]`.
  private static func cosines(_ maps: Tensor) -> Tensor {
    let n = maps.shape[0] / 2
    let flat = maps.reshaped([2 * n, -1])
    // PyTorch's bound of a length, as a bound of its square.
    let energy = flat.squared.sum(over: [1], keepingAxes: true)
    let unit = flat * energy.clamped(to: 1e-16...Double.infinity).reciprocalSquareRoot
    return unit.slice(axis: 0, 0..<n).times(unit.slice(axis: 0, n..<2 * n).permuted([1, 0]))
  }
}

extension StyleKD: CAGCWithMore {
  static var without: String { "StyleKD without relations" }
  static var option: Option {
    Option("relation", "X", "weight of relations", preset: "30", rare: true)
  }
  static var ownWeight: WritableKeyPath<TermSettings, Double> { \.relationWeight }

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    let (teacher, student) = (scene.teacher.shape, scene.student.shape)
    guard teacher.wDim == student.wDim, teacher.resolution >= 16 else {
      throw .request(
        "StyleKD shifts the w of teacher and student alike, from 16x16 on: theirs have"
          + " \(teacher.wDim) and \(student.wDim) numbers at"
          + " \(teacher.resolution)x\(teacher.resolution)", hint: nil)
    }
    let method = StyleKD(
      teacher: scene.teacher, imageTerms: try ImageTerms(scene),
      weight: scene.weights.relationWeight)
    return ([("D", scene.discriminator, true)], [method])
  }
}
