import Core
import Networks
import Options
import Torch
import Training

/// `obverse-train neighbours`.
enum NeighboursCommand: Command {
  static let name = "neighbours"
  static let table = CommandTable(
    name: name, purpose: "Shows the real pictures nearest to drawn ones: is it a copy?",
    usage: "--model FILE --data PATH --size N --out FILE [OPTIONS]",
    examples: [
      "obverse-train neighbours --model student --data faces.zip --size 64 --out n.png"
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is compared",
        [Option("model", "FILE", "checkpoint with the generator")] + DataOptions.options + [
          Option("count", "N", "seeds, from 0 on", preset: "16"),
          Option("nearest", "N", "real pictures of a row", preset: "5"),
          Option(
            "judge", "FILE", "compares features of this network; without it, pictures of 16x16"),
          Option(
            "out", "FILE", "the sheet, .png or .jpg: a row for each seed, the drawn picture first"),
        ]), DeviceOptions.group,
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    let say = DeviceOptions.speaker(options)
    guard let model = options.text("model") else {
      throw .usage("neighbours need --model", hint: "obverse-train help neighbours")
    }
    let (data, output) = try DataOptions.data(options, say, needs: "a search")
    let generator = try GeneratorFile(model).generator(of: data.size, on: device)
    let network = try options.text("judge").map { path throws(ObverseError) in
      try FeatureKind.judge.network(path, on: device)
    }
    let rows = try Neighbours.write(
      generator, data: data, network: network,
      count: try options.integer("count", in: 1...1024) ?? 16,
      nearest: try options.integer("nearest", in: 1...64) ?? 5, to: output, on: device)
    let nearest = rows.compactMap { $0.first?.distance }.min() ?? 0
    say(
      "the nearest real picture of any seed is at \((nearest * 1000).rounded() / 1000) of the mean"
        + " distance")
    say("wrote \(output)")
  }
}
