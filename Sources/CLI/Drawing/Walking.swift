import Obverse
import Options

/// `obverse walk`: the frames of an interpolation through seeds.
struct Walking: Command {
  static let name = "walk"
  static let table = CommandTable(
    name: name, purpose: "Draws a smooth walk through seeds, as frames or as a stream.",
    usage: "[-m FILE] --seeds LIST [OPTIONS]",
    examples: [
      "obverse walk --seeds 0-7 --trunc 0.7 -o - --format y4m | ffmpeg -i - lerp.mp4",
      "obverse walk --seeds 0-15 --grid 4x2 --w-frames 60 -o frame%04d.png",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what to draw",
        [
          Option("seeds", "LIST", "key frames: 0,1,4-6 in this order"),
          Option(
            "projected-w", "FILE", "key frames from a projector: .npz, .npy or .pt", rare: true,
            detail: "In place of seeds: w of [n, layers, w_dim] or [n, w_dim]. No truncation is"
              + " applied to it.", takes: .files(["npz", "npy", "pt"])),
          Option(
            "num-keyframes", "N", "key frames of each cell", preset: "all seeds", rare: true,
            detail: "Seeds are taken from the front again when they run out."),
          Option(
            "shuffle-seed", "N", "shuffle the key frames, as NVlabs does", rare: true,
            detail: "Those of all cells together, by the generator that gen_video.py has."),
          Option("w-frames", "N", "frames from one key frame to the next", preset: "120"),
          Option(
            "grid", "WxH", "that many walks side by side", preset: "1x1",
            detail: "The first cell takes the first seeds, from the left, then from the top."),
          Option(
            "interp", "KIND", "cubic or linear", preset: "cubic",
            takes: .choices(Walk.Interpolation.self)),
          Option("no-loop", nil, "end at the last key frame"),
        ]),
      OptionGroup(
        "how",
        [
          CommonOptions.model, CommonOptions.trunc, CommonOptions.truncCutoff,
          Option(
            "noise-mode", "MODE", "const, random or none", preset: "const", rare: true,
            detail: "The noise of all frames is the same.", takes: .choices(NoiseKind.self)),
          Option(
            "noise-seed", "N", "seed of random noise", preset: "the first seed", rare: true),
          CommonOptions.label, CommonOptions.threads, CommonOptions.precision,
        ]),
      OptionGroup(
        "where to",
        [
          Option(
            "output", "PATH", "a pattern frame%04d.png, a file, or -", short: "o",
            detail: "One file and standard output need y4m or rgb; a terminal is refused."
              + " Without it frames go to out/frame0000.png and so on, y4m to out/walk.y4m.",
            takes: .files([])),
          Option(
            "format", "F", "png, y4m or rgb", preset: "by suffix",
            detail: "y4m is C444, BT.601 with limited range; rgb is raw bytes.",
            takes: .choices(FrameFormat.self)),
          Option(
            "fps", "N", "frames a second, for y4m and --realtime", preset: "60",
            detail: "Also 23.976, 29.97 and the like, or a fraction such as 30000/1001."),
          Option(
            "realtime", nil, "write each frame when it is due, drop late ones",
            detail: "How many were dropped is said at the end."),
          CommonOptions.noMetadata, CommonOptions.noClobber, CommonOptions.json,
        ]),
    ],
    notes: [
      "Names and order are those of NVlabs' gen_video.py; the cubic walk is the spline that it takes"
        + " from SciPy, with two copies of the key frames on each side. A walk in a circle has"
        + " w-frames frames for each key frame; with --no-loop it ends on the last one."
        + " No video encoder is inside."
    ])

  let subjects: Subjects
  let keyFrames: KeyFrames
  let framesPerKey: Int
  let grid: Grid
  let interpolation: Walk.Interpolation
  let loops: Bool
  let output: FrameOutput
  let rate: FrameRate
  let isRealTime: Bool
  let options: DrawingOptions

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    guard parsed.has("seeds") || parsed.has("projected-w") else {
      throw .usage("'obverse walk' needs --seeds or --projected-w", hint: Self.table.examples[1])
    }
    subjects = try Subjects(parsed)
    guard !subjects.isStandardInput else {
      throw .usage("a walk needs all its seeds before it begins, not --seeds -", hint: nil)
    }
    grid =
      try parsed.text("grid").map { (text) throws(ObverseError) in try Grid(text) }
      ?? Grid(columns: 1, rows: 1)
    keyFrames = try KeyFrames(parsed, grid)
    if let count = subjects.count { _ = try keyFrames.perCell(of: count, subjects.nouns) }
    framesPerKey = try parsed.integer("w-frames", in: 1...1_000_000) ?? 120
    interpolation = try parsed.choice("interp") ?? .cubic
    loops = !parsed.has("no-loop")
    output = try FrameOutput(parsed)
    rate = try FrameRate(parsed.text("fps") ?? "60")
    isRealTime = parsed.has("realtime")
    options = try DrawingOptions(parsed, environment, output.destination)
    if isRealTime, !output.destination.isOneFile {
      throw .usage(
        "--realtime paces a stream, and these are single files", hint: "--format y4m -o -")
    }
  }
}
