import Obverse
import Page

/// `obverse mix`: a matrix of faces, each the row's with some styles of the column's.
struct Mix: Command {
  static let table = CommandTable(
    name: "mix", purpose: "Draws a style-mixing matrix, each pair's image and the whole sheet.",
    usage: "[-m FILE] --rows LIST --cols LIST [OPTIONS]",
    examples: [
      "obverse mix --rows 85,100,75 --cols 55,821,1789 --trunc 0.7",
      "obverse mix -m faces256.obv --rows 0-3 --cols 4-7 --styles 0-3 -o sheet.png",
    ],
    operands: 0...0,
    groups: [
      OptionGroup(
        "what to draw",
        [
          Option("rows", "LIST", "seeds of the rows, such as 0,1,4-6"),
          Option("cols", "LIST", "seeds of the columns"),
          Option(
            "styles", "RANGE", "style layers taken from the column", preset: "0-6",
            detail: "A range or a list; layer 0 is the coarsest. Each image has the row's w in all"
              + " other layers."),
        ]),
      OptionGroup(
        "how",
        [
          CommonOptions.model, CommonOptions.trunc, CommonOptions.truncCutoff,
          CommonOptions.noiseMode,
          Option(
            "noise-seed", "N", "seed of random noise", preset: "the row's seed", rare: true),
          CommonOptions.label, CommonOptions.threads,
        ]),
      OptionGroup(
        "where to",
        [
          CommonOptions.outdir,
          Option(
            "output", "PATH", "the sheet alone, as a file or -", short: "o",
            detail: "- is standard output, which is refused on a terminal.", takes: .files([])),
          Option(
            "format", "F", "png, jpeg, ppm or rgb", preset: "by suffix",
            takes: .words(["png", "jpeg", "ppm", "rgb"])),
          CommonOptions.quality, CommonOptions.noMetadata, CommonOptions.noClobber,
          CommonOptions.json,
        ]),
      CommonOptions.talk,
    ],
    notes: [
      "Files are called ROW-COL.png, with SEED-SEED.png for each seed as it is, and grid.png, whose"
        + " first row and column show the seeds as they are: names and order of NVlabs'"
        + " style_mixing.py. A pair of equal seeds is that seed's own face."
    ])

