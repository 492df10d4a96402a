import Obverse

/// `obverse generate`: one image for each seed, latent or projected w.
struct Generate: Command {
  static let table = CommandTable(
    name: "generate", purpose: "Draws one image for each seed, latent or projected w.",
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
            detail: "Drawn like seeds, as latent00.png and so on."),
          Option(
            "projected-w", "FILE", "w of a projector: .npz or .npy",
            detail: "w of [n, layers, w_dim] or [n, w_dim], drawn as proj00.png and so on."
              + " No truncation is applied to it."),
          Option(
            "params-from", "PNG", "seed and settings of an image made here", rare: true,
            detail: "The image must come from the same model; options given beside it override."),
        ]),
      OptionGroup(
        "how",
        [
          CommonOptions.model,
          Option(
            "trunc", "PSI", "1 leaves w untouched, 0 is the average face", preset: "1",
            detail: "w' = w_avg + PSI (w - w_avg); any finite number."),
          Option(
            "trunc-cutoff", "N", "truncate the first N style layers only", preset: "all",
            rare: true),
          Option(
            "noise-mode", "MODE", "const, random or none", preset: "const",
            detail: "const adds the planes stored with the model, random seeded normals."),
          Option(
            "noise-seed", "N", "seed of random noise", preset: "the image's seed", rare: true),
          Option("class", "N", "label for a conditional model", rare: true),
          CommonOptions.threads,
        ]),
      OptionGroup(
        "where to",
        [
          Option("outdir", "DIR", "folder, made if absent", preset: "out"),
          Option(
            "output", "PATH", "a file, a pattern face-%04d.png, or -", short: "o",
            detail: "- is standard output, which is refused on a terminal. Several images in one"
              + " file or on standard output need ppm, rgb, f32 or npy."),
          Option(
            "format", "F", "png, jpeg, ppm, rgb, f32 or npy", preset: "by suffix",
            detail: "rgb is raw bytes, f32 raw planes of -1 to 1, npy the same as [n,3,H,W]."
              + " Without a suffix: png."),
          Option("quality", "N", "of jpeg, 1 to 100", preset: "95", rare: true),
          Option(
            "grid", "WxH", "one contact sheet, grid.png",
            detail: "Cells left over stay black."),
          Option("save-w", nil, "also seedNNNN.npz, as NVlabs' scripts read it", rare: true),
          Option("no-metadata", nil, "leave out the text chunks", rare: true),
          Option("no-clobber", nil, "skip files that are there", rare: true),
          CommonOptions.json,
        ]),
      CommonOptions.talk,
    ],
    notes: [
      "Files are called seed0085.png. Equal model, seed and options give equal files on one"
        + " machine, whatever the thread count."
    ])

  let subjects: Subjects
  /// What the words say of the look; an image of `--params-from` may say the rest.
  let look: GivenLook
  let target: Target
  let grid: Grid?
  let model: String
  let threads: Int
  let savesW: Bool
  let isJSON: Bool
  let environment: Environment

  init(_ parsed: ParsedOptions, _ environment: Environment) throws(ObverseError) {
    grid = try parsed.text("grid").map { (text) throws(ObverseError) in try Grid(text) }
    subjects = try Subjects(parsed)
    look = try GivenLook(parsed)
    target = try Target(parsed, subjects: subjects, grid: grid)
    model = environment.modelName(parsed)
    threads = try environment.threads(parsed)
    savesW = parsed.has("save-w")
    isJSON = parsed.has("json")
    self.environment = environment
    if isJSON, target.isStandardOutput {
      throw .usage(
        "--json and -o - would share standard output", hint: "write the images to files")
    }
  }
}
