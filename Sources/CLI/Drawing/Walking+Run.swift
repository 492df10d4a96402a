import ImageFile
import Obverse
import Page

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

/// One run of `walk`.
private final class WalkRun {
  private let request: Walking
  private let session: Session
  private let generator: Generator
  private let walks: [Walk]
  private let subjects: [Subject]
  private let keyFrames: Int
  let writer: PictureWriter
  let progress: Progress
  /// Frames that came too late to be drawn.
  private var dropped = 0
  /// Frames that were drawn.
  private var drawn = 0
  private var nanoseconds: UInt64 = 0
  private var sheet: Sheet
  private var cell: DrawnImage

  init(
    _ request: Walking, _ session: Session, _ generator: Generator, _ walks: [Walk],
    _ subjects: [Subject], keyFrames: Int
  ) throws(ObverseError) {
    self.request = request
    self.session = session
    self.generator = generator
    self.walks = walks
    self.subjects = subjects
    self.keyFrames = keyFrames
    let model = session.model
    sheet = try Sheet(request.grid, side: model.resolution, channels: model.imageChannels)
    cell = try DrawnImage(model, isFloat: false)
    writer = PictureWriter(
      request.output.destination, keepsFiles: request.output.keepsFiles,
      isJSON: request.options.isJSON, session.console)
    progress = Progress(session.console, total: walks[0].count, noun: "frames", now: Clock.now)
  }

  /// Frames of the walk, which is as long in each cell.
  var total: Int { walks[0].count }

  func draw() throws(ObverseError) {
    if let path = request.output.destination.file, writer.keeps(path) { return }
    let begin = Clock.now
    if case .pattern(let pattern) = request.output.destination {
      for frame in walks[0].indices { try write(frame, to: pattern.name(frame)) }
    } else {
      try drawStream()
    }
    nanoseconds = Clock.now - begin
  }

  /// Draws frame after frame into one file or to standard output, at the pace of `--realtime`.
  private func drawStream() throws(ObverseError) {
    let stream = try writer.stream()
    let isY4M = request.output.format == .y4m
    if isY4M {
      try stream.write(
        Y4M.header(
          width: sheet.pixels.width, height: sheet.pixels.height, frames: request.rate.frames,
          inSeconds: request.rate.seconds))
    }
    var pace = request.isRealTime ? Pace(request.rate, SystemTime()) : nil
    for frame in walks[0].indices {
      if Interrupt.isRequested { throw .cancelled }
      let start = Clock.now
      if pace?.isLate(frame) == true {
        dropped += 1
        continue
      }
      let pixels = try draw(frame)
      try pace?.wait(for: frame)
      try stream.write(isY4M ? Y4M.frame(pixels) : pixels.bytes)
      drawn += 1
      progress.finished(Clock.now - start, now: Clock.now)
    }
    try stream.finish()
    progress.end()
    writer.finish(drawn)
    try writer.listStream()
  }

  /// Writes a frame as a file of its own.
  private func write(_ frame: Int, to path: String) throws(ObverseError) {
    if Interrupt.isRequested { throw .cancelled }
    let start = Clock.now
    if writer.keeps(path) { return }
    let pixels = try draw(frame)
    let file: [UInt8]
    if request.output.format == .rgb {
      file = pixels.bytes
    } else {
      let hasMetadata = request.output.hasMetadata
      file = try PNG.encode(
        pixels, text: hasMetadata ? ImageRecord.chunks(session.model, members(frame)) : [],
        xmp: hasMetadata ? XMP.synthetic : nil)
    }
    try writer.write(file, to: path)
    writer.finish(1)
    drawn += 1
    progress.finished(Clock.now - start, now: Clock.now)
  }

  /// Draws all cells of a frame.
  private func draw(_ frame: Int) throws(ObverseError) -> Pixels {
    let look = session.look
    let noise = look.noiseMode(subjects[0])
    sheet.restart()
    for walk in walks {
      try cell.draw(try look.ws(walk[frame], of: subjects[0], generator), noise, generator)
      sheet.add(cell.bytes)
    }
    return sheet.pixels
  }

  /// What a frame's metadata and the summary say.
  private func members(_ frame: Int?) -> [(String, JSON)] {
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
    return members + session.look.members(subjects[0])
  }

  /// Sums up.
  func conclude() throws(ObverseError) {
    let (width, height) = (sheet.pixels.width, sheet.pixels.height)
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
        ] + members(nil)),
      "\(Format.count(drawn, "frame")), \(width)x\(height), \(Format.duration(nanoseconds))"
        + " (\(Format.count(generator.threads, "thread")))")
  }
}
