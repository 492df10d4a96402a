import Checkpoint
import Obverse
import Page

extension Generate {
  func run(_ console: Console) throws(ObverseError) {
    try target.refuseTerminal(console)
    let path = try environment.modelPath(self.model)
    let model = try Model(path: path)
    let record = try look.image.map { (image) throws(ObverseError) in
      try ImageRecord(path: image)
    }
    if let record, let image = look.image, record.model != model.weightsSHA256 {
      throw .request(
        "'\(image)' was drawn by another model (sha256 \(record.model.prefix(12))…) than"
          + " '\(path)' (\(model.weightsSHA256.prefix(12))…)", hint: nil)
    }
    let look = Look(self.look, record: record)
    let mapsLatents = if case .projected = subjects { false } else { true }
    try look.check(model, mapsLatents: mapsLatents)
    let list = try subjects.list(for: model, imageSeed: record?.seed)
    if let list {
      if grid == nil { try target.check(count: list.count) }
      try grid?.check(count: list.count)
    }
    if look.noise == .const, !model.hasStoredNoise {
      console.warn("the model has no stored noise: drawn without")
    }
    let encoding = try Encoding(target, model)
    Interrupt.listen()
    let generator = try Generator(model, threads: threads)
    Interrupt.stops(generator)
    console.detail(
      "model \(model.weightsSHA256.prefix(12))…, \(generator.threads) threads,"
        + " \(model.instructionSet.rawValue)")
    let run = GenerateRun(
      self, look, model, path, generator, encoding, console, count: list?.count ?? subjects.count)
    do throws(ObverseError) {
      try run.draw(list)
    } catch {
      run.progress.end()
      if case .cancelled = error {
        let total = list.map { " of \($0.count)" } ?? ""
        console.note("\(run.finished)\(total) images were finished")
      }
      throw error
    }
  }
}

/// One run of `generate`: what stays the same for all its images, and what has been done.
private final class GenerateRun {
  private let request: Generate
  private let look: Look
  private let model: Model
  private let modelPath: String
  private let generator: Generator
  private let encoding: Encoding
  private let console: Console
  let progress: Progress
  /// Images that lie under their name.
  private(set) var finished = 0
  private var skipped: [String] = []
  /// Whether the one file of all images is there and stays.
  private var isKept = false
  /// Of the latest images; standard input may ask for any number.
  private var generateTimes: [UInt64] = []
  private var generateNanoseconds: UInt64 = 0
  private var drawnCount = 0
  private var encodeNanoseconds: UInt64 = 0
  private var images: [JSON] = []
  /// The subjects of a sheet, for its metadata.
  private var drawn: [Subject] = []
  private var sheet: Sheet?
  private var stream: ImageStream?
  private var bytes: [UInt8]
  private var planes: [Float]

  init(
    _ request: Generate, _ look: Look, _ model: Model, _ modelPath: String,
    _ generator: Generator, _ encoding: Encoding, _ console: Console, count: Int?
  ) {
    self.request = request
    self.look = look
    self.model = model
    self.modelPath = modelPath
    self.generator = generator
    self.encoding = encoding
    self.console = console
    progress = Progress(console, total: count, noun: "faces", now: Clock.now)
    let samples = model.resolution * model.resolution * model.imageChannels
    bytes = Array(repeating: 0, count: request.target.format.isFloat ? 0 : samples)
    planes = Array(repeating: 0, count: request.target.format.isFloat ? samples : 0)
  }

  /// Times that the median is taken of.
  private static let latest = 1024

  /// Draws the subjects of `list`, or those of standard input.
  func draw(_ list: [Subject]?) throws(ObverseError) {
    try prepare(count: list?.count)
    if isKept {
      // The one file of all images is there already.
    } else if let list {
      for subject in list { try draw(subject) }
    } else {
      var input = SeedInput(descriptor: 0)
      do throws(ObverseError) {
        while let seed = try input.next() { try draw(Subjects.subject(seed)) }
      } catch {
        // What was drawn before a bad line stays.
        if case .usage = error { try stream?.finish() }
        throw error
      }
    }
    progress.end()
    try finish()
  }

  private func prepare(count: Int?) throws(ObverseError) {
    let target = request.target
    if let grid = request.grid {
      isKept = skips(target.sheetPath(channels: encoding.channels))
      sheet = try Sheet(grid, side: encoding.side, channels: encoding.channels)
    } else if target.isOneFile, target.format.holdsMany {
      let path: String? = if case .file(let path) = target.place { path } else { nil }
      isKept = path.map { skips($0) } ?? false
      guard !isKept else { return }
      stream = try ImageStream(path, console)
      let header = encoding.header(count: count ?? 0)
      if !header.isEmpty { try stream?.write(header) }
    }
    switch target.place {
    case .folder: try Path.makeFolder(target.folder)
    case .file, .standardOutput: if request.savesW { try Path.makeFolder(target.folder) }
    case .pattern: break
    }
  }

  /// Whether `--no-clobber` keeps this file; says so.
  private func skips(_ path: String) -> Bool {
    guard path != "-", request.target.keepsFiles, Path.exists(path) else { return false }
    skipped.append(path)
    return true
  }

