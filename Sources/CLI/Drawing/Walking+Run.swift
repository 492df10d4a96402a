import Glibc
import ImageFile
import Obverse
import Page

extension Walking {
  func run(_ console: Console) throws(ObverseError) {
    guard !target.isStandardOutput || !console.output.isTerminal else {
      throw .usage("frames would go to this terminal", hint: "leave out -o -, or add | mpv -")
    }
    let path = try environment.modelPath(self.model)
    let model = try Model(path: path)
    let look = Look(self.look, record: nil)
    try look.check(model, mapsLatents: true)
    if target.format == .y4m, model.imageChannels % 2 == 0 {
      throw .request("y4m holds no alpha, and this model draws it", hint: "--format png")
    }
    if look.noise == .const, !model.hasStoredNoise {
      console.warn("the model has no stored noise: drawn without")
    }
    Interrupt.listen()
    let generator = try Generator(model, threads: threads)
    Interrupt.stops(generator)
    var walks: [Walk] = []
    for cell in 0..<grid.count {
      if Interrupt.isRequested { throw .cancelled }
      walks.append(
        try generator.walk(
          through: seeds(cell: cell), framesPerKey: framesPerKey, interpolation: interpolation,
          loops: loops, label: look.label))
    }
    let run = try WalkRun(self, look, path, generator, walks, console)
    do throws(ObverseError) {
      try run.draw()
    } catch {
      run.progress.end()
      // Of one file nothing is left.
      if case .cancelled = error, case .pattern = target.place {
        console.note("\(run.written) of \(walks[0].count) frames were finished")
      }
      throw error
    }
  }
}

/// One run of `walk`.
private final class WalkRun {
  private let request: Walking
  private let look: Look
  private let modelPath: String
  private let generator: Generator
  private let walks: [Walk]
  private let console: Console
  let progress: Progress
  /// Frames that went out.
  private(set) var written = 0
  /// Frames that came too late to be drawn.
  private var dropped = 0
  private var kept = 0
  private var nanoseconds: UInt64 = 0
  private var sheet: Sheet
  private var cell: [UInt8] = []

  init(
    _ request: Walking, _ look: Look, _ modelPath: String, _ generator: Generator, _ walks: [Walk],
    _ console: Console
  ) throws(ObverseError) {
    self.request = request
    self.look = look
    self.modelPath = modelPath
    self.generator = generator
    self.walks = walks
    self.console = console
    let model = generator.model
    sheet = try Sheet(request.grid, side: model.resolution, channels: model.imageChannels)
    progress = Progress(console, total: walks[0].count, noun: "frames", now: Clock.now)
  }

  func draw() throws(ObverseError) {
    let path: String? = if case .file(let path) = request.target.place { path } else { nil }
    if request.target.keepsFiles, let path, Path.exists(path) {
      return console.note("\(path) kept as it was")
    }
    let stream = request.target.isStream ? try ImageStream(path, console) : nil
    if request.target.format == .y4m {
      try stream?.write(
        Y4M.header(
          width: sheet.pixels.width, height: sheet.pixels.height,
          framesPerSecond: request.framesPerSecond))
    }
    let begin = Clock.now
    let pace =
      request.isRealTime ? Pace(start: begin, framesPerSecond: request.framesPerSecond) : nil
    for frame in walks[0].indices {
      if Interrupt.isRequested { throw .cancelled }
      let start = Clock.now
      if let pace, pace.isLate(frame, now: start) {
        dropped += 1
        continue
      }
      if let stream {
        let pixels = try draw(frame)
        if let pace { try wait(until: pace.due(frame)) }
        try stream.write(request.target.format == .y4m ? Y4M.frame(pixels) : pixels.bytes)
        written += 1
      } else {
        try write(frame)
      }
      progress.finished(Clock.now - start, now: Clock.now)
    }
    try stream?.finish()
    progress.end()
    nanoseconds = Clock.now - begin
    if let path, !request.isJSON { try console.path(path) }
    try finish()
  }

