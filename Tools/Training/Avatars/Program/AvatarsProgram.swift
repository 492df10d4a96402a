import Avatars
import Checkpoint
import Core
import Glibc
import ImageFile

/// The program `obverse-avatars`.
@main
enum AvatarsProgram {
  static func main() {
    do throws(ObverseError) {
      guard let request = try Request(CommandLine.arguments.dropFirst()) else {
        return say(Request.help, to: 1)
      }
      try request.run()
    } catch {
      say("obverse-avatars: error: \(error)", to: 2)
      if let hint = error.hint { say("hint: \(hint)", to: 2) }
      exit(error.exitCode)
    }
  }

  private static func say(_ text: String, to descriptor: Int32) {
    let bytes = Array((text + "\n").utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
  }
}

/// Which avatars are wanted, and where.
package struct Request {
  package static let help = """
    usage: obverse-avatars --out PATH [options]
           obverse-avatars --latents PATH [--out PATH] [options]

      --out PATH       a zip if it ends in .zip, one sheet if it ends in .png, else a folder
      --count N        how many pictures; 64
      --first N        the number of the first; 0. A number is a picture, whatever the others are
      --size N         pixels of a side, \(Avatar.sizes.lowerBound) to \(Avatar.sizes.upperBound); 64
      --columns N      pictures beside each other on a sheet; 8
      --latents PATH   draws from normal numbers instead, and writes these (z) and what
                       they decide (w) as .npz; --out can be left out then

    Equal words give equal bytes on every processor, with the same zlib, --latents apart,
    whose logarithms are the system's. The pictures are CC0: no rights are reserved.
    """

  private var path: String?
  private var latents: String?
  private var count = 64
  private var first: UInt64 = 0
  private var size = 64
  private var columns = 8

  /// Reads words; nil where help was asked for.
  package init?(_ words: ArraySlice<String>) throws(ObverseError) {
    var rest = words
    while let word = rest.popFirst() {
      if word == "--help" || word == "-h" { return nil }
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard ["--out", "--count", "--first", "--size", "--columns", "--latents"].contains(name)
      else {
        throw .usage("unknown option '\(name)'", hint: "obverse-avatars --help")
      }
      guard let value = parts.count > 1 ? String(parts[1]) : rest.popFirst() else {
        throw .usage("option '\(name)' needs a value", hint: "obverse-avatars --help")
      }
      switch name {
      case "--out": path = value
      case "--count": count = try Self.number(name, value, 1...10_000_000)
      case "--first": first = UInt64(try Self.number(name, value, 0...1 << 53))
      case "--size": size = try Self.number(name, value, Avatar.sizes)
      case "--latents": latents = value
      default: columns = try Self.number(name, value, 1...1024)
      }
    }
    guard !(path ?? latents ?? "").isEmpty else {
      throw .usage("option '--out' or '--latents' is needed", hint: "obverse-avatars --help")
    }
  }

  private static func number(
    _ name: String, _ text: String, _ range: ClosedRange<Int>
  ) throws(ObverseError) -> Int {
    guard let value = Int(text), range.contains(value) else {
      throw .usage(
        "option '\(name)' needs a whole number from \(range.lowerBound) to \(range.upperBound),"
          + " not '\(text)'", hint: nil)
    }
    return value
  }

  package func run() throws(ObverseError) {
    if let latents { try writeLatents(latents) }
    guard let path else { return }
    if path.hasSuffix(".zip") {
      try writeZip(path)
    } else if path.hasSuffix(".png") {
      try writeSheet(path)
    } else {
      try writeFolder(path)
    }
  }

  private func writeLatents(_ path: String) throws(ObverseError) {
    var (z, w): ([Float], [Float]) = ([], [])
    for index in 0..<count {
      let latent = Latent(seed: first + UInt64(index))
      z += latent.z
      w += latent.decide().w
    }
    let file = NumPy.npz([
      ("w", [count, w.count / count], w), ("z", [count, Latent.count], z),
    ])
    let span = file.span
    try unsafe AtomicFile.write(span.bytes, to: path)
  }

  private func name(_ index: Int) -> String {
    let digits = String(first + UInt64(index))
    return "avatar" + String(repeating: "0", count: max(0, 7 - digits.count)) + digits + ".png"
  }

  private func picture(_ index: Int) -> Pixels {
    let number = first + UInt64(index)
    let avatar = latents == nil ? Avatar(seed: number) : Latent(seed: number).decide().avatar
    return avatar.picture(size: size)
  }

  private func png(_ pixels: Pixels) throws(ObverseError) -> [UInt8] {
    try PNG.encode(pixels, text: [("Copyright", "CC0-1.0")])
  }

  private func writeZip(_ path: String) throws(ObverseError) {
    guard count <= ZipWriter.mostMembers else {
      throw .usage(
        "a zip holds at most \(ZipWriter.mostMembers) pictures here, not \(count)",
        hint: "write a folder, or several zips with --first")
    }
    var file = try AtomicFile(path)
    var zip = ZipWriter()
    for index in 0..<count {
      let bytes = try png(picture(index))
      guard zip.hasRoom(for: bytes.count + 1024) else {
        throw .usage(
          "a zip of \(count) pictures would be longer than 4 GiB",
          hint: "write a folder, or several zips with --first")
      }
      let piece = zip.member(name(index), bytes)
      let span = piece.span
      try unsafe file.write(span.bytes)
    }
    let end = zip.end()
    let span = end.span
    try unsafe file.write(span.bytes)
    try file.commit()
  }

  private func writeFolder(_ path: String) throws(ObverseError) {
    guard unsafe mkdir(path, 0o777) == 0 || errno == EEXIST else {
      throw .cannotCreate(path: path, why: ObverseError.reason(errno))
    }
    for index in 0..<count {
      let bytes = try png(picture(index))
      let span = bytes.span
      try unsafe AtomicFile.write(span.bytes, to: "\(path)/\(name(index))")
    }
  }

  private func writeSheet(_ path: String) throws(ObverseError) {
    let columns = min(columns, count)
    let rows = (count + columns - 1) / columns
    guard max(columns, rows) * size <= Pixels.longestSide else {
      throw .usage(
        "a sheet of \(columns)x\(rows) pictures of \(size) pixels is longer than"
          + " \(Pixels.longestSide) pixels", hint: "fewer pictures, or a smaller --size")
    }
    try AtomicFile.check(path)
    // Places that no picture takes stay white.
    var bytes = [UInt8](repeating: 255, count: rows * columns * size * size * 3)
    for index in 0..<count {
      let tile = picture(index).bytes
      let (left, top) = (index % columns * size, index / columns * size)
      for y in 0..<size {
        let to = ((top + y) * columns * size + left) * 3
        bytes.replaceSubrange(to..<to + size * 3, with: tile[y * size * 3..<(y + 1) * size * 3])
      }
    }
    let sheet = Pixels(width: columns * size, height: rows * size, channels: 3, bytes: bytes)
    let file = try png(sheet)
    let span = file.span
    try unsafe AtomicFile.write(span.bytes, to: path)
  }
}
