import Checkpoint
import ModelFile
import Obverse
import Page

extension Generate {
  func run(_ console: Console) throws(ObverseError) {
    try output.refuseTerminal(console)
    let session = try Session(options, mapsLatents: subjects.mapsLatents, console)
    var list = try subjects.list(for: session.model, imageSeed: session.record?.seed)
    var grid = grid
    if let seeds = list, session.look.hasAllClasses {
      let classes = session.model.classes
      grid = grid ?? Grid(of: classes, each: seeds.count)
      list = seeds.flatMap { seed in
        (0..<classes).map { Subject(source: seed.source, number: seed.number, label: $0) }
      }
    }
    if let list {
      if grid == nil { try output.check(count: list.count) }
      try grid?.check(count: list.count)
    }
    let encoding = try Encoding(output, session.model)
    let run = try GenerateRun(self, session, session.generator(), encoding, list, grid)
    try run.writer.run(run.progress, of: list?.count, "images") { () throws(ObverseError) in
      try run.draw()
    }
    try run.conclude()
  }
}

/// One run of `generate`: what stays the same for all its images, and what has been done.
private final class GenerateRun {
  private let request: Generate
  private let session: Session
  private let generator: Generator
  private let encoding: Encoding
  /// nil for the seeds of standard input.
  private let list: [Subject]?
  private let grid: Grid?
  let writer: PictureWriter
  let progress: Progress
  /// Whether the one file of all images is there and stays.
  private var isKept = false
  private var times = Times()
  /// The subjects that were drawn into the sheet, for its metadata.
  private var drawn: [Subject] = []
  private var sheet: Sheet?
  private var hasWarned = false
  private var stream: ImageStream?
  private var image: DrawnImage

  init(
    _ request: Generate, _ session: Session, _ generator: Generator, _ encoding: Encoding,
    _ list: [Subject]?, _ grid: Grid?
  ) throws(ObverseError) {
    self.request = request
    self.session = session
    self.generator = generator
    self.encoding = encoding
    self.list = list
    self.grid = grid
    writer = PictureWriter(
      request.output.destination, keepsFiles: request.output.keepsFiles,
      isJSON: request.options.isJSON, session.console)
    progress = Progress(
      session.console, total: list?.count ?? request.subjects.count, noun: "faces", now: Clock.now)
    image = try DrawnImage(session.model, isFloat: request.output.format.isFloat)
  }

  /// Where all images go together, if they do.
  private var sharedPath: String? {
    grid != nil
      ? request.output.sheetPath(channels: encoding.channels) : request.output.destination.file
  }

  /// Draws the subjects of the list, or those of standard input, and writes what they share.
  func draw() throws(ObverseError) {
    isKept = sharedPath.map { writer.keeps($0) } ?? false
    guard !isKept else { return }
    if let grid = grid {
      sheet = try Sheet(grid, side: encoding.side, channels: encoding.channels)
    } else if request.output.destination.isOneFile, request.output.format.holdsMany {
      stream = try writer.stream()
      try stream?.write(encoding.header(count: list?.count ?? 0))
    }
    if let list {
      for first in stride(from: 0, to: list.count, by: Self.mappedAtOnce) {
        var rest = list[first..<min(first + Self.mappedAtOnce, list.count)]
        keys = []
        while let subject = rest.first {
          try draw(subject, before: rest.dropFirst())
          rest = rest.dropFirst()
        }
      }
    } else {
      try drawStandardInput()
    }
    progress.end()
    let start = Clock.now
    if let sheet, let grid = grid, let path = sharedPath {
      let chunks = ImageRecord.chunks(session.model, drawn, session.look, grid)
      try writer.write(try encoding.file(sheet.pixels, chunks: chunks), to: path)
      writer.finish(times.count)
    } else if let stream {
      try stream.finish()
      writer.finish(times.count)
      try writer.listStream()
    }
    times.encode += Clock.now - start
  }

  /// Subjects that are mapped together; few enough that the first picture is not late.
  private static let mappedAtOnce = 8

  /// What the next subjects of the list are drawn from, the nearest last, where it is known.
  private var keys: [[Float]] = []

  /// What a subject is drawn from; `others` are mapped with it, unless they have been.
  private func key(
    _ subject: Subject, before others: some Collection<Subject>
  ) throws(ObverseError) -> [Float] {
    if keys.count != others.count + 1 {
      keys = try session.look.keys([subject] + others, generator).reversed()
    }
    guard let key = keys.popLast() else { throw .bug("a subject without a key") }
    return key
  }

