import Checkpoint
import Foundation
import Testing

/// The tables of Checkpoint/README.md say what the code does.
struct ReadmeTests {
  /// Rows of the first table behind a line, as cells; without its head.
  static func rows(after line: String) throws -> [[String]] {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Sources/Checkpoint/README.md")
    let lines = try String(contentsOf: url, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix(line) })
    return lines[start...].drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.dropFirst(2).map
    {
      $0.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  @Test func listsEveryContainer() throws {
    let rows = try Self.rows(after: "## Containers")
    #expect(rows.map { $0[0] } == CheckpointFile.Container.allCases.map(\.rawValue))
    #expect(rows.allSatisfy { $0.count == 3 && !$0[1].isEmpty && !$0[2].isEmpty })
  }

  @Test func listsEveryFamilyThatIsRefused() throws {
    let rows = try Self.rows(after: "Refused by name")
    #expect(rows.map { $0[0] } == ForeignFamily.all.map(\.name))
    #expect(rows.map { $0[2] } == ForeignFamily.all.map(\.why))
  }
}
