extension Generator {
  /// Style mixing: the ws of one face with some layers' styles of another.
  ///
  /// Coarse layers (from 0) decide pose and shape, fine ones colour (Karras et al. 2019,
  /// arXiv:1812.04948, section 3.1).
  ///
  /// - Parameters:
  ///   - row: The face that keeps its other layers, `[wsCount * wDim]`.
  ///   - column: The face whose styles come in, `[wsCount * wDim]`.
  ///   - layers: Style layers to take from `column`, each below `wsCount`.
  /// - Returns: `[wsCount * wDim]`, for `synthesize`.
  /// - Throws: `request` for a wrong count, or a layer that the model does not have.
  public func mix(
    _ row: [Float], _ column: [Float], layers: some Sequence<Int>
  ) throws(ObverseError) -> [Float] {
    let (count, width) = (model.wsCount, model.wDim)
    for ws in [row, column] where ws.count != count * width {
      throw .request("ws has \(ws.count) numbers, the model takes \(count) x \(width)", hint: nil)
    }
    var mixed = row
    for layer in layers {
      guard (0..<count).contains(layer) else {
        throw .request(
          "style layer \(layer): this model has the layers 0 to \(count - 1)", hint: nil)
      }
      let entry = layer * width..<(layer + 1) * width
      mixed.replaceSubrange(entry, with: column[entry])
    }
    return mixed
  }
}
