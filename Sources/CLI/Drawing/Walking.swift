import Obverse

/// `obverse walk`: the frames of an interpolation through seeds.
struct Walking: Command {
  static let table = CommandTable(
    name: "walk", purpose: "Draws a smooth walk through seeds, as frames or as a stream.",
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
            "num-keyframes", "N", "key frames of each cell", preset: "all seeds", rare: true,
            detail: "Seeds are taken from the front again when they run out."),
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
          CommonOptions.label, CommonOptions.threads,
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
          Option("fps", "N", "frames a second, for y4m and --realtime", preset: "60"),
          Option(
            "realtime", nil, "write each frame when it is due, drop late ones",
            detail: "How many were dropped is said at the end."),
          CommonOptions.noMetadata, CommonOptions.noClobber, CommonOptions.json,
        ]),
      CommonOptions.talk,
    ],
    notes: [
      "Names and order are those of NVlabs' gen_video.py; the cubic walk is the spline that it takes"
        + " from SciPy, with two copies of the key frames on each side. A walk in a circle has"
        + " w-frames frames for each key frame; with --no-loop it ends on the last one."
        + " No video encoder is inside."
    ])

  let seeds: [UInt32]
  let keyFrames: Int
  let framesPerKey: Int
  let grid: Grid
  let interpolation: Walk.Interpolation
  let loops: Bool
  let look: GivenLook
  let target: FrameTarget
  let framesPerSecond: Int
  let isRealTime: Bool
  let model: String?
  let threads: Int
  let isJSON: Bool
  let environment: Environment

  /// The most key frames of all cells together; their w and spline are held in memory.
  private static let mostKeyFrames = 10_000

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    guard let list = parsed.text("seeds") else {
      throw .usage("'obverse walk' needs --seeds", hint: Self.table.examples[1])
    }
    seeds = try SeedList.parse(list)
    grid =
      try parsed.text("grid").map { (text) throws(ObverseError) in try Grid(text) }
      ?? Grid(columns: 1, rows: 1)
    let given = try parsed.integer("num-keyframes", in: 1...Self.mostKeyFrames)
    guard given != nil || seeds.count % grid.count == 0 else {
      throw .usage(
        "\(seeds.count) seeds cannot be shared out among the \(grid.count) cells of --grid"
          + " \(grid.columns)x\(grid.rows)", hint: "add --num-keyframes N")
    }
    keyFrames = given ?? seeds.count / grid.count
    guard keyFrames * grid.count <= Self.mostKeyFrames else {
      throw .usage(
        "\(keyFrames * grid.count) key frames are more than the \(Self.mostKeyFrames) of one run",
        hint: nil)
    }
    framesPerKey = try parsed.integer("w-frames", in: 1...1_000_000) ?? 120
    interpolation = try parsed.choice("interp") ?? .cubic
    loops = !parsed.has("no-loop")
    look = try GivenLook(parsed)
    target = try FrameTarget(parsed)
    framesPerSecond = try parsed.integer("fps", in: 1...1_000_000) ?? 60
    isRealTime = parsed.has("realtime")
    model = parsed.text("model")
    threads = try environment.threads(parsed)
    isJSON = parsed.has("json")
    self.environment = environment
    if isRealTime, !target.isStream {
      throw .usage(
        "--realtime paces a stream, and these are single files", hint: "--format y4m -o -")
    }
    if isJSON, target.isStandardOutput {
      throw .usage("--json and -o - would share standard output", hint: "write to a file")
    }
  }

  /// The seeds of one cell's key frames, cells counted from the left, then from the top.
  func seeds(cell: Int) -> [UInt32] {
    (0..<keyFrames).map { seeds[(cell * keyFrames + $0) % seeds.count] }
  }
}
