import Page

extension Markup {
  /// A table of text; columns of numbers are set to the right.
  static func table(_ table: TextTable) -> String {
    func cell(_ tag: String, _ text: String, _ isNumber: Bool) -> String {
      element(tag, isNumber ? [("class", "n")] : [], escaped(text))
    }
    let columns = table.columns
    let head = columns.map { cell("th", $0.title, $0.isNumber) }.joined()
    let rows = table.rows.map { row in
      element("tr", [], zip(row, columns).map { cell("td", $0, $1.isNumber) }.joined())
    }
    return element(
      "div", [("class", "wide")],
      element(
        "table", [],
        element("thead", [], element("tr", [], head))
          + element("tbody", [], rows.joined(separator: "\n"))))
  }
}