  /// Draws all cells of a frame.
  private func draw(_ frame: Int) throws(ObverseError) -> Pixels {
    let noise = look.noiseMode(Subjects.subject(request.seeds[0]))
    sheet.restart()
    for walk in walks {
      try generator.draw(
        walk, frame: frame, psi: look.psi, cutoff: look.cutoff, noise: noise, into: &cell)
      sheet.add(cell)
    }
    return sheet.pixels
  }

  /// Writes a frame as a file of its own.
  private func write(_ frame: Int) throws(ObverseError) {
    guard case .pattern(let pattern) = request.target.place else { return }
    let path = pattern.name(frame)
    if request.target.keepsFiles, Path.exists(path) {
      kept += 1
      return
    }
    let pixels = try draw(frame)
    let file: [UInt8]
    if request.target.format == .rgb {
      file = pixels.bytes
    } else {
      let hasMetadata = request.target.hasMetadata
      file = try PNG.encode(
        pixels, text: hasMetadata ? ImageRecord.chunks(generator.model, members(frame)) : [],
        xmp: hasMetadata ? XMP.synthetic : nil)
    }
    try Path.makeFolder(Path.folder(path))
    try OutputFile.write(file, to: path)
    if !request.isJSON { try console.path(path) }
    written += 1
  }

  /// Sleeps, but not through Ctrl-C.
  private func wait(until due: UInt64) throws(ObverseError) {
    while true {
      if Interrupt.isRequested { throw .cancelled }
      let now = Clock.now
      guard now < due else { return }
      var rest = timespec(
        tv_sec: Int((due - now) / 1_000_000_000), tv_nsec: Int((due - now) % 1_000_000_000))
      unsafe _ = nanosleep(&rest, nil)
    }
  }

  /// What a frame's metadata and the summary say.
  private func members(_ frame: Int?) -> [(String, JSON)] {
    var members: [(String, JSON)] = []
    if let frame { members.append(("frame", .integer(frame))) }
    members += [
      ("keyframes", .integer(request.keyFrames)), ("w_frames", .integer(request.framesPerKey)),
      ("grid", .text("\(request.grid.columns)x\(request.grid.rows)")),
      ("interp", .text(request.interpolation.rawValue)), ("loop", .bool(request.loops)),
    ]
    // Thousands of seeds in each of thousands of frames would be most of the file.
    if frame == nil || request.seeds.count <= 256 {
      members.append(("seeds", .list(request.seeds.map { .integer(Int($0)) })))
    }
    return members + look.members(Subjects.subject(request.seeds[0]))
  }

  private func finish() throws(ObverseError) {
    let (width, height) = (sheet.pixels.width, sheet.pixels.height)
    if request.isJSON {
      let model = generator.model
      var members: [(String, JSON)] = [
        ("schema", .text("obverse.walk/1")),
        (
          "model",
          .object([
            ("path", .text(modelPath)), ("sha256", .text(model.weightsSHA256)),
            ("width", .integer(model.resolution)), ("height", .integer(model.resolution)),
          ])
        ),
        ("threads", .integer(generator.threads)), ("width", .integer(width)),
        ("height", .integer(height)), ("frames", .integer(walks[0].count)),
        ("written", .integer(written)), ("dropped", .integer(dropped)), ("kept", .integer(kept)),
        ("draw_ns", .nanoseconds(nanoseconds)),
      ]
      members += self.members(nil)
      try console.line(JSON.object(members).line)
    }
    if kept > 0 { console.note("\(Format.count(kept, "file")) kept as before") }
    if dropped > 0 {
      console.note("\(dropped) of \(walks[0].count) frames came too late and were dropped")
    }
    console.note(
      "\(Format.count(written, "frame")), \(width)x\(height), \(Format.duration(nanoseconds))"
        + " (\(Format.count(generator.threads, "thread")))")
  }
}
