import Core
import Networks
import Torch

/// Looks for copies: the real images that are nearest to what a generator draws.
public enum Neighbours {
  /// Draws seeds from 0 on, and writes a sheet with a row for each: the drawn image, then the nearest
  /// real ones, the nearest first.
  ///
  /// - Parameters:
  ///   - generator: Drawn from at psi 1, with its stored noise.
  ///   - data: The real images, of the generator's size.
  ///   - network: Whose features are compared; nil compares images of 16x16.
  ///   - count: Rows.
  ///   - nearest: Real images of a row.
  ///   - path: The PNG or JPEG file.
  ///   - device: Where it is computed.
  /// - Returns: For each row the positions of its real images in the data, and their distances as
  ///   shares of the mean distance to a real image.
  /// - Throws: What reading and writing say.
  @discardableResult
  public static func write(
    _ generator: Generator, data: ImageData, network: (any FeatureNetwork)?, count: Int,
    nearest: Int, to path: String, on device: Device
  ) throws(ObverseError) -> [[(position: Int, distance: Double)]] {
    let z = Sheet.latents(count, zDim: generator.shape.zDim, on: device)
    // As a viewer sees them.
    let drawn = Torch.withoutGradients { generator(z).clamped(to: -1...1) }
    let theirs = seen(drawn, network)
    var distances = [[Double]](repeating: [], count: count)
    try ImageSet(data, count: data.count, on: device).visit(batch: 32) { _, images in
      let features = seen(images, network)
      for row in 0..<count {
        let apart = (features - theirs.slice(axis: 0, row..<(row + 1))).squared.sum(over: [1])
        distances[row] += apart.floats.map { Double($0).squareRoot() }
      }
    }
    let rows = distances.map { row in
      let mean = row.reduce(0, +) / Double(row.count)
      return row.indices.sorted { (row[$0], $0) < (row[$1], $1) }.prefix(nearest)
        .map { (position: $0, distance: row[$0] / max(mean, 1e-12)) }
    }
    var pictures: [Tensor] = []
    for (i, row) in rows.enumerated() {
      pictures.append(drawn.slice(axis: 0, i..<(i + 1)))
      pictures.append(
        try data.batch(row.map(\.position), mirrored: row.map { _ in false }, on: device))
    }
    let sheet = Sheet.pixels(
      .concatenated(pictures, axis: 0), columns: 1 + min(nearest, data.count))
    try Sheet.write(sheet, to: path)
    return rows
  }

  /// `[N, d]`.
  private static func seen(_ images: Tensor, _ network: (any FeatureNetwork)?) -> Tensor {
    Torch.withoutGradients {
      guard let network else {
        let small = images.shape[2] > 16 ? images.averagePooled(images.shape[2] / 16) : images
        return small.reshaped([images.shape[0], -1])
      }
      return network(images)
    }
  }
}
