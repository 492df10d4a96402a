import Core
import Networks
import Options
import Torch

/// NICKEL & DiME: both losses, against a discriminator of the student's own and the teacher's.
enum NICKELDiME: RegisteredMethod {
  static let options =
    [Option("moments", "FILE", "the teacher's, from 'obverse-train moments'")]
    + KernelOptions.options + [
      Option(
        "teacher-moments", "NAME", "global (from --moments) or batch", preset: "global", rare: true,
        takes: .choices(DistilSettings.TeacherMoments.self)),
      Option(
        "normalize", nil, "applies each network's own mean and deviation; off, as coded",
        rare: true),
      Option(
        "moment-group", "N", "images whose moments are taken together", preset: "8", rare: true),
      Option(
        "moment-distance", "NAME", "absolute, as coded, or squared", preset: "absolute", rare: true,
        takes: .choices(DistilSettings.MomentDistance.self)),
      Option("nickel", "X", "weight of NICKEL, 0 for none", preset: "10", rare: true),
      Option(
        "nickel-transform", "NAME", "haar (high bands, as coded) or plain", preset: "haar",
        rare: true, takes: .choices(DistilSettings.NickelTransform.self)),
      Option("freeze-teacher-d", nil, "the teacher's discriminator does not learn", rare: true),
      DistilSettings.discriminatorOption, ImageTerms.pixelOption,
    ]

  static func read(
    _ options: ParsedOptions, into settings: inout DistilSettings
  ) throws(ObverseError) {
    settings.moments = options.text("moments")
    settings.kernels = KernelOptions.kernels(options)
    settings.teacherMoments = try options.choice("teacher-moments") ?? settings.teacherMoments
    settings.normalizesKernels = options.has("normalize")
    settings.momentGroup =
      try options.integer("moment-group", in: 1...4096) ?? settings.momentGroup
    settings.momentDistance = try options.choice("moment-distance") ?? settings.momentDistance
    settings.nickelWeight = try options.number("nickel", least: 0) ?? settings.nickelWeight
    settings.nickelTransform = try options.choice("nickel-transform") ?? settings.nickelTransform
    settings.freezesTeacherDiscriminator = options.has("freeze-teacher-d")
    settings.discriminatorStart = try options.choice("student-d") ?? settings.discriminatorStart
    if let pixel: Double = try options.number("pixel", least: 0) {
      var terms = TermSettings()
      terms.pixelWeight = pixel
      settings.terms = terms
    }
  }

  static func check(_ settings: DistilSettings) throws(ObverseError) {
    if !settings.kernels.isEmpty, settings.teacherMoments == .global, settings.moments == nil {
      throw .usage(
        "DiME needs the teacher's moments",
        hint: "obverse-train moments makes them; --teacher-moments batch goes without")
    }
    if settings.kernels.isEmpty, settings.nickelWeight == 0 {
      throw .usage("N&D without kernels and without NICKEL is plain fine-tuning", hint: nil)
    }
  }

  static func parts(_ scene: Scene) throws(ObverseError) -> (opponents: Opponents, [any Method]) {
    let settings = scene.settings
    let own = Discriminator(scene.discriminator.shape, device: scene.device)
    if settings.discriminatorStart == .teacher { own.copy(scene.discriminator) }
    var methods: [any Method] = []
    if settings.nickelWeight > 0 {
      methods.append(
        try NICKEL(
          teacher: scene.teacher, discriminator: own.shape, comparison: settings.nickelTransform,
          weight: settings.nickelWeight))
    }
    if !settings.kernels.isEmpty { methods.append(try dime(scene)) }
    if let weight = settings.terms?.pixelWeight, weight > 0 {
      let terms = ImageTerms(pixelWeight: weight, perceptualWeight: 0, lpips: nil, parser: nil)
      methods.append(CAGC(teacher: scene.teacher, imageTerms: terms))
    }
    let opponents: Opponents = [
      ("D", own, true), ("D_T", scene.discriminator, !settings.freezesTeacherDiscriminator),
    ]
    return (opponents, methods)
  }

  private static func dime(_ scene: Scene) throws(ObverseError) -> DiME {
    let settings = scene.settings
    let moments: Moments? =
      if settings.teacherMoments == .global, let path = settings.moments {
        try Moments(path, of: scene.teacher.fingerprint)
      } else { nil }
    var eyes: [DiME.Eye] = []
    for kernel in settings.kernels {
      let network = try kernel.kind.network(
        kernel.path, normalizes: settings.normalizesKernels, on: scene.device)
      let pair = try moments?.pair(for: network, on: scene.device)
      eyes.append(DiME.Eye(network: network, weight: kernel.weight, moments: pair))
    }
    return DiME(
      eyes: eyes, distance: settings.momentDistance, group: settings.momentGroup,
      teacher: scene.teacher)
  }
}

extension DistilSettings {
  /// For methods whose student has a discriminator of its own.
  static let discriminatorOption = Option(
    "student-d", "NAME", "its own discriminator begins: random, as coded, or teacher",
    preset: "random", rare: true, takes: .choices(Start.self))
}
