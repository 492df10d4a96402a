import CLI
import Support
import Testing

/// Whole command lines that need no model.
struct ProgramTests {
  @Test func introducesItselfInTwelveLines() {
    let outcome = Outcome()
    #expect(outcome.code == 0)
    #expect(outcome.output.split(separator: "\n", omittingEmptySubsequences: false).count == 13)
    #expect(outcome.errors.isEmpty)
  }

  static let refusals: [Refusal] = [
    Refusal(["generat"], "unknown command 'generat'", "did you mean 'generate'?"),
    Refusal(["dance"], "unknown command 'dance'", "obverse help"),
    Refusal(
      ["--seeds", "1"], "options come after a command, as in 'obverse generate --seeds'",
      "obverse help"),
    Refusal(
      ["convert"], "'obverse convert' needs a file",
      "obverse convert network-snapshot-025000.pkl -o faces256.obv --type f16"),
    Refusal(["info", "x"], "'x' is one word too many for 'obverse info'", "obverse help info"),
    Refusal(["help", "generat"], "unknown command 'generat'", "obverse help generate"),
    Refusal(
      ["generate", "--seeds", "0", "--random", "3"],
      "--seeds and --random exclude each other"),
    Refusal(
      ["generate", "--random", "0"],
      "option '--random' needs a whole number from 1 to 1000000, not '0'"),
    Refusal(
      ["generate", "--seeds", "0", "--noise-mode", "rand"],
      "option '--noise-mode' is one of const, random, none, not 'rand'",
      "did you mean 'random'?"),
    Refusal(
      ["generate", "--seeds", "0", "--trunc", "nan"],
      "option '--trunc' needs a finite number, not 'nan'"),
    Refusal(
      ["generate", "--seeds", "0-1", "-o", "a.png"],
      "several images in one file need ppm, rgb, f32 or npy, not png", "-o face-%04d.png"),
    Refusal(
      ["generate", "--seeds", "0-1", "-o", "-"],
      "several images in standard output need ppm, rgb, f32 or npy, not png",
      "--format ppm -o -"),
    Refusal(
      ["generate", "--seeds", "-", "-o", "-", "--format", "npy"],
      "npy says in front how many images follow, which --seeds - cannot know", "--format f32"),
    Refusal(
      ["generate", "--seeds", "0", "-o", "a.tiff"],
      "'a.tiff': no image format has the suffix 'tiff'", "add --format png"),
    Refusal(
      ["generate", "--seeds", "0", "-o", "a-%s.png"],
      "'a-%s.png' is no pattern: only %d, %04d and %% are known", "-o face-%04d.png"),
    Refusal(
      ["generate", "--seeds", "0", "-o", "-", "--json"],
      "--json and -o - would share standard output", "write the images to files"),
    Refusal(
      ["generate", "--seeds", "0", "--grid", "4"],
      "--grid needs columns and rows, such as 4x2, not '4'"),
    Refusal(
      ["generate", "--seeds", "0", "--grid", "1x1", "--format", "f32"],
      "--grid draws bytes, not f32", "--format png"),
    Refusal(
      ["generate", "--seeds", "0", "--quality", "90"],
      "--quality is for jpeg, the output is png"),
    Refusal(
      ["generate", "--seeds", "0", "-t", "-1"],
      "option '--threads' needs a whole number from 0 to 1024, not '-1'"),
    Refusal(
      ["bench", "-t", "1,x"],
      "option '--threads' needs whole numbers from 0 to 1024, not 'x'", "--threads 1,2,4"),
    Refusal(
      ["convert", "a.pkl", "--type", "i4"], "option '--type' is one of f32, f16, i8, not 'i4'",
      "did you mean 'i8'?"),
    Refusal(
      ["convert", "a.obv"], "'a.obv' would be replaced by its own conversion",
      "add -o other.obv"),
    Refusal(
      ["compare", "a.obv"], "'obverse compare' needs two files",
      "obverse compare face.obv face-i8.obv --psnr 38"),
    Refusal(
      ["compare", "a", "b", "--max-diff", "256"],
      "option '--max-diff' needs a whole number from 0 to 255, not '256'"),
    Refusal(
      ["mix", "--rows", "1"], "'obverse mix' needs --cols",
      "obverse mix --rows 85,100,75 --cols 55,821,1789 --trunc 0.7"),
    Refusal(
      ["mix", "--rows", "1", "--cols", "2", "--styles", "6-0"],
      "option '--styles' needs style layers, such as 0-6 or 0,2,4, not '6-0'"),
    Refusal(
      ["mix", "--rows", "1", "--cols", "2", "-o", "a-%d.png"],
      "mix makes one image, 'a-%d.png' names many", "-o grid.png"),
    Refusal(
      ["mix", "--rows", "1", "--cols", "2", "--format", "npy"], "mix draws bytes, not npy",
      "--format png"),
    Refusal(
      ["mix", "--rows", "0-1023", "--cols", "2"],
      "a sheet has at most 1023 rows and columns of seeds"),
    Refusal(
      ["walk"], "'obverse walk' needs --seeds or --projected-w",
      "obverse walk --seeds 0-15 --grid 4x2 --w-frames 60 -o frame%04d.png"),
    Refusal(
      ["walk", "--seeds", "0", "-o", "-"],
      "several images in standard output need y4m or rgb, not png", "--format y4m -o -"),
    Refusal(
      ["walk", "--seeds", "0", "-o", "a.png"],
      "several images in one file need y4m or rgb, not png", "-o frame%04d.png"),
    Refusal(
      ["walk", "--seeds", "0", "-o", "a%d.y4m"],
      "y4m holds all frames in one file, 'a%d.y4m' names many", "-o walk.y4m"),
    Refusal(
      ["walk", "--seeds", "0", "-o", "a b/lerp.mp4"],
      "'a b/lerp.mp4': no video encoder is inside",
      "obverse walk ... -o - --format y4m | ffmpeg -i - 'a b/lerp.mp4'"),
    Refusal(
      ["walk", "--seeds", "-"], "a walk needs all its seeds before it begins, not --seeds -"),
    Refusal(
      ["walk", "--seeds", "0", "--fps", "1/0"],
      "option '--fps' needs frames a second, such as 60, 23.976 or 30000/1001, not '1/0'"),
    Refusal(
      ["walk", "--seeds", "0", "--class", "all"],
      "option '--class' needs a whole number from 0 to 2147483647, not 'all'"),
    Refusal(
      ["generate", "--seeds", "-", "--class", "all"],
      "--class all draws one sheet, which goes with neither --seeds - nor --save-w"),
    Refusal(
      ["generate", "--projected-w", "w.npz", "--class", "all"],
      "--class all: a projected w has its class in it already"),
    Refusal(
      ["walk", "--seeds", "0", "--realtime"],
      "--realtime paces a stream, and these are single files", "--format y4m -o -"),
    Refusal(
      ["walk", "--seeds", "0-10000"],
      "10001 key frames are more than the 10000 of one run"),
    Refusal(
      ["completion"], "'obverse completion' needs one of bash, zsh, fish",
      "obverse completion bash > ~/.local/share/bash-completion/completions/obverse"),
    Refusal(
      ["inspect", "a", "--count", "all"], "option '--count' is one of in, out, fit, not 'all'"),
  ]

