import Core
import Networks
import Torch

/// NICKEL: the student's discriminator learns the teacher generator's features of an image.
///
/// Source: Yeo et al. 2024, arXiv:2405.11614, and the authors' code: the features of both networks
/// at a quarter of the image's side, compared in the high bands of a Haar transform.
struct NICKEL: Method {
  let teacher: Generator
  let comparison: DistilSettings.NickelTransform
  let weight: Double

  /// Side of the compared maps, for images of `resolution`.
  static func side(_ resolution: Int) -> Int { max(resolution / 4, 4) }

  /// 64 has four levels; smaller maps have fewer, down to one.
  static func levels(_ side: Int) -> Int { max(side.trailingZeroBitCount - 2, 1) }

  /// - Throws: `request` where the two networks' features differ in number.
  init(
    teacher: Generator, discriminator: DiscriminatorShape,
    comparison: DistilSettings.NickelTransform, weight: Double
  ) throws(ObverseError) {
    let block = Self.side(teacher.shape.resolution).trailingZeroBitCount - 2
    let (mine, theirs) = (discriminator.widths[block], teacher.shape.widths[2 * block + 1])
    guard mine == theirs else {
      throw .request(
        "NICKEL compares \(mine) channels of the discriminator with \(theirs) of the teacher's"
          + " generator at \(4 << block)x\(4 << block)",
        hint: "--nickel 0 leaves it out")
    }
    self.teacher = teacher
    self.comparison = comparison
    self.weight = weight
  }

  func discriminatorTerms(_ latents: Latents, _ discriminator: Discriminator) -> [Term] {
    let side = Self.side(teacher.shape.resolution)
    var features: Tensor?
    let images = Torch.withoutGradients {
      teacher.synthesis(latents.ws(of: teacher), noise: .random) { resolution, x in
        if resolution == side { features = x }
      }
    }
    guard let features else { preconditionFailure("the teacher has a block of side \(side)") }
    let found = discriminator.features(images, side: side)
    return [
      Term(
        name: "nickel", value: Self.distance(found, features.detached, comparison), weight: weight)
    ]
  }

  /// Between maps `[N, C, S, S]`.
  static func distance(
    _ a: Tensor, _ b: Tensor, _ comparison: DistilSettings.NickelTransform
  ) -> Tensor {
    guard comparison == .haar else { return (a - b).squared.mean }
    // The transform is linear: that of the difference is the difference of transforms.
    let bands = Haar.highBands(a - b, levels: levels(a.shape[2]))
    return bands.dropFirst().reduce(bands[0].squared.mean) { $0 + $1.squared.mean }
  }
}
