import CLI
import Options
import Testing

struct HelpTests {
  @Test(arguments: Program.table.commands.map(\.name))
  func fitsTwentyFiveLinesOfEightyColumns(command: String) {
    let help = Outcome(command, "--help").output.split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(help.count - 1 <= 25)
    #expect(help.allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: Program.table.commands.map(\.name))
  func fitsEightyColumnsInFull(command: String) {
    let help = Outcome(command, "--help-all").output.split(separator: "\n")
    #expect(help.allSatisfy { $0.count <= 80 })
    #expect(Outcome("--help-all").output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test(arguments: Program.table.commands.map(\.name))
  func namesEachOptionInHelpAndManPage(command: String) throws {
    let table = try #require(Program.table.commands.first { $0.name == command })
    let full = Outcome(command, "--help-all").output
    let pages = [Outcome("help", "--man").output, Outcome("help", command, "--man").output]
    for option in table.options {
      #expect(full.contains("--\(option.name)"))
      let escaped = option.name.map { $0 == "-" ? "\\-" : String($0) }.joined()
      for page in pages { #expect(page.contains("\\-\\-\(escaped)")) }
    }
  }

  @Test func sameHelpFromBothWays() {
    #expect(Outcome("help", "generate").output == Outcome("generate", "-h").output)
    #expect(Outcome("help").output == Outcome("--help").output)
  }

  @Test func givesTwoExamplesThatParse() throws {
    for table in Program.table.commands {
      #expect(table.examples.count == 2)
      for example in table.examples {
        let words = example.split { "|>".contains($0) }[0].split(separator: " ").map(String.init)
        #expect(words[0] == "obverse")
        #expect(words[1] == table.name)
        let parsed = try ParsedOptions(Array(words.dropFirst(2)), for: table)
        try parsed.checkOperands()
      }
    }
  }

  @Test func readsAsWritten() {
    #expect(Outcome("generate", "--help").output == Self.generate)
    #expect(Outcome("convert", "--help").output == Self.convert)
    #expect(Outcome("inspect", "--help").output == Self.inspect)
    #expect(Outcome("bench", "--help").output == Self.bench)
    #expect(Outcome("mix", "--help").output == Self.mix)
    #expect(Outcome("walk", "--help").output == Self.walk)
    #expect(Outcome("compare", "--help").output == Self.compare)
    #expect(Outcome("info", "--help").output == Self.info)
    #expect(Outcome("completion", "--help").output == Self.completion)
    #expect(Outcome("help", "--help").output == Self.help)
    #expect(Outcome("--help").output == Self.overview)
  }

  private static let generate = """
    Draws one image for each seed, latent or projected w.

    USAGE  obverse generate [-m FILE] --seeds LIST [OPTIONS]

    EXAMPLES
      obverse generate -m faces256.obv --seeds 85,265,297,849 --trunc 0.7
      obverse generate --seeds 0-7 --trunc 0.7 --grid 4x2

    OPTIONS (what to draw, one of these)
          --seeds LIST        0,1,4-6 in this order; - reads one a line
          --random N          N fresh seeds; they become the file names
          --projected-w FILE  w of a projector: .npz, .npy or .pt
    OPTIONS (how)
      -m, --model FILE        model file, or the bare name of one [faces]
          --trunc PSI         1 leaves w untouched, 0 is the average face [1]
          --noise-mode MODE   const, random or none [const]
      -t, --threads N         worker threads; 0 takes the physical cores [0]
    OPTIONS (where to)
          --outdir DIR        folder, made if absent [out]
      -o, --output PATH       a file, a pattern face-%04d.png, or -
          --format F          png, jpeg, ppm, rgb, f32 or npy [by suffix]
          --grid WxH          one contact sheet, grid.png

    All options: --help-all. See 'obverse help --man'.

    """

  private static let convert = """
    Turns a checkpoint into a model file; runs no code of it.

    USAGE  obverse convert FILE [-o FILE.obv] [OPTIONS]

    EXAMPLES
      obverse convert network-snapshot-025000.pkl -o faces256.obv --type f16
      obverse convert 550000.pt --dry-run --list

    OPTIONS (what to take)
          --key NAME          the generator to take, such as g [the average]
          --w-avg FILE        the mean w, .npy of [w_dim]
          --w-avg-samples N   seeds for a mean w that the file lacks [4096]
          --conv-clamp N      for state dicts, which cannot say theirs [none]
    OPTIONS (what to write)
      -o, --output FILE       the model file [the input's stem + .obv]
          --type TYPE         type of the weights, f32, f16 or i8 [f32]
          --license TEXT      licence to be stored
          --note TEXT         a note to be stored
          --dry-run           report only, write nothing
          --list              every tensor: source, shape, type, target

    All options: --help-all. See 'obverse help --man'.

    """

  private static let inspect = """
    Shows what a model or checkpoint holds; runs no code of it.

    USAGE  obverse inspect FILE [OPTIONS]

    EXAMPLES
      obverse inspect faces --layers
      obverse inspect network.pkl --tensors --sha256

    OPTIONS (what to show)
          --layers            channels, sizes, work and parameters of each layer
          --tensors           name, type and shape of each tensor
          --sha256            hashes of file and weights, computed anew
          --pickle            opcodes and names of a pickle; nothing is run
          --count RULE        size at which up-convs count: in, out or fit [in]
          --json              one JSON object on standard output

    All options: --help-all. See 'obverse help --man'.

    """

  private static let bench = """
    Measures loading and drawing, as wholes or step by step.

    USAGE  obverse bench [-m FILE] [-t 1,2,4] [OPTIONS]

    EXAMPLES
      obverse bench -m faces256.obv -t 1,2,4 --format json -o here.json
      obverse bench -t 1 --layers --html report.html

    OPTIONS (what to measure)
      -m, --model FILE        model file or bare name; again for more [faces]
      -t, --threads LIST      thread counts, such as 1,2,4; 0 is automatic [0]
      -r, --repeat N          faces timed for each [20]
          --warmup N          faces drawn before, untimed [3]
          --batch N           N faces at once, a thread for each [1]
          --encode KIND       png times encoding too, in its own column [none]
          --layers            a row for each step of a face, against the roof
          --machine           measure peak arithmetic and memory bandwidth
    OPTIONS (what to print)
          --format F          md, csv, json or jsonl [md]
      -o, --output FILE       write there [standard output]
          --html FILE         also one page: roofline, steps, histogram, faces
          --baseline FILE     earlier --format json: adds ratios, now / then

    All options: --help-all. See 'obverse help --man'.

    """

  private static let info = """
    Shows what would be used here, and why: kernels, threads, model.

    USAGE  obverse info [--json]

    EXAMPLES
      obverse info
      obverse info --json

    OPTIONS (how)
          --json              one JSON object on standard output

    All options: --help-all. See 'obverse help --man'.

    """

  private static let completion = """
    Prints what lets bash, zsh or fish complete command lines.

    USAGE  obverse completion bash|zsh|fish

    EXAMPLES
      obverse completion bash > ~/.local/share/bash-completion/completions/obverse
      obverse completion fish > ~/.config/fish/completions/obverse.fish

    All options: --help-all. See 'obverse help --man'.

    """

  private static let help = """
    Explains the program, or one command.

    USAGE  obverse help [COMMAND] [--man]

    EXAMPLES
      obverse help generate
      obverse help --man | man -l -

    OPTIONS (what to print)
          --man               write the man page, in roff

    All options: --help-all. See 'obverse help --man'.

    """

  private static let mix = """
    Draws a style-mixing matrix: an image a pair, and the whole sheet.

    USAGE  obverse mix [-m FILE] --rows LIST --cols LIST [OPTIONS]

    EXAMPLES
      obverse mix --rows 85,100,75 --cols 55,821,1789 --trunc 0.7
      obverse mix -m faces256.obv --rows 0-3 --cols 4-7 --styles 0-3 -o sheet.png

    OPTIONS (what to draw)
          --rows LIST         seeds of the rows, such as 0,1,4-6
          --cols LIST         seeds of the columns
          --styles RANGE      style layers taken from the column [0-6]
    OPTIONS (how)
      -m, --model FILE        model file, or the bare name of one [faces]
          --trunc PSI         1 leaves w untouched, 0 is the average face [1]
          --noise-mode MODE   const, random or none [const]
      -t, --threads N         worker threads; 0 takes the physical cores [0]
    OPTIONS (where to)
          --outdir DIR        folder, made if absent [out]
      -o, --output PATH       the sheet alone, as a file or -
          --format F          png, jpeg, ppm or rgb [by suffix]

    All options: --help-all. See 'obverse help --man'.

    """

  private static let walk = """
    Draws a smooth walk through seeds, as frames or as a stream.

    USAGE  obverse walk [-m FILE] --seeds LIST [OPTIONS]

    EXAMPLES
      obverse walk --seeds 0-7 --trunc 0.7 -o - --format y4m | ffmpeg -i - lerp.mp4
      obverse walk --seeds 0-15 --grid 4x2 --w-frames 60 -o frame%04d.png

    OPTIONS (what to draw)
          --seeds LIST        key frames: 0,1,4-6 in this order
          --w-frames N        frames from one key frame to the next [120]
          --grid WxH          that many walks side by side [1x1]
          --interp KIND       cubic or linear [cubic]
          --no-loop           end at the last key frame
    OPTIONS (how)
      -m, --model FILE        model file, or the bare name of one [faces]
          --trunc PSI         1 leaves w untouched, 0 is the average face [1]
      -t, --threads N         worker threads; 0 takes the physical cores [0]
    OPTIONS (where to)
      -o, --output PATH       a pattern frame%04d.png, a file, or -
          --format F          png, y4m or rgb [by suffix]
          --fps N             frames a second, for y4m and --realtime [60]
          --realtime          write each frame when it is due, drop late ones

    All options: --help-all. See 'obverse help --man'.

    """

  private static let compare = """
    Draws the same seeds with two models and compares the pixels.

    USAGE  obverse compare A B [--seeds LIST] [OPTIONS]

    EXAMPLES
      obverse compare face.obv face-i8.obv --psnr 38
      obverse compare a.obv b.obv --seeds 0-3 --max-diff 1 --format json

    OPTIONS (what to draw)
          --seeds LIST        0,1,4-6 in this order [0-15]
          --trunc PSI         1 leaves w untouched, 0 is the average face [1]
          --noise-mode MODE   const, random or none [const]
      -t, --threads N         worker threads; 0 takes the physical cores [0]
    OPTIONS (limits for every image; exit code 1 where one is passed)
          --max-diff N        most that two samples may differ, of 255
          --mean-diff X       most that samples may differ on average
          --psnr X            least PSNR, in dB
    OPTIONS (what to print)
          --format F          md, csv or json [md]
      -o, --output FILE       write there [standard output]

    All options: --help-all. See 'obverse help --man'.

    """

  private static let overview = """
    Obverse 0.2.0 draws faces with compressed StyleGAN2 generators on the CPU.

    USAGE  obverse COMMAND [OPTIONS]

    EXAMPLES
      obverse generate --seeds 0-7 --trunc 0.7 --grid 4x2
      obverse convert my-network.pkl -o mine.obv
      obverse inspect mine.obv

    COMMANDS
      generate    Draws one image for each seed, latent or projected w.
      mix         Draws a style-mixing matrix: an image a pair, and the whole sheet.
      walk        Draws a smooth walk through seeds, as frames or as a stream.
      convert     Turns a checkpoint into a model file; runs no code of it.
      inspect     Shows what a model or checkpoint holds; runs no code of it.
      compare     Draws the same seeds with two models and compares the pixels.
      bench       Measures loading and drawing, as wholes or step by step.
      info        Shows what would be used here, and why: kernels, threads, model.
      completion  Prints what lets bash, zsh or fish complete command lines.
      help        Explains the program, or one command.

    See 'obverse COMMAND --help', 'obverse --help-all' and 'obverse help --man'.

    """
}
