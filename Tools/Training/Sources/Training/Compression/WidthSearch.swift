import Core
import Networks
import Torch

/// Finds widths for a number of multiply-adds: again and again the layer gives up channels whose going
/// leaves the least unexplained for each multiply-add saved.
///
/// Unexplained is the share of the variance of what the reader of a layer makes that least squares
/// cannot get from the channels that stay, the strongest ones. Shares of all readers are added: low
/// resolutions have few multiply-adds to give, and so keep their channels.
struct WidthSearch {
  let shape: GeneratorShape
  /// By width and number of units that stay, 0 and up.
  private let curves: [[Float]]

  /// Units of a layer go together, at most one in so many: a smooth curve needs no finer steps.
  private static let step = 32

  init(_ shape: GeneratorShape, _ readers: [ContributionScore.Reader]) {
    self.shape = shape
    curves = readers.map { reader in
      guard let regression = reader.regression else { return [] }
      let order = Pruner.order(reader.scores)
      let columns =
        order.flatMap { channel in (0..<reader.taps).map { channel * reader.taps + $0 } }
      let left = regression.curve(columns, ridge: 1e-5)
      return (0...order.count).map { left[$0 * reader.taps] }
    }
  }

  /// Units that stay of each width, for at most `most` multiply-adds.
  /// - Throws: `request` where the narrowest generator needs more.
  func counts(_ most: Int) throws(ObverseError) -> [Int] {
    var counts = curves.map { $0.count - 1 }
    while macs(counts) > most {
      let now = macs(counts)
      var best: (width: Int, count: Int, price: Double)?
      for (i, curve) in curves.enumerated() {
        let full = curve.count - 1
        // At most a 32nd of the layer at once, and an eighth of what is left.
        let step = max(min(full / Self.step, counts[i] / 8), 1)
        guard counts[i] > 1 else { continue }
        var trial = counts
        trial[i] -= min(step, counts[i] - 1)
        let saved = Double(now - macs(trial))
        let loss = Double(curve[trial[i]] - curve[counts[i]])
        let price = max(loss, 1e-9) / max(saved, 1)
        if best.map({ price < $0.price }) ?? true { best = (i, trial[i], price) }
      }
      guard let best else {
        throw .request(
          "no widths need at most \(most) multiply-adds: one channel in every layer takes \(now)",
          hint: nil)
      }
      counts[best.width] = best.count
    }
    return counts
  }

  private func macs(_ counts: [Int]) -> Int {
    var trial = shape
    trial.widths = shape.widths(ofUnits: counts)
    return trial.network.macs(.fit)
  }
}
