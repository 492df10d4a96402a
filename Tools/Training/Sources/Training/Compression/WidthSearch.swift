import Core
import Networks
import Torch

/// Finds widths for a number of multiply-adds: again and again the layer gives up channels whose going
/// costs the picture the least for each multiply-add saved.
///
/// How fast a width's loss grows is known from the teacher alone: the share of the variance of what its
/// reader makes that least squares cannot get from the channels that stay, the strongest ones. What a
/// share is worth differs by two orders of magnitude from layer to layer, so each width is halved once by
/// itself, its readers are fitted, and the squared difference of the pictures gives its price. Losses of
/// several widths are added.
struct WidthSearch {
  let shape: GeneratorShape
  /// What the picture loses, by width and number of units that stay, 0 and up.
  private let curves: [[Double]]

  /// Units of a layer go together, at most one in so many: a smooth curve needs no finer steps.
  private static let step = 32

  /// Pictures by which a halved width is fitted and judged.
  private static let pictures = 16

  /// - Parameters:
  ///   - teacher: The whole generator.
  ///   - readers: Of its widths, with their regressions.
  ///   - seed: Gives the w by which widths are judged.
  /// - Throws: `unsupported`.
  init(
    _ teacher: Generator, _ readers: [ContributionScore.Reader], seed: UInt64
  ) throws(ObverseError) {
    shape = teacher.shape
    let w = LayerWalk.latents(teacher, count: Self.pictures, batch: 4, seed: seed + 1)
    let pictures = Torch.withoutGradients {
      w.map { teacher.synthesis(teacher.broadcast($0), noise: .stored) }
    }
    var curves: [[Double]] = []
    for (i, reader) in readers.enumerated() {
      guard let regression = reader.regression else {
        throw .bug("what reads width \(i) was not looked at")
      }
      let order = Pruner.order(reader.scores)
      let columns =
        order.flatMap { channel in (0..<reader.taps).map { channel * reader.taps + $0 } }
      let left = regression.curve(columns, ridge: 1e-5)
      let unexplained = (0...order.count).map { Double(left[$0 * reader.taps]) }
      var counts = readers.map(\.scores.count)
      counts[i] = max(counts[i] / 2, 1)
      let share = unexplained[counts[i]] - unexplained[order.count]
      let loss = try Self.loss(of: counts, at: i, teacher, readers, seed, w, pictures)
      curves.append(unexplained.map { $0 * loss / max(share, 1e-6) })
    }
    self.curves = curves
  }

  /// The mean squared difference of pictures where a width has fewer units and its readers were fitted.
  private static func loss(
    of counts: [Int], at width: Int, _ teacher: Generator, _ readers: [ContributionScore.Reader],
    _ seed: UInt64, _ w: [Tensor], _ pictures: [Tensor]
  ) throws(ObverseError) -> Double {
    let kept = Pruner.kept(readers.map(\.scores), counts)
    let student = try Pruner.pruned(teacher, kept: kept, compensatesRGB: false)
    let channels = kept.enumerated().map { teacher.shape.channels(ofUnits: $1, width: $0) }
    try Refit.refit(
      student, to: teacher, kept: channels, samples: Self.pictures, seed: seed, readersOf: width)
    return Torch.withoutGradients {
      zip(w, pictures).reduce(0) { sum, pair in
        let drawn = student.synthesis(student.broadcast(pair.0), noise: .stored)
        return sum + Double((drawn - pair.1).squared.mean(over: [0, 1, 2, 3]).floats[0])
      } / Double(w.count)
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
        let loss = curve[trial[i]] - curve[counts[i]]
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
