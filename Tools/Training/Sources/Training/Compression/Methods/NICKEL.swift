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
  /// Brings the teacher's channels to the number that the discriminator has, `[mine, theirs]`; nil
  /// where they are as many.
  private let projection: Tensor?

  /// Side of the compared maps, for images of `resolution`.
  static func side(_ resolution: Int) -> Int { max(resolution / 4, 4) }

  /// 64 has four levels; smaller maps have fewer, down to one.
  static func levels(_ side: Int) -> Int { max(side.trailingZeroBitCount - 2, 1) }

  /// Takes what is compared; a narrower discriminator sees a projection of the teacher's features.
  ///
  /// The projection is fixed and random, which keeps distances as well as any (Johnson and
  /// Lindenstrauss 1984), and scaled so that the projected features have a mean square of 1, as a
  /// discriminator's own roughly have. The paper's networks are equally wide.
  ///
  /// - Throws: `request` where the two networks' features differ in number otherwise.
  init(
    teacher: Generator, discriminator: DiscriminatorShape,
    comparison: DistilSettings.NickelTransform, weight: Double
  ) throws(ObverseError) {
    let side = Self.side(teacher.shape.resolution)
    let block = side.trailingZeroBitCount - 2
    let (mine, theirs) = (discriminator.widths[block], teacher.shape.widths[2 * block + 1])
    guard mine == theirs || discriminator.readsBands && mine < theirs else {
      throw .request(
        "NICKEL compares \(mine) channels of the discriminator with \(theirs) of the teacher's"
          + " generator at \(side)x\(side)",
        hint: "--nickel 0 leaves it out")
    }
    self.teacher = teacher
    self.comparison = comparison
    self.weight = weight
    guard mine != theirs else {
      projection = nil
      return
    }
    // Always the same: a run that goes on must compare what it compared before.
    var random = RandomState(seed: 0)
    let device = teacher.registry.device
    let matrix = Tensor.values(random.normals(mine * theirs), [mine, theirs], on: device)
    let z = Tensor.values(
      random.normals(4 * teacher.shape.zDim), [4, teacher.shape.zDim], on: device)
    projection = Torch.withoutGradients {
      let latents = Latents(z: z, second: nil, cutoff: 1)
      let features = Self.features(latents, of: teacher, side: side)
      let size = features.projected(by: matrix).squared.mean.squareRoot.item
      return matrix * (1 / max(size, 1e-8))
    }
  }

  /// The teacher's features of a side, `[N, C, side, side]`.
  private static func features(_ latents: Latents, of teacher: Generator, side: Int) -> Tensor {
    var features: Tensor?
    _ = teacher.synthesis(latents.ws(of: teacher), noise: .random) { resolution, x in
      if resolution == side { features = x }
    }
    guard let features else { preconditionFailure("the teacher has a block of side \(side)") }
    return features
  }

  func discriminatorTerms(_ latents: Latents, _ discriminator: Discriminator) -> [Term] {
    let side = Self.side(teacher.shape.resolution)
    var features: Tensor?
    let images = Torch.withoutGradients {
      teacher.synthesis(latents.ws(of: teacher), noise: .random) { resolution, x in
        if resolution == side { features = x }
      }
    }
    guard var features else { preconditionFailure("the teacher has a block of side \(side)") }
    if let projection { features = features.projected(by: projection) }
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

extension Tensor {
  /// `matrix [out, in]` applied at each pixel of `[N, in, S, S]`.
  fileprivate func projected(by matrix: Tensor) -> Tensor {
    let (n, c, side) = (shape[0], shape[1], shape[2])
    return matrix.reshaped([1, -1, c]).expanded([n, -1, -1])
      .times(inFullPrecision.reshaped([n, c, side * side])).reshaped([n, -1, side, side])
  }
}