  private func draw(_ subject: Subject) throws(ObverseError) {
    if Interrupt.isRequested { throw .cancelled }
    let target = request.target
    let path = target.path(subject, channels: encoding.channels)
    if sheet == nil, stream == nil, skips(path) { return }
    if let grid = request.grid { try grid.check(count: drawnCount + 1) }
    let start = Clock.now
    let ws = try ws(subject)
    let noise = look.noiseMode(subject)
    let drawing: Drawing
    if target.format.isFloat {
      try generator.synthesize(ws: ws, noise: noise, into: &planes)
      drawing = .planes(planes)
    } else {
      try generator.synthesize(ws: ws, noise: noise, into: &bytes)
      drawing = .bytes(bytes)
    }
    let ready = Clock.now
    try write(drawing, subject, path)
    if request.savesW { try save(ws, subject) }
    let end = Clock.now
    drawnCount += 1
    if sheet != nil { drawn.append(subject) }
    generateNanoseconds += ready - start
    // The place of the oldest, once there are enough for a median.
    if generateTimes.count < Self.latest {
      generateTimes.append(ready - start)
    } else {
      generateTimes[drawnCount % Self.latest] = ready - start
    }
    encodeNanoseconds += end - ready
    if sheet == nil, stream == nil { finished += 1 }
    record(subject, path, generate: ready - start, encode: end - ready)
    progress.finished(end - start, now: end)
  }

  private func ws(_ subject: Subject) throws(ObverseError) -> [Float] {
    let z: [Float]
    switch subject.source {
    case .projected(let ws): return ws
    case .seed(let seed): z = generator.latent(seed: seed)
    case .latent(let latent): z = latent
    }
    let w = try generator.map(z: z, label: look.label)
    return try generator.ws(from: w, psi: look.psi, cutoff: look.cutoff)
  }

  private func write(
    _ drawing: Drawing, _ subject: Subject, _ path: String
  ) throws(ObverseError) {
    if sheet != nil, case .bytes(let bytes) = drawing {
      sheet?.add(bytes)
    } else if let stream {
      try stream.write(try encoding.piece(drawing))
    } else {
      let chunks = ImageRecord.chunks(model, subject, look)
      try put(try encoding.file(drawing, chunks: chunks), path)
    }
  }

  /// Writes one whole file, or standard output, and says so.
  private func put(_ file: [UInt8], _ path: String) throws(ObverseError) {
    guard path != "-" else { return try console.data(file) }
    if case .folder = request.target.place {} else { try Path.makeFolder(Path.folder(path)) }
    try OutputFile.write(file, to: path)
    try say(path)
  }

  /// Lists a path that was written.
  private func say(_ path: String) throws(ObverseError) {
    if !request.isJSON, !request.target.isStandardOutput { try console.path(path) }
  }

  private func save(_ ws: [Float], _ subject: Subject) throws(ObverseError) {
    let path = request.target.wPath(subject)
    if skips(path) { return }
    let file = NumPy.npz([(name: "w", shape: [1, model.wsCount, model.wDim], floats: ws)])
    try OutputFile.write(file, to: path)
    try say(path)
  }

  private func record(_ subject: Subject, _ path: String, generate: UInt64, encode: UInt64) {
    guard request.isJSON else { return }
    var members: [(String, JSON)] = [(subject.key, .integer(subject.number))]
    if sheet == nil { members.append(("path", .text(path))) }
    members += look.members(subject)
    if request.savesW { members.append(("w_path", .text(request.target.wPath(subject)))) }
    members.append(("generate_ns", .nanoseconds(generate)))
    members.append(("encode_ns", .nanoseconds(encode)))
    images.append(.object(members))
  }

  /// Writes what all images share, and sums up.
  private func finish() throws(ObverseError) {
    let start = Clock.now
    if isKept {
      // Nothing was drawn.
    } else if let sheet, let grid = request.grid {
      let chunks = ImageRecord.chunks(model, drawn, look, grid)
      try put(
        try encoding.file(sheet.pixels, chunks: chunks),
        request.target.sheetPath(channels: encoding.channels))
      finished = drawnCount
    } else if let stream {
      try stream.finish()
      finished = drawnCount
      if case .file(let path) = request.target.place { try say(path) }
    }
    encodeNanoseconds += Clock.now - start
    if request.isJSON { try console.line(summary.line) }
    if !skipped.isEmpty {
      let was = skipped.count == 1 ? "it was" : "they were"
      console.note("\(Format.count(skipped.count, "file")) kept as \(was)")
    }
    console.note(
      "\(Format.count(drawnCount, "face")), \(encoding.side)x\(encoding.side),"
        + " \(Format.duration(generateNanoseconds)) (\(Format.duration(Samples.median(generateTimes))) each,"
        + " \(Format.count(generator.threads, "thread")))"
        + " + \(Format.duration(encodeNanoseconds)) \(request.target.format.rawValue.uppercased())")
  }

  private var summary: JSON {
    var members: [(String, JSON)] = [
      ("schema", .text("obverse.generate/1")),
      (
        "model",
        .object([
          ("path", .text(modelPath)), ("sha256", .text(model.weightsSHA256)),
          ("width", .integer(model.resolution)), ("height", .integer(model.resolution)),
        ])
      ),
      ("threads", .integer(generator.threads)),
    ]
    if let grid = request.grid {
      members.append(("grid", .text("\(grid.columns)x\(grid.rows)")))
      members.append(("path", .text(request.target.sheetPath(channels: encoding.channels))))
    }
    members.append(("images", .list(images)))
    if !skipped.isEmpty { members.append(("skipped", .list(skipped.map { .text($0) }))) }
    return .object(members)
  }
}
