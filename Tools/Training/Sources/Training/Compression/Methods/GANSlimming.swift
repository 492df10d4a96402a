import Core
import Networks
import Options
import Torch

/// GAN Slimming as CAGC's authors brought it to StyleGAN2: styles that shall vanish, and VGG's eyes.
///
/// Source: Wang et al. 2020, arXiv:2008.11062. First a dense student with sparsity, then pruning by
/// the score `style`, then the pruned one without sparsity.
struct GANSlimming: Method {
  let teacher: Generator
  let student: Generator
  let sparsityWeight: Double
  let perceptualWeight: Double
  let vgg: VGG16?

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    var terms: [Term] = []
    if sparsityWeight > 0 {
      terms.append(
        Term(
          name: "sparsity", value: Self.sparsity(student, drawing.ws), weight: sparsityWeight))
    }
    if let vgg, perceptualWeight > 0 {
      let theirs = Torch.withoutGradients {
        teacher.synthesis(drawing.latents.ws(of: teacher), noise: .random)
      }
      let loss = Self.perceptual(atMost256(drawing.images), atMost256(theirs), vgg)
      terms.append(Term(name: "perceptual", value: loss, weight: perceptualWeight))
    }
    return terms
  }

  /// `Σ |mean over the batch of s|` over the styles s of all layers.
  static func sparsity(_ generator: Generator, _ ws: Tensor) -> Tensor {
    generator.synthesis.styles(ws).reduce(Tensor.zeros([], on: ws.device)) {
      $0 + $1.mean(over: [0]).magnitude.sum
    }
  }

  /// Mean absolute difference at relu1_2, and 1e5 times the Gram matrices' mean squared ones.
  ///
  /// VGG sees images of 0 to 1 without ImageNet's mean and deviation, as coded.
  static func perceptual(_ student: Tensor, _ teacher: Tensor, _ vgg: VGG16) -> Tensor {
    let theirs = Torch.withoutGradients { vgg.maps((teacher + 1) * 0.5, stages: 4) }
    let mine = vgg.maps((student + 1) * 0.5, stages: 4)
    let content = (mine[0] - theirs[0]).magnitude.mean
    return zip(mine, theirs).reduce(content) {
      $0 + (gram($1.0) - gram($1.1)).squared.mean * 1e5
    }
  }
}

/// Products of the channels of maps `[N, C, H, W]` with each other, over `C H W`: `[N, C, C]`.
func gram(_ maps: Tensor) -> Tensor {
  let (n, c, h, w) = (maps.shape[0], maps.shape[1], maps.shape[2], maps.shape[3])
  let flat = maps.reshaped([n, c, h * w])
  return flat.times(flat.permuted([0, 2, 1])) * (1 / Double(c * h * w))
}

extension GANSlimming: RegisteredMethod {
  static let options = [
    PerceptualOptions.vgg, PerceptualOptions.weight,
    Option(
      "sparsity", "X", "weight of mean styles, 0 after pruning", preset: "0.00001", rare: true),
  ]

  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError) {
    var weights = TermSettings()
    weights.vgg = options.text("vgg")
    weights.perceptualWeight =
      try options.number("perceptual", least: 0) ?? weights.perceptualWeight
    weights.sparsityWeight = try options.number("sparsity", least: 0) ?? weights.sparsityWeight
    settings.terms = weights
  }

  static func check(_ settings: DistilSettings) throws(ObverseError) {
    let weights = settings.terms ?? TermSettings()
    guard weights.sparsityWeight > 0 || (weights.perceptualWeight > 0 && weights.vgg != nil) else {
      throw .usage(
        "GAN Slimming without sparsity and without VGG16 is plain fine-tuning", hint: nil)
    }
  }

  static func omission(_ settings: DistilSettings) -> String? {
    (settings.terms ?? TermSettings()).omission("the perceptual term")
  }

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    let method = GANSlimming(
      teacher: scene.teacher, student: scene.student, sparsityWeight: scene.weights.sparsityWeight,
      perceptualWeight: scene.weights.perceptualWeight, vgg: try scene.vgg())
    return ([("D", scene.discriminator, true)], [method])
  }
}
