import Core
import Options

/// The form of a walk's frames.
enum FrameFormat: String, Sendable, CaseIterable {
  case png, y4m, rgb
}

/// Where the frames of a walk go.
struct FrameOutput: Sendable {
  let destination: Destination
  let format: FrameFormat
  let hasMetadata: Bool
  let keepsFiles: Bool

  init(_ parsed: ParsedOptions) throws(ObverseError) {
    let output = parsed.text("output")
    hasMetadata = !parsed.has("no-metadata")
    keepsFiles = parsed.has("no-clobber")
    format = try Self.format(parsed, output)
    let preset = format == .y4m ? "out/walk.y4m" : "out/frame%04d.\(format.rawValue)"
    let path = output ?? preset
    guard !path.isEmpty, !path.hasSuffix("/") else {
      throw .usage("'\(path)' is no name for frames", hint: "-o \(preset)")
    }
    destination = try Destination(path)
    switch (destination, format) {
    case (.pattern, .y4m):
      throw .usage("y4m holds all frames in one file, '\(path)' names many", hint: "-o walk.y4m")
    case (.standardOutput, .png):
      throw .usage(
        "several images in standard output need y4m or rgb, not png", hint: "--format y4m -o -")
    case (.file, .png):
      throw .usage(
        "several images in one file need y4m or rgb, not png", hint: "-o frame%04d.png")
    default: break
    }
  }

  /// Suffixes of what ffmpeg makes of our frames.
  private static let encoded = ["mp4", "m4v", "mov", "mkv", "webm", "avi", "gif", "apng", "webp"]

  private static func format(
    _ parsed: ParsedOptions, _ output: String?
  ) throws(ObverseError) -> FrameFormat {
    if let given: FrameFormat = try parsed.choice("format") { return given }
    guard let output, output != "-", let suffix = Path.suffix(output) else { return .png }
    if encoded.contains(suffix) {
      throw .usage(
        "'\(output)': no video encoder is inside",
        hint: "obverse walk ... -o - --format y4m | ffmpeg -i - \(Path.quoted(output))")
    }
    guard let format = FrameFormat(rawValue: suffix) else {
      throw .usage(
        "'\(output)': no frame format has the suffix '\(suffix)'", hint: "add --format png")
    }
    return format
  }

  /// Refuses frames on a terminal.
  func refuseTerminal(_ console: Console) throws(ObverseError) {
    guard destination.isStandardOutput, console.output.isTerminal else { return }
    throw .usage("frames would go to this terminal", hint: "leave out -o -, or add | mpv -")
  }
}
