import Core
import Options
import Training

/// `obverse-train pictures`.
enum PicturesCommand: Command {
  static let name = "pictures"
  static let table = CommandTable(
    name: name, purpose: "Draws the pictures of a .obv, averaged, each with its w.",
    usage: "--model FILE --size N[,N] --count N --out DIR [OPTIONS]",
    examples: [
      "obverse-train pictures --model faces.obv --size 128 --count 6000 --out learn",
      "obverse-train pictures --model faces.obv --size 256 --w w.npy --out known",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what is drawn",
        [
          Option("model", "FILE", "a .obv that draws RGB", takes: .files(["obv"])),
          Option("size", "N[,N]", "sides to average to; each divides the model's own"),
          Option("count", "N", "pictures in all; a whole file of w where left out"),
          Option("seeds", "N", "the first seed", preset: "0"),
          Option("psi", "X", "truncates the seeds' w; 1 does not", preset: "1"),
          Option(
            "w", "FILE", ".npy of float32 [N, wDim] instead of seeds, taken as they are",
            takes: .files(["npy"])),
          Option("skip", "N", "leaves out the first N of --w", rare: true),
          Option("out", "DIR", "the folder, made if absent; drawing goes on where it stopped"),
        ]),
      OptionGroup(
        "where it is computed",
        [
          Option(
            "device", "NAME", "auto or cpu: pictures are drawn by the runtime, on the CPU",
            preset: "auto", rare: true, takes: .words(["auto", "cpu"])),
          Option(
            "threads", "N", "threads on the CPU", preset: "the processors there are", short: "t",
            rare: true),
        ]),
    ])

  static func run(_ options: ParsedOptions) throws(ObverseError) {
    guard let model = options.text("model"), let folder = options.text("out"),
      let sizes = options.text("size")
    else {
      throw .usage("pictures need --model, --size and --out", hint: "obverse-train help pictures")
    }
    guard ["auto", "cpu"].contains(options.text("device") ?? "auto") else {
      throw .usage("option '--device' is auto or cpu here: the runtime draws on the CPU", hint: nil)
    }
    let maker = try PictureMaker(
      model: model, sizes: try self.sizes(sizes), source: try source(options),
      count: try options.integer("count", in: 1...10_000_000), folder: folder,
      threads: try options.integer("threads", in: 1...1024) ?? 0)
    let say = DeviceOptions.speaker(options)
    if maker.found > 0 { say("\(maker.found) pictures were there") }
    let (found, count) = (maker.found, maker.count)
    let countdown = Countdown(of: max(count - found, 0), "pictures drawn", say)
    Interrupt.listen()
    try maker.draw(progress: { countdown.reached($0 - found) }, stop: { Interrupt.isRequested })
    say("\(max(found, count)) pictures in '\(folder)'")
  }

  private static func sizes(_ text: String) throws(ObverseError) -> [Int] {
    var sizes: [Int] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let size = Int(word), (1...16384).contains(size), !sizes.contains(size) else {
        throw .usage(
          "option '--size' needs different whole numbers from 1, such as 256,128, not '\(text)'",
          hint: nil)
      }
      sizes.append(size)
    }
    return sizes
  }

  private static func source(_ options: ParsedOptions) throws(ObverseError) -> PictureMaker.Source {
    guard let path = options.text("w") else {
      guard !options.has("skip") else {
        throw .usage("option '--skip' belongs to --w; seeds begin with --seeds", hint: nil)
      }
      return .seeds(
        from: try options.integer("seeds", in: 0...Int(UInt32.max)) ?? 0,
        psi: try options.amount("psi") ?? 1)
    }
    guard !options.has("seeds"), !options.has("psi") else {
      throw .usage(
        "w come from a file (--w) or from seeds (--seeds, --psi), not from both", hint: nil)
    }
    return .file(path, skip: try options.integer("skip", in: 0...1_000_000_000) ?? 0)
  }
}