  private let rows: [UInt32]
  private let columns: [UInt32]
  private let styles: StyleLayers
  private let look: GivenLook
  private let target: Target
  private let grid: Grid
  private let model: String?
  private let threads: Int
  private let isJSON: Bool
  private let environment: Environment

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    func seeds(_ name: String) throws(ObverseError) -> [UInt32] {
      guard let list = parsed.text(name) else {
        throw .usage("'obverse mix' needs --\(name)", hint: Self.table.examples[0])
      }
      return try SeedList.parse(list)
    }
    rows = try seeds("rows")
    columns = try seeds("cols")
    guard max(rows.count, columns.count) < Grid.limit else {
      throw .usage("a sheet has at most \(Grid.limit - 1) rows and columns of seeds", hint: nil)
    }
    styles = try StyleLayers(parsed.text("styles") ?? "0-6")
    look = try GivenLook(parsed)
    grid = Grid(columns: columns.count + 1, rows: rows.count + 1)
    target = try Target(parsed, subjects: .seeds(rows), sheet: "mix")
    model = parsed.text("model")
    threads = try environment.threads(parsed)
    isJSON = parsed.has("json")
    self.environment = environment
    if isJSON, target.isStandardOutput {
      throw .usage("--json and -o - would share standard output", hint: "write to a file")
    }
  }

  /// Row and column of an image: one seed twice is that seed's own face.
  private struct Pair: Hashable {
    let row: UInt32
    let column: UInt32

    var stem: String { "\(row)-\(column)" }
  }

  func run(_ console: Console) throws(ObverseError) {
    try target.refuseTerminal(console)
    let path = try environment.modelPath(self.model)
    let model = try Model(path: path)
    let look = Look(self.look, record: nil)
    try look.check(model, mapsLatents: true)
    try styles.check(model.wsCount)
    let encoding = try Encoding(target, model)
    var sheet = try Sheet(grid, side: encoding.side, channels: encoding.channels)
    let sheetPath = target.sheetPath(channels: encoding.channels)
    if target.keepsFiles, target.isOneFile, Path.exists(sheetPath) {
      return console.note("\(sheetPath) kept as it was")
    }
    Interrupt.listen()
    let generator = try Generator(model, threads: threads)
    Interrupt.stops(generator)

    // Cells of the sheet in reading order; the corner stays empty.
    var cells: [Pair?] = [nil] + columns.map { Pair(row: $0, column: $0) }
    for row in rows {
      cells.append(Pair(row: row, column: row))
      cells += columns.map { Pair(row: row, column: $0) }
    }
    var ws: [UInt32: [Float]] = [:]
    for seed in rows + columns where ws[seed] == nil {
      if Interrupt.isRequested { throw .cancelled }
      ws[seed] = try look.ws(seed, generator)
    }
    let start = Clock.now
    let progress = Progress(console, total: cells.count - 1, noun: "faces", now: start)
    var finished = Output(console: console, mix: self, model: model, look: look, encoding: encoding)
    var pixels: [UInt8] = []
    // A pair that stands twice is drawn twice rather than kept, and written once.
    var written: Set<Pair> = []
    do throws(ObverseError) {
      if !target.isOneFile { try Path.makeFolder(target.folder) }
      for cell in cells {
        guard let cell else {
          sheet.skip()
          continue
        }
        if Interrupt.isRequested { throw .cancelled }
        let begin = Clock.now
        let mixed = try generator.mix(
          ws[cell.row] ?? [], ws[cell.column] ?? [], layers: styles.layers)
        try generator.synthesize(
          ws: mixed, noise: look.noiseMode(Subjects.subject(cell.row)), into: &pixels)
        sheet.add(pixels)
        if !target.isOneFile, written.insert(cell).inserted { try finished.add(cell, pixels) }
        progress.finished(Clock.now - begin, now: Clock.now)
      }
      progress.end()
      try finished.add(sheet, to: sheetPath)
    } catch {
      progress.end()
      if case .cancelled = error { console.note("\(finished.count) images were finished") }
      throw error
    }
    if isJSON { try console.line(finished.json(path, threads: generator.threads)) }
    console.note(
      "\(Format.count(cells.count - 1, "face")), \(encoding.side)x\(encoding.side),"
        + " \(Format.duration(Clock.now - start)), \(Format.count(generator.threads, "thread"))")
  }

  /// The files of a run.
  private struct Output {
    let console: Console
    let mix: Mix
    let model: Model
    let look: Look
    let encoding: Encoding
    private var images: [JSON] = []
    private var sheetPath: String?

    init(console: Console, mix: Mix, model: Model, look: Look, encoding: Encoding) {
      self.console = console
      self.mix = mix
      self.model = model
      self.look = look
      self.encoding = encoding
    }

    var count: Int { images.count }

    /// Writes the image of a pair.
    mutating func add(_ pair: Pair, _ pixels: [UInt8]) throws(ObverseError) {
      let path = Path.join(
        mix.target.folder, "\(pair.stem).\(encoding.format.suffix(channels: encoding.channels))")
      let members = self.members(pair)
      let chunks = ImageRecord.chunks(model, members)
      try put(try encoding.file(.bytes(pixels), chunks: chunks), path)
      images.append(.object([("path", .text(path))] + members))
    }

    /// Writes the whole matrix.
    mutating func add(_ sheet: Sheet, to path: String) throws(ObverseError) {
      func list(_ seeds: [UInt32]) -> JSON { .list(seeds.map { .integer(Int($0)) }) }
      let chunks = ImageRecord.chunks(
        model,
        [
          ("rows", list(mix.rows)), ("cols", list(mix.columns)),
          ("styles", .text(mix.styles.text)),
        ] + look.members(nil))
      try put(try encoding.file(sheet.pixels, chunks: chunks), path)
      sheetPath = path
    }

    private func members(_ pair: Pair) -> [(String, JSON)] {
      var members: [(String, JSON)] = [
        ("row", .integer(Int(pair.row))), ("col", .integer(Int(pair.column))),
      ]
      if pair.row != pair.column { members.append(("styles", .text(mix.styles.text))) }
      return members + look.members(Subjects.subject(pair.row))
    }

    private func put(_ file: [UInt8], _ path: String) throws(ObverseError) {
      guard path != "-" else { return try console.data(file) }
      if mix.target.keepsFiles, Path.exists(path) {
        return console.note("\(path) kept as it was")
      }
      if mix.target.isOneFile { try Path.makeFolder(Path.folder(path)) }
      try OutputFile.write(file, to: path)
      if !mix.isJSON { try console.path(path) }
    }

    /// The summary as one line.
    func json(_ path: String, threads: Int) -> String {
      JSON.object([
        ("schema", .text("obverse.mix/1")),
        (
          "model",
          .object([
            ("path", .text(path)), ("sha256", .text(model.weightsSHA256)),
            ("width", .integer(model.resolution)), ("height", .integer(model.resolution)),
          ])
        ), ("threads", .integer(threads)), ("grid", sheetPath.map { .text($0) } ?? .null),
        ("images", .list(images)),
      ]).line
    }
  }
}
