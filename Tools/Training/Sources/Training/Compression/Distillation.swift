import Core
import Networks
import Torch

/// How a student is trained from a pruned generator.
///
/// Presets are those of the authors' code; each doubt about it is a choice here.
public struct DistilSettings: Codable, Equatable, Sendable {
  public enum MethodName: String, Codable, Sendable, CaseIterable {
    /// NICKEL and DiME against two discriminators.
    case nickelDiME = "nickel-dime"
    /// Adversarial fine-tuning against the teacher's discriminator.
    case plain
    /// Content-aware distillation.
    case cagc
    case styleKD = "stylekd"
    case itgc
    case gcc
    /// GAN Slimming.
    case ganSlimming = "gs"
  }

  /// A frozen network for DiME.
  public struct Kernel: Codable, Equatable, Sendable {
    public var kind: FeatureKind
    public var path: String
    public var weight: Double

    public init(kind: FeatureKind, path: String, weight: Double) {
      self.kind = kind
      self.path = path
      self.weight = weight
    }
  }

  public enum TeacherMoments: String, Codable, Sendable, CaseIterable {
    /// Of many images, from a file.
    case global
    /// Of the same latents, drawn by the teacher at each step.
    case batch
  }

  public enum Start: String, Codable, Sendable, CaseIterable {
    case random, teacher
  }

  /// How moments are compared.
  public enum MomentDistance: String, Codable, Sendable, CaseIterable {
    /// Mean absolute difference, as the authors' code has it.
    case absolute
    /// Squared length of the difference: the textbook's MMD with a linear kernel.
    case squared
  }

  /// How two maps of features are compared.
  public enum NickelTransform: String, Codable, Sendable, CaseIterable {
    /// Mean squared differences of the high bands of each level, added; the last mean is left out.
    case haar
    /// The mean squared difference, as the paper's words can be read.
    case plain
  }

  /// Checkpoint with the teacher's averaged generator and its discriminator.
  public var teacher: String
  /// The pruned generator.
  public var student: String
  public var method = MethodName.nickelDiME
  public var kernels: [Kernel] = []
  /// The teacher's moments; needed for `global`.
  public var moments: String?
  public var teacherMoments = TeacherMoments.global
  /// Applies each kernel's own mean and deviation to images.
  public var normalizesKernels = false
  /// Images whose moments are taken together.
  public var momentGroup = 8
  public var momentDistance = MomentDistance.absolute
  public var nickelWeight = 10.0
  public var nickelTransform = NickelTransform.haar
  /// The teacher's discriminator plays without learning.
  public var freezesTeacherDiscriminator = false
  /// Where the student's own discriminator begins.
  public var discriminatorStart = Start.random
  /// Files and weights of the other methods; for NICKEL & DiME the weight of pixels, which is ours.
  public var terms: TermSettings?

  enum CodingKeys: String, CodingKey {
    case teacher, student, method, kernels, moments, teacherMoments, normalizesKernels, momentGroup
    case momentDistance, nickelWeight, nickelTransform, freezesTeacherDiscriminator
    case discriminatorStart
    /// Its name in the settings of runs.
    case terms = "baseline"
  }

  public init(teacher: String, student: String) {
    self.teacher = teacher
    self.student = student
  }

  /// Refuses what contradicts itself.
  /// - Throws: `usage`.
  public func check() throws(ObverseError) {
    for kernel in kernels where kernel.kind.kernelWeight == nil {
      throw .usage(
        "\(kernel.kind.rawValue) is for measuring and is kept out of every loss", hint: nil)
    }
    try method.registered.check(self)
    guard method == .nickelDiME || kernels.isEmpty && moments == nil else {
      throw .usage("only NICKEL & DiME uses kernels and moments", hint: nil)
    }
  }
}

/// The networks and methods that a student's settings ask for.
struct Distillation {
  let student: Generator
  /// Of the teacher by the paper's count; nil where Core does not know its layers.
  let teacherMACs: Int?
  /// Discriminators that play against the student; its own, if it has one, first.
  let discriminators: Opponents
  let methods: [any Method]
  /// Networks that its beginning was already trained to please.
  let inherited: [String]

  /// Reads everything.
  ///
  /// - Parameters:
  ///   - settings: What to read.
  ///   - run: The run's size, groups and rates.
  ///   - device: Where it is computed.
  /// - Throws: `request` for networks that do not fit each other, and what reading says.
  init(
    _ settings: DistilSettings, in run: RunSettings, on device: Device
  ) throws(ObverseError) {
    let resolution = run.size
    let file = try GeneratorFile(settings.teacher)
    let teacher = try file.generator(of: resolution, on: device)
    teacherMACs = teacher.shape.canBeCounted ? teacher.shape.network.macs(.fit) : nil
    let start = try GeneratorFile(settings.student)
    student = try start.generator(of: resolution, on: device)
    inherited = start.trainedAgainst
    guard teacher.shape.zDim == student.shape.zDim else {
      throw .request(
        "the teacher's z has \(teacher.shape.zDim) numbers, the student's"
          + " \(student.shape.zDim)", hint: nil)
    }
    // Regression to known pictures needs no opponent.
    if let pairs = run.pairs, pairs.adversarial == nil {
      (discriminators, methods) = ([], [])
      return
    }
    let theirs = try file.discriminator(of: resolution, groupSize: run.groupSize, on: device)
    (discriminators, methods) = try settings.method.registered.parts(
      Scene(
        settings: settings, run: run, teacher: teacher, student: student, discriminator: theirs,
        device: device))
  }
}
