import ImageFile
import Obverse
import Options
import Page

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

extension Walking {
  func run(_ console: Console) throws(ObverseError) {
    try output.refuseTerminal(console)
    let session = try Session(options, mapsLatents: subjects.mapsLatents, console)
    if output.format == .y4m, session.model.imageChannels % 2 == 0 {
      throw .request("y4m holds no alpha, and this model draws it", hint: "--format png")
    }
    let list = try subjects.list(for: session.model, imageSeed: nil) ?? []
    let cells = try keyFrames.cells(list, subjects.nouns)
    let generator = try session.generator()
    var walks: [Walk] = []
    for cell in cells {
      let keys = try session.look.keys(cell, generator)
      walks.append(
        try Walk(
          keys: keys, framesPerKey: framesPerKey, interpolation: interpolation, loops: loops))
    }
    let run = try WalkRun(self, session, generator, walks, list, keyFrames: cells[0].count)
    try run.writer.run(run.progress, of: run.total, "frames") { () throws(ObverseError) in
      try run.draw()
    }
    try run.conclude()
  }
}

/// Draws and encodes frames, on whatever thread it is called.
private struct FrameMaker: Sendable {
  let request: Walking
  let look: Look
  let model: Model
  let walks: [Walk]
  let subjects: [Subject]
  /// Key frames of each cell.
  let keyFrames: Int

  /// Bytes of a frame at most, or nearly.
  var bytes: Int {
    request.grid.count * model.resolution * model.resolution * model.imageChannels
  }

  /// Whether the file of a frame is there and stays.
  private func isKept(_ frame: Int) -> Bool {
    guard request.output.keepsFiles, case .pattern(let pattern) = request.output.destination
    else { return false }
    return Path.exists(pattern.name(frame))
  }

  /// Makes some frames, and gives each on with the nanoseconds that it took; nil for one that is there
  /// and stays.
  func make(
    _ frames: Range<Int>, _ generator: Generator,
    _ made: (Int, (file: [UInt8], time: UInt64)?) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    var sheet = try Sheet(request.grid, side: model.resolution, channels: model.imageChannels)
    var cell = try DrawnImage(model, isFloat: false)
    let noise = look.noiseMode(subjects[0])
    for frame in frames {
      if Interrupt.isRequested { throw .cancelled }
      if isKept(frame) {
        try made(frame, nil)
        continue
      }
      let start = Clock.now
      sheet.restart()
      for walk in walks {
        try cell.draw(try look.ws(walk[frame], of: subjects[0], generator), noise, generator)
        sheet.add(cell.bytes)
      }
      let file = try encoded(sheet.pixels, frame)
      try made(frame, (file, Clock.now - start))
    }
  }

  private func encoded(_ pixels: Pixels, _ frame: Int) throws(ObverseError) -> [UInt8] {
    switch request.output.format {
    case .rgb: pixels.bytes
    case .y4m: try Y4M.frame(pixels)
    case .png:
      try PNG.encode(
        pixels,
        text: request.output.hasMetadata ? ImageRecord.chunks(model, members(frame)) : [],
        xmp: request.output.hasMetadata ? XMP.synthetic : nil)
    }
  }

  /// What a frame's metadata and the summary say.
  func members(_ frame: Int?) -> [(String, JSON)] {
    var members: [(String, JSON)] = []
    if let frame { members.append(("frame", .integer(frame))) }
    members += [
      ("keyframes", .integer(keyFrames)), ("w_frames", .integer(request.framesPerKey)),
      ("grid", .text("\(request.grid.columns)x\(request.grid.rows)")),
      ("interp", .text(request.interpolation.rawValue)), ("loop", .bool(request.loops)),
    ]
    // Thousands of seeds in each of thousands of frames would be most of the file.
    if frame == nil || subjects.count <= 256 {
      members.append((subjects[0].key + "s", .list(subjects.map { .integer($0.number) })))
    }
    if let seed = request.keyFrames.shuffleSeed {
      members.append(("shuffle_seed", .integer(Int(seed))))
    }
    return members + look.members(subjects[0])
  }
}

/// One run of `walk`.
private final class WalkRun {
  private let request: Walking
  private let session: Session
  private let generator: Generator
  private let maker: FrameMaker
  let writer: PictureWriter
  let progress: Progress
  /// Frames of the walk, which is as long in each cell.
  let total: Int
  /// Sides of a frame.
  private let width, height: Int
  /// Frames that came too late to be drawn.
  private var dropped = 0
  /// Frames that were drawn.
  private var drawn = 0
  private var nanoseconds: UInt64 = 0

