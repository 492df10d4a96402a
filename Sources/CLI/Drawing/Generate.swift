import Checkpoint
import ModelFile
import Obverse
import Options
import Page

/// `obverse generate`: one image for each seed, latent or projected w.
struct Generate: Command {
  static let name = "generate"
  static let table = CommandTable(
    name: name, purpose: "Draws one image for each seed, latent or projected w.",
    usage: "[-m FILE] --seeds LIST [OPTIONS]",
    examples: [
      "obverse generate -m faces256.obv --seeds 85,265,297,849 --trunc 0.7",
      "obverse generate --seeds 0-7 --trunc 0.7 --grid 4x2",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what to draw, one of these",
        [
          Option(
            "seeds", "LIST", "0,1,4-6 in this order; - reads one a line",
            detail: "Seeds run from 0 to 4294967295 and mean what they mean to NVlabs' scripts."
              + " With - each line of standard input is answered before the next is read."),
          Option("random", "N", "N fresh seeds; they become the file names"),
          Option(
            "latents", "FILE", "your own z: .npy of [n, z_dim]", rare: true,
            detail: "Drawn like seeds, as latent00.png and so on.", takes: .files(["npy"])),
          Option(
            "projected-w", "FILE", "w of a projector: .npz, .npy or .pt",
            detail: "w of [n, layers, w_dim] or [n, w_dim], drawn as proj00.png and so on."
              + " No truncation is applied to it.", takes: .files(["npz", "npy", "pt"])),
          Option(
            "params-from", "PNG", "seed and settings of an image made here", rare: true,
            detail: "The image must come from the same model; options given beside it override.",
            takes: .files(["png"])),
        ]),
      OptionGroup(
        "how",
        [
          CommonOptions.model,
          CommonOptions.trunc, CommonOptions.truncCutoff, CommonOptions.noiseMode,
          CommonOptions.noiseSeed,
          Option(
            "class", "N", "label for a conditional model, or all", rare: true,
            detail: "all draws each seed with every label into one sheet, grid.png: a row for each"
              + " seed, and as square as can be for one seed, where --grid says nothing else."),
          CommonOptions.threads, CommonOptions.precision,
        ]),
      OptionGroup(
        "where to",
        [
          CommonOptions.outdir,
          Option(
            "output", "PATH", "a file, a pattern face-%04d.png, or -", short: "o",
            detail: "- is standard output, which is refused on a terminal. Several images in one"
              + " file or on standard output need ppm, rgb, f32 or npy.", takes: .files([])),
          Option(
            "format", "F", "png, jpeg, ppm, rgb, f32 or npy", preset: "by suffix",
            detail: "rgb is raw bytes, f32 raw planes of -1 to 1, npy the same as [n,3,H,W]."
              + " Without a suffix: png.", takes: .choices(ImageFormat.self)),
          CommonOptions.quality,
          Option(
            "grid", "WxH", "one contact sheet, grid.png",
            detail: "Cells left over stay black."),
          Option("save-w", nil, "also seedNNNN.npz, as NVlabs' scripts read it", rare: true),
          CommonOptions.noMetadata, CommonOptions.noClobber, CommonOptions.json,
        ]),
    ],
    notes: [
      "Files are called seed0085.png. Equal model, seed and options give equal files on one"
        + " machine, whatever the thread count."
    ])

  let subjects: Subjects
  let output: ImageOutput
  let grid: Grid?
  let savesW: Bool
  let options: DrawingOptions

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    grid = try parsed.text("grid").map { (text) throws(ObverseError) in try Grid(text) }
    subjects = try Subjects(parsed)
    let hasAllClasses = parsed.text("class") == "all"
    let sheet = grid != nil ? "--grid" : hasAllClasses ? "--class all" : nil
    output = try ImageOutput(parsed, subjects: subjects, sheet: sheet)
    savesW = parsed.has("save-w")
    options = try DrawingOptions(parsed, environment, output.destination, allClasses: true)
    guard hasAllClasses else { return }
    guard subjects.mapsLatents else {
      throw .usage("--class all: a projected w has its class in it already", hint: nil)
    }
    guard !subjects.isStandardInput, !savesW else {
      throw .usage(
        "--class all draws one sheet, which goes with neither --seeds - nor --save-w", hint: nil)
    }
  }
}

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
        (0..<classes).map { Subject(origin: seed.origin, number: seed.number, label: $0) }
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
  /// When drawing began and ended.
  private let begin = Clock.now
  private var end: UInt64 = 0
  /// The subjects that were drawn into the sheet, for its metadata.
  private var drawn: [Subject] = []
  private var sheet: Sheet?
  private var hasWarned = false
  private var stream: ImageStream?

  init(
    _ request: Generate, _ session: Session, _ generator: Generator, _ encoding: Encoding,
    _ list: [Subject]?, _ grid: Grid?
  ) {
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
    let maker = FaceMaker(
      session.look, encoding, session.model,
      sheet != nil ? .pixels : stream != nil ? .piece : .file)
    if let list {
      try draw(list.filter { !keeps($0) }, maker)
    } else {
      try drawStandardInput(maker)
    }
    progress.end()
    if let sheet, let grid = grid, let path = sharedPath {
      let chunks = ImageRecord.chunks(session.model, drawn, session.look, grid)
      try writer.write(try encoding.file(sheet.pixels, chunks: chunks), to: path)
      writer.finish(times.count)
    } else if let stream {
      try stream.finish()
      writer.finish(times.count)
      try writer.listStream()
    }
    end = Clock.now
  }

  /// Whether the file of a subject is there and stays.
  private func keeps(_ subject: Subject) -> Bool {
    sheet == nil && stream == nil
      && writer.keeps(request.output.path(subject, channels: encoding.channels))
  }

  /// Draws subjects, a worker each where there are enough, and puts them where they belong in order.
  private func draw(_ subjects: [Subject], _ maker: FaceMaker) throws(ObverseError) {
    try generator.each(
      subjects.count, bytes: maker.bytes,
      make: { (range, generator, made) throws(ObverseError) in
        try maker.make(subjects[range], generator, made)
      },
      take: { (number, face) throws(ObverseError) in try self.take(subjects[number], face) })
  }

  private func drawStandardInput(_ maker: FaceMaker) throws(ObverseError) {
    var input = SeedInput(descriptor: 0)
    do throws(ObverseError) {
      while let seed = try input.next() {
        let subject = Subjects.subject(seed)
        if keeps(subject) { continue }
        if let grid = grid { try grid.check(count: times.count + 1) }
        try draw([subject], maker)
      }
    } catch {
      // What was drawn before a bad line stays.
      if case .usage = error { try stream?.finish() }
      throw error
    }
  }

  /// Puts a drawn face where it belongs.
  private func take(_ subject: Subject, _ face: MadeFace) throws(ObverseError) {
    if Interrupt.isRequested { throw .cancelled }
    // A seed may stand in a list twice.
    if keeps(subject) { return }
    let start = Clock.now
    if !hasWarned, face.isBlank { warnOfBlank() }
    let path = request.output.path(subject, channels: encoding.channels)
    if sheet != nil {
      sheet?.add(face.bytes)
      drawn.append(subject)
    } else if let stream {
      try stream.write(face.bytes)
    } else {
      try writer.write(face.bytes, to: path)
      writer.finish(1)
    }
    if request.savesW { try save(face.ws, subject) }
    let end = Clock.now
    let encode = face.encode + (end - start)
    times.add(generate: face.generate, encode: encode)
    try writer.record(members(subject, path, generate: face.generate, encode: encode))
    progress.finished(face.generate + encode, now: end)
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
        + " \(Format.duration(end - begin)) with \(Format.count(generator.threads, "thread")):"
        + " \(Format.duration(times.median)) each + \(Format.duration(times.medianEncode))"
        + " \(request.output.format.rawValue.uppercased())")
  }
}

/// How long images took whoever drew them, in nanoseconds.
private struct Times {
  private(set) var count = 0
  /// Of the latest images; standard input may ask for any number.
  private var generate: [UInt64] = []
  private var encode: [UInt64] = []

  private static let mostKept = 1024

  mutating func add(generate: UInt64, encode: UInt64) {
    // Instead of the oldest, once there are enough for a median.
    if self.generate.count < Self.mostKept {
      self.generate.append(generate)
      self.encode.append(encode)
    } else {
      self.generate[count % Self.mostKept] = generate
      self.encode[count % Self.mostKept] = encode
    }
    count += 1
  }

  var median: UInt64 { Samples.median(generate) }
  var medianEncode: UInt64 { Samples.median(encode) }
}