  @Test(arguments: refusals)
  func refusesWithASentenceAndAHint(_ refusal: Refusal) {
    let outcome = Outcome(words: refusal.words)
    #expect(outcome.code == 64)
    #expect(outcome.output.isEmpty)
    let hintLine = refusal.hint.map { "hint: \($0)\n" } ?? ""
    #expect(outcome.errors == "obverse: error: \(refusal.sentence)\n\(hintLine)")
  }

  @Test func refusesBadEnvironment() {
    let log = Outcome("info", environment: ["OBVERSE_LOG": "loud"])
    #expect(log.code == 64)
    let threads = Outcome("generate", "--seeds", "0", environment: ["OBVERSE_THREADS": "many"])
    #expect(threads.code == 64)
    #expect(threads.errors.contains("OBVERSE_THREADS needs a whole number"))
  }

  @Test func saysWhereModelsAreSearched() {
    let outcome = Outcome(
      "info", environment: ["OBVERSE_MODEL_PATH": "/a:/b", "XDG_DATA_HOME": "/c"])
    #expect(outcome.code == 0)
    #expect(outcome.output.contains("searched  /a\n          /b\n          /c/obverse\n"))
  }

  @Test func saysWhatWouldBeUsedAndWhy() throws {
    let plain = Outcome("info").output
    #expect(plain.contains(", the best of baseline") || plain.contains(", the best of neon"))
    #expect(plain.contains("in the affinity mask"))
    #expect(plain.contains("model     faces (the default): "))
    #if arch(x86_64)
    let isa = "baseline"
    #else
    let isa = "neon"
    #endif
    let told = Outcome(
      "info",
      environment: ["OBVERSE_ISA": isa, "OBVERSE_THREADS": "3", "OBVERSE_MODEL": "no-such"]
    ).output
    #expect(told.contains("kernels   \(isa), as OBVERSE_ISA says; this processor has "))
    #expect(told.contains("threads   3, as OBVERSE_THREADS says\n"))
    #expect(told.contains("model     no-such (OBVERSE_MODEL): not found\n"))
    let json = Outcome("info", "--json", environment: ["OBVERSE_THREADS": "3"]).output
    #expect(json.contains(#""isa_source":"best""#))
    #expect(json.contains(#""threads":3,"threads_source":"OBVERSE_THREADS""#))
    #expect(json.contains(#""model_source":"default""#))
    #expect(Outcome("info", environment: ["OBVERSE_THREADS": "many"]).code == 64)
  }

  // taskset leaves one processor; the automatic count must follow.
  @Test(.enabled(if: Tool.exists("taskset"), "taskset is not installed"))
  func countsOnlyAllowedCores() throws {
    let run = try Tool.run("taskset", ["-c", "0", WholeProgram.path, "info"])
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.output.contains("threads   1: 1 physical core in the affinity mask"))
  }

  @Test func namesAMissingModelAndWhereToLook() {
    let outcome = Outcome("generate", "--seeds", "0", "-m", "no-such-model")
    #expect(outcome.code == 66)
    #expect(
      outcome.errors == """
        obverse: error: 'no-such-model': no such file
        hint: 'obverse info' lists the folders searched for a bare name

        """)
  }

  @Test func refusesImageBytesOnATerminal() {
    let outcome = Outcome("generate", "--seeds", "0", "-o", "-", terminal: true)
    #expect(outcome.code == 64)
    #expect(outcome.errors.contains("image bytes would go to this terminal"))
  }

  @Test func tellsItsVersion() {
    #expect(Outcome("--version").output == "obverse 0.2.0\n")
    #expect(Outcome("bench", "--version").output == "obverse 0.2.0\n")
  }
}
