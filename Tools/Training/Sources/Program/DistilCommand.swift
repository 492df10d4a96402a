import Core
import Torch
import Training

/// `obverse-train distil`.
enum DistilCommand: Command {
  static let name = "distil"
  static let summary = "trains a pruned generator with NICKEL & DiME, or as others do"
  static let usage =
    "--teacher FILE --student FILE --data PATH --size N --out DIR [options], or --resume DIR"
  static let options =
    [
      Option("teacher", "FILE", "checkpoint with generator and discriminator"),
      Option("student", "FILE", "the pruned generator"),
      Option(
        "method", "NAME",
        "nickel-dime, plain (adversarial alone), cagc, stylekd, itgc, gcc, gs; nickel-dime"),
      Option("moments", "FILE", "the teacher's, from 'obverse-train moments'"),
      Option(
        "pairs", nil,
        "the pictures have their w beside them ('obverse-train pictures'): the student is compared"
          + " with them too, first alone, with these options (ours):"),
    ] + PairOptions.table + KernelOptions.table + [
      Option("teacher-moments", "NAME", "global (from --moments) or batch; global"),
      Option("normalize", nil, "applies each network's own mean and deviation; off, as coded"),
      Option("moment-group", "N", "images whose moments are taken together; 8"),
      Option("moment-distance", "NAME", "absolute, as coded, or squared; absolute"),
      Option("nickel", "X", "weight of NICKEL, 0 for none; 10"),
      Option("nickel-transform", "NAME", "haar (high bands, as coded) or plain; haar"),
      Option("freeze-teacher-d", nil, "the teacher's discriminator does not learn"),
      Option("student-d", "NAME", "its own discriminator begins: random, as coded, or teacher"),
    ] + BaselineOptions.table + RunOptions.table + DeviceOptions.table

  static func run(_ options: Options) throws(ObverseError) {
    try RunOptions.run(options, settings: settings)
  }

  private static func settings(_ options: Options) throws(ObverseError) -> RunSettings {
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
    distil.nickelWeight = try options.number("nickel") ?? distil.nickelWeight
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
