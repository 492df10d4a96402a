import Obverse
import Options

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