  init(
    _ request: Walking, _ session: Session, _ generator: Generator, _ walks: [Walk],
    _ subjects: [Subject], keyFrames: Int
  ) throws(ObverseError) {
    self.request = request
    self.session = session
    self.generator = generator
    maker = FrameMaker(
      request: request, look: session.look, model: session.model, walks: walks,
      subjects: subjects, keyFrames: keyFrames)
    total = walks[0].count
    // A sheet that no file could hold is refused before anything is written.
    let sheet = try Sheet(
      request.grid, side: session.model.resolution, channels: session.model.imageChannels)
    (width, height) = (sheet.pixels.width, sheet.pixels.height)
    writer = PictureWriter(
      request.output.destination, keepsFiles: request.output.keepsFiles,
      isJSON: request.options.isJSON, session.console)
    progress = Progress(session.console, total: total, noun: "frames", now: Clock.now)
  }

  func draw() throws(ObverseError) {
    if let path = request.output.destination.file, writer.keeps(path) { return }
    let begin = Clock.now
    if case .pattern(let pattern) = request.output.destination {
      try each { (frame, file) throws(ObverseError) in
        let path = pattern.name(frame)
        guard let file else {
          _ = self.writer.keeps(path)
          return
        }
        try self.writer.write(file, to: path)
        self.writer.finish(1)
      }
    } else {
      try drawStream()
    }
    nanoseconds = Clock.now - begin
  }

  /// Draws frames, a worker each where there are enough, and gives their files to `write` in order.
  ///
  /// nil is the file of a frame that is there and stays.
  private func each(
    _ write: @escaping (Int, [UInt8]?) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    try generator.each(
      total, bytes: maker.bytes,
      make: { [maker] (range, generator, made) throws(ObverseError) in
        try maker.make(range, generator, made)
      },
      take: { (frame, drawn) throws(ObverseError) in
        if Interrupt.isRequested { throw .cancelled }
        try write(frame, drawn?.file)
        guard let drawn else { return }
        self.drawn += 1
        self.progress.finished(drawn.time, now: Clock.now)
      })
  }

  /// Draws frame after frame into one file or to standard output, at the pace of `--realtime`.
  private func drawStream() throws(ObverseError) {
    let stream = try writer.stream()
    if request.output.format == .y4m {
      try stream.write(
        Y4M.header(
          width: width, height: height, frames: request.rate.frames,
          inSeconds: request.rate.seconds))
    }
    if request.isRealTime {
      try drawInTime(stream)
    } else {
      try each { (_, file) throws(ObverseError) in
        if let file { try stream.write(file) }
      }
    }
    try stream.finish()
    progress.end()
    writer.finish(drawn)
    try writer.listStream()
  }

  /// All workers draw each frame together, so that it is as fresh as can be.
  private func drawInTime(_ stream: ImageStream) throws(ObverseError) {
    var pace = Pace(request.rate, SystemTime())
    for frame in 0..<total {
      if Interrupt.isRequested { throw .cancelled }
      let start = Clock.now
      if pace.isLate(frame) {
        dropped += 1
        continue
      }
      var file: [UInt8] = []
      try maker.make(frame..<(frame + 1), generator) { file = $1?.file ?? [] }
      try pace.wait(for: frame)
      try stream.write(file)
      drawn += 1
      progress.finished(Clock.now - start, now: Clock.now)
    }
  }

  /// Sums up.
  func conclude() throws(ObverseError) {
    if dropped > 0 {
      session.console.note("\(dropped) of \(total) frames came too late and were dropped")
    }
    try writer.conclude(
      session.summary(
        "obverse.walk/1", generator,
        [
          ("width", .integer(width)), ("height", .integer(height)), ("frames", .integer(total)),
          ("written", .integer(drawn)), ("dropped", .integer(dropped)),
          ("kept", .integer(writer.kept.count)), ("draw_ns", .nanoseconds(nanoseconds)),
        ] + maker.members(nil)),
      "\(Format.count(drawn, "frame")), \(width)x\(height), \(Format.duration(nanoseconds))"
        + " (\(Format.count(generator.threads, "thread")))")
  }
}
