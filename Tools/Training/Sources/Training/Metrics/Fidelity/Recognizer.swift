import Core
import FoundationEssentials
import Glibc

/// dlib's face recogniser, which the script `Tools/Training/identity` runs: for measuring only.
public struct Recognizer: Sendable {
  /// Numbers that describe a face; dlib calls two faces one person where they are less than 0.6 apart.
  static let width = 128
  static let network = "dlib-resnet-v1"
  /// SHA-256 of the weights, which the script checks.
  static let fileHash = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
  static let preparation = "largest face found at twice the size, 5 landmarks, 150x150"

  private let program: String

  /// - Parameter program: The script, or one that takes the same words.
  /// - Throws: `missing`, `unreadable`.
  public init(_ program: String) throws(ObverseError) {
    var isFolder = false
    guard FileManager.default.fileExists(atPath: program, isDirectory: &isFolder) else {
      throw .missing(path: program)
    }
    guard !isFolder, FileManager.default.isExecutableFile(atPath: program) else {
      throw .unreadable(path: program, why: "it is no program")
    }
    self.program = program
  }

  /// Describes files of pictures.
  ///
  /// - Parameters:
  ///   - files: Each bytes `[N, 3, size, size]`, and the `.npy` to be made of it.
  ///   - size: Side of the pictures.
  /// - Returns: For each file a row for each picture; nil where no face was found.
  /// - Throws: `inputOutput` where the program fails, which says why itself; `shape`.
  func describe(
    _ files: [(pictures: String, numbers: String)], size: Int
  ) throws(ObverseError) -> [[[Float]?]] {
    let words = ["describe", "\(size)"] + files.flatMap { [$0.pictures, $0.numbers] }
    let line = ([program] + words).map(Self.quoted).joined(separator: " ")
    // What it says goes to standard error, whatever it meant.
    guard let pipe = popen(line + " >&2", "w") else {
      throw .resources("'\(program)' cannot be run: \(ObverseError.reason(errno))")
    }
    let status = pclose(pipe)
    guard status == 0 else {
      throw .inputOutput(path: program, why: "it failed; its own words are above")
    }
    var described: [[[Float]?]] = []
    for (_, path) in files {
      let rows = try PictureSet.latents(path, wDim: Self.width)
      described.append(
        (0..<rows.shape[0]).map { i in
          let row = PictureSet.row(i, of: rows)
          return row.allSatisfy(\.isFinite) ? row : nil
        })
    }
    return described
  }

  /// A word that a shell takes as it is.
  private static func quoted(_ word: String) -> String {
    let parts = word.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: "'\\''") + "'"
  }
}
