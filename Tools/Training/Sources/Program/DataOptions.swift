import Core
import Options
import Training

/// The options that name pictures.
enum DataOptions {
  static let options = [
    Option("data", "PATH", "folder or zip of PNG and JPEG files", takes: .files(["zip"])),
    Option("size", "N", "side of the images, a power of two from 8"),
    Option("skip", "N", "leaves out the first N files, by name", rare: true),
    Option("take", "N", "uses N files", preset: "all", rare: true),
  ]

  /// The pictures, and where `--out` wants what is made of them.
  static func data(
    _ options: ParsedOptions, _ say: (String) -> Void, needs: String
  ) throws(ObverseError) -> (ImageData, output: String) {
    guard let path = options.text("data"), let size = try options.integer("size", in: 8...1024),
      let output = options.text("out")
    else { throw .usage("\(needs) needs --data, --size and --out", hint: "obverse-train help") }
    guard size.nonzeroBitCount == 1 else {
      throw .usage("a size of \(size): it is a power of two from 8 to 1024", hint: nil)
    }
    try AtomicFile.check(output)
    let part = RunSettings.part(
      skip: try options.integer("skip", in: 0...1_000_000_000),
      take: try options.integer("take", in: 1...1_000_000_000))
    let data = try ImageData(path, size: size, part: part)
    say("\(data.count) images of \(size)x\(size) from '\(path)'")
    for (why, count) in data.refusals { say("left out \(count): \(why)") }
    return (data, output)
  }
}
