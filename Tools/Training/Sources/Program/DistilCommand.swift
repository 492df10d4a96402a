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
            takes: .choices(DistilSettings.MethodName.self)),
          Option(
            "pairs", nil,
            "the pictures have their w beside them ('obverse-train pictures'): the student is"
              + " compared with them too, first alone, with these options (ours):", rare: true),
        ] + PairOptions.options),
      OptionGroup("NICKEL & DiME", DistilSettings.MethodName.nickelDiME.options),
      OptionGroup("other methods", otherOptions),
    ] + RunOptions.groups + [DeviceOptions.group])

  /// What NICKEL & DiME does not know, with the names of the methods that do.
  private static var otherOptions: [Option] {
    let methods = DistilSettings.MethodName.allCases
    var known = Set(DistilSettings.MethodName.nickelDiME.options.map(\.name))
    return methods.flatMap(\.options).filter { known.insert($0.name).inserted }.map { option in
      let users = methods.filter { $0.options.contains { $0.name == option.name } }
      return option.meant(
        users.map(\.rawValue).joined(separator: ", ") + ": " + option.meaning)
    }
  }

  private static var methods: String {
    DistilSettings.MethodName.allCases.map(\.rawValue).joined(separator: ", ")
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
    try distil.read(options)
    try distil.check()
    if let omission = distil.omission { Program.say(omission) }
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
