import Obverse
import Page

/// Puts pictures where they were asked for, lists them, and keeps count of what became of them.
final class PictureWriter {
  private let console: Console
  private let destination: Destination
  /// Whether files that are there stay, as `--no-clobber` asks.
  private let keepsFiles: Bool
  private let isJSON: Bool
  /// Pictures that lie under their name.
  private(set) var finished = 0
  /// Files that were there and stay.
  private(set) var kept: [String] = []
  /// What the summary says of each picture; nothing where nobody asked for it.
  private(set) var records: [JSON] = []

  init(_ destination: Destination, keepsFiles: Bool, isJSON: Bool, _ console: Console) {
    self.destination = destination
    self.keepsFiles = keepsFiles
    self.isJSON = isJSON
    self.console = console
  }

  /// Whether a file is there and stays; counts it.
  func keeps(_ path: String) -> Bool {
    guard path != "-", keepsFiles, Path.exists(path) else { return false }
    kept.append(path)
    return true
  }

  /// Writes a whole file, or to standard output.
  func write(_ file: [UInt8], to path: String) throws(ObverseError) {
    guard path != "-" else { return try console.data(file) }
    try Path.makeFolder(Path.folder(path))
    try OutputFile.write(file, to: path)
    try list(path)
  }

  /// Begins the one file of all pictures.
  func stream() throws(ObverseError) -> ImageStream { try ImageStream(destination.file, console) }

  /// Names the file of a stream that is finished.
  func listStream() throws(ObverseError) {
    if let path = destination.file { try list(path) }
  }

  /// Counts pictures that lie under their name now.
  func finish(_ count: Int) { finished += count }

  /// Keeps what the summary says of a picture.
  ///
  /// - Throws: `resources`, by the thousand: a record and its part of the summary take less than 4 KiB.
  func record(_ members: @autoclosure () -> [(String, JSON)]) throws(ObverseError) {
    guard isJSON else { return }
    if records.count.isMultiple(of: 1024) {
      try Memory.expectRoom(for: (records.count + 1024) << 12)
    }
    records.append(.object(members()))
  }

  /// Runs `draw`, takes the bar away, and says after Ctrl-C how far it came: so many `nouns`.
  func run(
    _ progress: Progress, of total: Int?, _ nouns: String, _ draw: () throws(ObverseError) -> Void
  ) throws(ObverseError) {
    do throws(ObverseError) {
      try draw()
      progress.end()
    } catch {
      progress.end()
      if case .cancelled = error {
        let total = total.map { " of \($0)" } ?? ""
        console.note("\(finished)\(total) \(nouns) were finished")
      }
      throw error
    }
  }

  /// Ends a run: the summary where it was asked for, then the talk, of files that stayed first.
  func conclude(_ summary: @autoclosure () -> JSON, _ total: String) throws(ObverseError) {
    if isJSON { try console.line(summary().line) }
    if !kept.isEmpty {
      let was = kept.count == 1 ? "it was" : "they were"
      console.note("\(Format.count(kept.count, "file")) kept as \(was)")
    }
    console.note(total)
  }

  /// Lists a file that was written.
  private func list(_ path: String) throws(ObverseError) {
    if !isJSON, !destination.isStandardOutput { try console.path(path) }
  }
}
