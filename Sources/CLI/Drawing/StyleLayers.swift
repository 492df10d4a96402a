import Core

/// The style layers of `--styles`: a range, or a list like that of seeds.
package struct StyleLayers: Sendable, Equatable {
  /// In the order and as often as written; a layer that stands twice changes nothing.
  package let layers: [Int]
  /// As written, for metadata.
  package let text: String

  /// More than any model has.
  private static let limit = 1000

  /// Reads `0-6` or `0,2,4-5`.
  ///
  /// - Throws: `usage`.
  package init(_ text: String) throws(ObverseError) {
    var layers: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1],
        (0..<Self.limit).contains(first), (first..<Self.limit).contains(last)
      else {
        throw .usage(
          "option '--styles' needs style layers, such as 0-6 or 0,2,4, not '\(text)'", hint: nil)
      }
      layers += first...last
    }
    self.layers = layers
    self.text = text
  }

  /// Refuses layers beyond those of a model.
  func check(_ count: Int) throws(ObverseError) {
    guard let beyond = layers.first(where: { $0 >= count }) else { return }
    throw .request(
      "--styles \(text): this model has the style layers 0 to \(count - 1), not \(beyond)",
      hint: nil)
  }
}