  private func drawStandardInput() throws(ObverseError) {
    var input = SeedInput(descriptor: 0)
    do throws(ObverseError) {
      while let seed = try input.next() { try draw(Subjects.subject(seed), before: []) }
    } catch {
      // What was drawn before a bad line stays.
      if case .usage = error { try stream?.finish() }
      throw error
    }
  }

  private func draw(_ subject: Subject, before others: ArraySlice<Subject>) throws(ObverseError) {
    if Interrupt.isRequested { throw .cancelled }
    let path = request.output.path(subject, channels: encoding.channels)
    let isAlone = sheet == nil && stream == nil
    if isAlone, writer.keeps(path) { return }
    if let grid = grid { try grid.check(count: times.count + 1) }
    let start = Clock.now
    let look = session.look
    let ws = try look.ws(key(subject, before: others), of: subject, generator)
    try image.draw(ws, look.noiseMode(subject), generator)
    let ready = Clock.now
    if !hasWarned, image.isBlank { warnOfBlank() }
    if sheet != nil {
      sheet?.add(image.bytes)
      drawn.append(subject)
    } else if let stream {
      try stream.write(try encoding.piece(image))
    } else {
      let chunks = ImageRecord.chunks(session.model, subject, look)
      try writer.write(try encoding.file(image, chunks: chunks), to: path)
      writer.finish(1)
    }
    if request.savesW { try save(ws, subject) }
    let end = Clock.now
    times.add(generate: ready - start, encode: end - ready)
    try writer.record(members(subject, path, generate: ready - start, encode: end - ready))
    progress.finished(end - start, now: end)
  }

  /// Says once why a picture is of one colour where the model's weights explain it.
  ///
  /// The weights are not looked at before: it would cost as much as drawing a small face.
  private func warnOfBlank() {
    hasWarned = true
    guard let description = try? ModelFile.read(path: session.modelPath),
      !description.nonFinite.isEmpty
    else { return }
    session.console.warn(
      "the picture has one colour alone, since the model has weights that are not finite; see"
        + " 'obverse inspect'")
  }

  private func save(_ ws: [Float], _ subject: Subject) throws(ObverseError) {
    let path = request.output.wPath(subject)
    if writer.keeps(path) { return }
    let model = session.model
    let file = NumPy.npz([(name: "w", shape: [1, model.wsCount, model.wDim], floats: ws)])
    try writer.write(file, to: path)
  }

  private func members(
    _ subject: Subject, _ path: String, generate: UInt64, encode: UInt64
  ) -> [(String, JSON)] {
    var members: [(String, JSON)] = [(subject.key, .integer(subject.number))]
    if sheet == nil { members.append(("path", .text(path))) }
    members += session.look.members(subject)
    if request.savesW { members.append(("w_path", .text(request.output.wPath(subject)))) }
    return members + [
      ("generate_ns", .nanoseconds(generate)), ("encode_ns", .nanoseconds(encode)),
    ]
  }

  /// Sums up.
  func conclude() throws(ObverseError) {
    var members: [(String, JSON)] = []
    if let grid = grid {
      members.append(("grid", .text("\(grid.columns)x\(grid.rows)")))
      members.append(("path", .text(request.output.sheetPath(channels: encoding.channels))))
    }
    members.append(("images", .list(writer.records)))
    if !writer.kept.isEmpty { members.append(("skipped", .list(writer.kept.map { .text($0) }))) }
    try writer.conclude(
      session.summary("obverse.generate/1", generator, members),
      "\(Format.count(times.count, "face")), \(encoding.side)x\(encoding.side),"
        + " \(Format.duration(times.generate)) (\(Format.duration(times.median)) each,"
        + " \(Format.count(generator.threads, "thread")))"
        + " + \(Format.duration(times.encode)) \(request.output.format.rawValue.uppercased())")
  }
}

/// How long the images of a run took, in nanoseconds.
private struct Times {
  private(set) var count = 0
  private(set) var generate: UInt64 = 0
  var encode: UInt64 = 0
  /// Of the latest images; standard input may ask for any number.
  private var latest: [UInt64] = []

  private static let mostKept = 1024

  mutating func add(generate: UInt64, encode: UInt64) {
    // The place of the oldest, once there are enough for a median.
    if latest.count < Self.mostKept {
      latest.append(generate)
    } else {
      latest[count % Self.mostKept] = generate
    }
    count += 1
    self.generate += generate
    self.encode += encode
  }

  var median: UInt64 { Samples.median(latest) }
}
