import Obverse
import Options
import Page

/// `obverse mix`: a matrix of faces, each the row's with some styles of the column's.
struct Mix: Command {
  static let name = "mix"
  static let table = CommandTable(
    name: name, purpose: "Draws a style-mixing matrix: an image a pair, and the whole sheet.",
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
          CommonOptions.label, CommonOptions.threads, CommonOptions.precision,
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
    ],
    notes: [
      "Files are called ROW-COL.png, with SEED-SEED.png for each seed as it is, and grid.png, whose"
        + " first row and column show the seeds as they are: names and order of NVlabs'"
        + " style_mixing.py. A pair of equal seeds is that seed's own face."
    ])

  private let rows: [UInt32]
  private let columns: [UInt32]
  private let styles: StyleLayers
  private let output: ImageOutput
  private let grid: Grid
  private let options: DrawingOptions

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
    grid = Grid(columns: columns.count + 1, rows: rows.count + 1)
    output = try ImageOutput(parsed, subjects: .seeds(rows), sheet: "mix")
    options = try DrawingOptions(parsed, environment, output.destination)
  }

  func run(_ console: Console) throws(ObverseError) {
    try output.refuseTerminal(console)
    let session = try Session(options, console)
    try styles.check(session.model.wsCount)
    let encoding = try Encoding(output, session.model)
    let sheet = try Sheet(grid, side: encoding.side, channels: encoding.channels)
    let run = MixRun(self, session, try session.generator(), encoding, sheet)
    try run.writer.run(run.progress, of: nil, "images") { () throws(ObverseError) in
      try run.draw()
    }
    try run.conclude()
  }

  /// Row and column of an image: one seed twice is that seed's own face.
  private struct Pair: Hashable {
    let row: UInt32
    let column: UInt32

    var stem: String { "\(row)-\(column)" }
  }

  /// Cells of the sheet in reading order; the corner stays empty.
  private var cells: [Pair?] {
    [nil] + columns.map { Pair(row: $0, column: $0) }
      + rows.flatMap { row in
        [Pair(row: row, column: row)] + columns.map { Pair(row: row, column: $0) }
      }
  }

  /// Draws and encodes pairs, on whatever thread it is called.
  private struct PairMaker: Sendable {
    /// By seed.
    let ws: [UInt32: [Float]]
    let mix: Mix
    let look: Look
    let model: Model
    let encoding: Encoding

    /// The pixels of a pair, its file unless the sheet alone is asked for, and the nanoseconds taken.
    func make(
      _ pair: Pair, _ generator: Generator
    ) throws(ObverseError) -> (pixels: [UInt8], file: [UInt8], time: UInt64) {
      if Interrupt.isRequested { throw .cancelled }
      let begin = Clock.now
      var image = try DrawnImage(model, isFloat: false)
      let mixed = try generator.mix(
        ws[pair.row] ?? [], ws[pair.column] ?? [], layers: mix.styles.layers)
      try image.draw(mixed, look.noiseMode(Subjects.subject(pair.row)), generator)
      let file =
        mix.output.destination.isOneFile
        ? [] : try encoding.file(image, chunks: ImageRecord.chunks(model, members(pair)))
      return (image.bytes, file, Clock.now - begin)
    }

    /// What metadata and JSON say of a pair.
    func members(_ pair: Pair) -> [(String, JSON)] {
      var members: [(String, JSON)] = [
        ("row", .integer(Int(pair.row))), ("col", .integer(Int(pair.column))),
      ]
      if pair.row != pair.column { members.append(("styles", .text(mix.styles.text))) }
      return members + look.members(Subjects.subject(pair.row))
    }
  }

  /// One run of `mix`.
  private final class MixRun {
    private let mix: Mix
    private let session: Session
    private let generator: Generator
    private let encoding: Encoding
    private var sheet: Sheet
    private let cells: [Pair?]
    private let sheetPath: String
    private var isSheetWritten = false
    private let start = Clock.now
    let writer: PictureWriter
    let progress: Progress

    init(
      _ mix: Mix, _ session: Session, _ generator: Generator, _ encoding: Encoding, _ sheet: Sheet
    ) {
      self.mix = mix
      self.session = session
      self.generator = generator
      self.encoding = encoding
      self.sheet = sheet
      cells = mix.cells
      sheetPath = mix.output.sheetPath(channels: encoding.channels)
      writer = PictureWriter(
        mix.output.destination, keepsFiles: mix.output.keepsFiles, isJSON: mix.options.isJSON,
        session.console)
      progress = Progress(session.console, total: cells.count - 1, noun: "faces", now: start)
    }

    func draw() throws(ObverseError) {
      // The sheet alone needs nothing drawn where it is there and stays.
      if mix.output.destination.isOneFile, writer.keeps(sheetPath) { return }
      var ws: [UInt32: [Float]] = [:]
      let each = session.model.wsCount * session.model.wDim * MemoryLayout<Float>.size + 256
      try Memory.expectRoom(for: (mix.rows.count + mix.columns.count) * each)
      for seed in mix.rows + mix.columns where ws[seed] == nil {
        if Interrupt.isRequested { throw .cancelled }
        ws[seed] = try session.look.ws(Subjects.subject(seed), generator)
      }
      sheet.skip()
      let pairs = cells.compactMap { $0 }
      let maker = PairMaker(
        ws: ws, mix: mix, look: session.look, model: session.model, encoding: encoding)
      // A pair that stands twice is drawn twice rather than kept, and written once.
      var written: Set<Pair> = []
      try generator.each(
        pairs.count, bytes: 2 * encoding.side * encoding.side * encoding.channels,
        make: { (range, generator, made) throws(ObverseError) in
          for number in range { try made(number, maker.make(pairs[number], generator)) }
        },
        take: { (number, drawn) throws(ObverseError) in
          if Interrupt.isRequested { throw .cancelled }
          self.sheet.add(drawn.pixels)
          let pair = pairs[number]
          if !self.mix.output.destination.isOneFile, written.insert(pair).inserted {
            try self.write(pair, drawn.file, maker.members(pair))
          }
          self.progress.finished(drawn.time, now: Clock.now)
        })
      progress.end()
      try writeSheet()
    }

    /// Writes the image of a pair.
    private func write(
      _ pair: Pair, _ file: [UInt8], _ members: [(String, JSON)]
    ) throws(ObverseError) {
      let path = Path.join(
        mix.output.folder, "\(pair.stem).\(encoding.format.suffix(channels: encoding.channels))")
      try writer.record([("path", .text(path))] + members)
      if writer.keeps(path) { return }
      try writer.write(file, to: path)
      writer.finish(1)
    }

    /// Writes the whole matrix.
    private func writeSheet() throws(ObverseError) {
      isSheetWritten = true
      if writer.keeps(sheetPath) { return }
      func list(_ seeds: [UInt32]) -> JSON { .list(seeds.map { .integer(Int($0)) }) }
      let chunks = ImageRecord.chunks(
        session.model,
        [
          ("rows", list(mix.rows)), ("cols", list(mix.columns)),
          ("styles", .text(mix.styles.text)),
        ] + session.look.members(nil))
      try writer.write(try encoding.file(sheet.pixels, chunks: chunks), to: sheetPath)
    }

    /// Sums up.
    func conclude() throws(ObverseError) {
      let drawn = isSheetWritten ? cells.count - 1 : 0
      try writer.conclude(
        session.summary(
          "obverse.mix/1", generator,
          [("grid", .text(sheetPath)), ("images", .list(writer.records))]),
        "\(Format.count(drawn, "face")), \(encoding.side)x\(encoding.side),"
          + " \(Format.duration(Clock.now - start)), \(Format.count(generator.threads, "thread"))")
    }
  }
}
