import Core
import Options
import Torch
import Training

/// `obverse-train distil`.
enum DistilCommand: Command {
  static let name = "distil"
  static let table = CommandTable(
    name: name, purpose: "Trains a pruned generator with NICKEL & DiME, or as others do.",
    usage: "--teacher FILE --student FILE --data PATH --size N --out DIR [OPTIONS]",
    examples: [
      "obverse-train distil @student.options --data faces.zip --go-on --out student",
      "obverse-train distil --resume student --kimg 50000",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "whom it learns from",
        [
          Option("teacher", "FILE", "checkpoint with generator and discriminator"),
          Option("student", "FILE", "the pruned generator"),
          Option(
            "method", "NAME", "how: \(methods)", preset: "nickel-dime",
            takes: .choices(DistilSettings.Method.self)),
          Option(
            "pairs", nil,
            "the pictures have their w beside them ('obverse-train pictures'): the student is"
              + " compared with them too, first alone, with these options (ours):", rare: true),
        ] + PairOptions.options),
      OptionGroup(
        "NICKEL & DiME",
        [
          Option("moments", "FILE", "the teacher's, from 'obverse-train moments'")
        ] + KernelOptions.options + [
          Option(
            "teacher-moments", "NAME", "global (from --moments) or batch", preset: "global",
            rare: true, takes: .choices(DistilSettings.TeacherMoments.self)),
          Option(
            "normalize", nil, "applies each network's own mean and deviation; off, as coded",
            rare: true),
          Option(
            "moment-group", "N", "images whose moments are taken together", preset: "8", rare: true),
          Option(
            "moment-distance", "NAME", "absolute, as coded, or squared", preset: "absolute",
            rare: true, takes: .choices(DistilSettings.MomentDistance.self)),
          Option("nickel", "X", "weight of NICKEL, 0 for none", preset: "10", rare: true),
          Option(
            "nickel-transform", "NAME", "haar (high bands, as coded) or plain", preset: "haar",
            rare: true, takes: .choices(DistilSettings.NickelTransform.self)),
          Option(
            "freeze-teacher-d", nil, "the teacher's discriminator does not learn", rare: true),
          Option(
            "student-d", "NAME", "its own discriminator begins: random, as coded, or teacher",
            preset: "random", rare: true, takes: .choices(DistilSettings.Start.self)),
        ]),
      BaselineOptions.group,
    ] + RunOptions.groups + [DeviceOptions.group])

  private static var methods: String {
    DistilSettings.Method.allCases.map(\.rawValue).joined(separator: ", ")
  }

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    try RunOptions.run(options, settings: settings)
  }

  private static func settings(_ options: ParsedOptions) throws(ObverseError) -> RunSettings {
    guard let data = options.text("data"), let size = try options.integer("size", in: 8...1024),
      let teacher = options.text("teacher"), let student = options.text("student")
    else {
      throw .usage(
        "a student needs --teacher, --student, --data and --size",
        hint: "obverse-train help distil")
    }
    var distil = DistilSettings(teacher: teacher, student: student)
    distil.method = try options.choice("method") ?? distil.method
    distil.moments = options.text("moments")
    distil.kernels = KernelOptions.kernels(options)
    distil.teacherMoments = try options.choice("teacher-moments") ?? distil.teacherMoments
    distil.normalizesKernels = options.has("normalize")
    distil.momentGroup = try options.integer("moment-group", in: 1...4096) ?? distil.momentGroup
    distil.momentDistance = try options.choice("moment-distance") ?? distil.momentDistance
    distil.nickelWeight = try options.amount("nickel") ?? distil.nickelWeight
    distil.nickelTransform = try options.choice("nickel-transform") ?? distil.nickelTransform
    distil.freezesTeacherDiscriminator = options.has("freeze-teacher-d")
    distil.discriminatorStart = try options.choice("student-d") ?? distil.discriminatorStart
    distil.baseline = try BaselineOptions.settings(options, distil.method)
    try distil.check()
    if let omission = distil.baseline?.omission(distil.method) { Program.say(omission) }
    var settings = RunSettings(data: data, size: size)
    settings.distil = distil
    try RunOptions.apply(options, to: &settings, recipe: "paper256")
    if options.has("pairs") {
      try PairOptions.apply(options, to: &settings, layers: ["synthesis."], headKimg: 0)
    } else if let name = options.given.first(where: PairOptions.names.contains) {
      throw .usage("option '--\(name)' is for --pairs", hint: nil)
    }
    return settings
  }
}
