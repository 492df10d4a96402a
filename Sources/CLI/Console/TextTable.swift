import Page

/// Rows of text under headings, as Markdown or CSV.
package struct TextTable {
  package struct Column {
    let title: String
    let isNumber: Bool

    package init(_ title: String, number: Bool = false) {
      self.title = title
      isNumber = number
    }
  }

  let columns: [Column]
  private(set) var rows: [[String]] = []

  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row with a text for each column.
  package mutating func add(_ row: [String]) { rows.append(row) }

  /// A Markdown table whose source is aligned too.
  package var markdown: [String] {
    let widths = columns.indices.map { i in
      ([columns[i].title] + rows.map { $0[i] }).reduce(3) { max($0, $1.unicodeScalars.count) }
    }
    func line(_ cells: [String]) -> String {
      let padded = cells.indices.map { i in
        " " + Format.pad(cells[i], widths[i], right: columns[i].isNumber) + " "
      }
      return "|" + padded.joined(separator: "|") + "|"
    }
    let rule = columns.indices.map { i in
      String(repeating: "-", count: widths[i] + (columns[i].isNumber ? 1 : 2))
        + (columns[i].isNumber ? ":" : "")
    }
    return [line(columns.map(\.title)), "|" + rule.joined(separator: "|") + "|"] + rows.map(line)
  }

  /// Comma-separated values (RFC 4180) with a line of titles.
  package var csv: [String] {
    ([columns.map(\.title)] + rows).map { $0.map(Self.quoted).joined(separator: ",") }
  }

  private static func quoted(_ text: String) -> String {
    guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
    return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
  }
}
