/// Whether drawn faces are the persons that others drew from the same w.
enum Identity {
  /// What descriptions of the same w say.
  struct Numbers: Equatable {
    /// Pairs with a face in both pictures.
    var pairs = 0
    /// The mean distance of a pair.
    var distance = Double.nan
    /// Share of these pairs whose drawn face is nearer to its own source than to any other.
    var own = Double.nan
    /// Share of drawn pictures with a face.
    var found = 0.0
  }

  static func compare(_ source: [[Float]?], _ drawn: [[Float]?]) -> Numbers {
    precondition(source.count == drawn.count && !drawn.isEmpty)
    var numbers = Numbers()
    numbers.found = Double(drawn.count { $0 != nil }) / Double(drawn.count)
    var (sum, own) = (0.0, 0)
    for (theirs, mine) in zip(source, drawn) {
      guard let theirs, let mine else { continue }
      let distance = distance(theirs, mine)
      numbers.pairs += 1
      sum += distance
      // The own source is among them, so that equally near ones do not count against it.
      let nearest = source.compactMap { $0.map { Self.distance($0, mine) } }.min() ?? distance
      if distance <= nearest { own += 1 }
    }
    guard numbers.pairs > 0 else { return numbers }
    numbers.distance = sum / Double(numbers.pairs)
    numbers.own = Double(own) / Double(numbers.pairs)
    return numbers
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { sum, pair in
      let difference = Double(pair.0) - Double(pair.1)
      return sum + difference * difference
    }.squareRoot()
  }
}
