import Core
import Networks
import Options
import Torch

/// ITGC: CAGC, and a bound of what a teacher's image says about the student's, by an energy model.
///
/// Source: Kang et al. 2022, arXiv:2303.16050. The code that compares it with NICKEL & DiME takes a
/// step of the energy model after each phase of the loop, the generator's too, whatever gradient is
/// left there; here the model takes one step, with its own loss.
struct ITGC: Method {
  let teacher: Generator
  let imageTerms: ImageTerms
  let weight: Double
  let energy: EnergyModel
  private let adam: Adam

  /// Langevin dynamics: steps, length of each, deviation of their noise.
  private static let (steps, stepSize, noise) = (10, 50.0, 0.005)
  /// Weight of the energies' squares, which keeps them near 0.
  private static let squareWeight = 0.05

  init(teacher: Generator, imageTerms: ImageTerms, weight: Double) {
    self.teacher = teacher
    self.imageTerms = imageTerms
    self.weight = weight
    let device = teacher.registry.device
    energy = EnergyModel(resolution: teacher.shape.resolution, device: device)
    adam = Adam(energy.parameters, rate: 1e-4, beta1: 0, beta2: 0.999)
  }

  var learners: [Learner] { [Learner(name: "energy", network: energy, adam: adam)] }

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    let theirs = drawn(drawing.latents, by: teacher)
    let gap = Self.gap(energy, teacher: theirs, student: drawing.images)
    return imageTerms.terms(student: drawing.images, teacher: theirs) + [
      Term(name: "information", value: gap.real.mean - gap.sampled.mean, weight: weight)
    ]
  }

  func learn(_ lesson: Lesson) -> [(name: String, value: Tensor)] {
    let student = drawn(lesson.latents, by: lesson.student)
    let loss = Self.loss(energy, teacher: drawn(lesson.latents, by: teacher), student: student)
    adam.minimize(loss)
    return [("energy", loss)]
  }

  private func drawn(_ latents: Latents, by generator: Generator) -> Tensor {
    Torch.withoutGradients { generator.synthesis(latents.ws(of: generator), noise: .random) }
  }

  /// What the energy model minimises: low for pairs that belong together, high for what it draws.
  static func loss(_ energy: EnergyModel, teacher: Tensor, student: Tensor) -> Tensor {
    let (real, sampled) = gap(energy, teacher: teacher, student: student)
    return real.mean - sampled.mean
      + (real.squared.mean + sampled.squared.mean) * squareWeight
  }

  /// Energies of teacher and student, and of the model's own idea of the teacher and student.
  static func gap(
    _ energy: EnergyModel, teacher: Tensor, student: Tensor
  ) -> (real: Tensor, sampled: Tensor) {
    let sample = langevin(energy, student.detached)
    return (energy(teacher, student), energy(sample, student))
  }

  /// Teacher images as the model imagines them, from the student's on.
  private static func langevin(_ energy: EnergyModel, _ student: Tensor) -> Tensor {
    var x = student
    for _ in 0..<steps {
      x = x.detached
      x.setRequiresGradient()
      guard let slope = Tensor.gradients(of: energy(x, student).sum, with: [x])[0] else {
        preconditionFailure("the energy depends on the image")
      }
      x = x.detached - slope * stepSize + Tensor.normal(x.shape, on: x.device) * noise
    }
    return x
  }
}

extension ITGC: CAGCWithMore {
  static var without: String { "ITGC without the energies" }
  static var option: Option {
    Option("information", "X", "weight of the energies", preset: "0.05", rare: true)
  }
  static var ownWeight: WritableKeyPath<TermSettings, Double> { \.informationWeight }

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    let method = ITGC(
      teacher: scene.teacher, imageTerms: try ImageTerms(scene),
      weight: scene.weights.informationWeight)
    return ([("D", scene.discriminator, true)], [method])
  }
}
