import Core
import Networks
import Torch

/// Fits the layers of a pruned generator to its teacher by least squares, one after the other, without
/// a gradient: each weight shall make of the student's own inputs what the teacher's makes of its own,
/// in the channels that stayed.
///
/// Errors of the layers before are so corrected as far as they can be. Where kernels are demodulated
/// the target is divided by the factors of the weight there is; the new weight has others, whose mean
/// ratio goes into the bias, and out of the styles of whoever reads the channel.
struct Refit {
  struct Layer {
    let name: String
    /// Share of the variance of the teacher's output that the fit does not explain.
    let unexplained: Double
  }

  /// Draws weights towards the pruned ones, as a share of each input's own sum of squares.
  static let ridge = 1e-4
  /// Pixels of one picture that count, at most.
  private static let places = 256
  private static let batch = 4

  /// - Parameters:
  ///   - student: Pruned from the teacher; changed in place.
  ///   - teacher: Whole.
  ///   - kept: Channels that stayed, by index of `shape.widths`.
  ///   - samples: Number of w, for small maps more.
  ///   - seed: Gives w and places.
  ///   - width: The layers that read this one are fitted, no others; nil for all.
  ///   - report: Receives each layer when it is done.
  /// - Throws: `unsupported`.
  static func refit(
    _ student: Generator, to teacher: Generator, kept: [[Int]], samples: Int, seed: UInt64,
    readersOf width: Int? = nil, report: (Layer) -> Void = { _ in }
  ) throws(ObverseError) {
    let w = LayerWalk.latents(
      teacher, count: LayerWalk.mostPictures(base: samples), batch: batch, seed: seed)
    var theirs = try LayerWalk(teacher, w: w)
    var mine = try LayerWalk(student, w: w)
    var random = SplitMix64(seed: seed, stream: 1 << 42)
    let device = student.registry.device
    // Behind the last layer that is fitted nobody needs the running maps.
    let end = mine.layers.lastIndex { width == nil || $0.inputWidth == width } ?? 0
    for i in 0...end {
      let (layer, source) = (mine.layers[i], theirs.layers[i])
      let isFitted = width == nil || layer.inputWidth == width
      let chosen = layer.outputWidth.map { Tensor.indices(kept[$0], on: device) }
      let batches = mine.batches(i, base: samples)
      theirs.forget(behind: batches)
      mine.forget(behind: batches)
      let regression = LeastSquares()
      var factors: [Tensor] = []
      Torch.withoutGradients {
        for batch in batches {
          let target = source.output(theirs.inputs(i, batch: batch), theirs.ws[batch])
          theirs.pass(i, batch: batch, target)
          guard isFitted else { continue }
          var wanted = chosen.map { target.selected(axis: 1, $0) } ?? target
          if let factor = layer.demodulation(mine.ws[batch]) {
            factors.append(factor)
            wanted = wanted / factor.reshaped([wanted.shape[0], -1, 1, 1])
          }
          let places = LayerWalk.places(side: layer.side, most: Self.places, &random)
          let rows = layer.rows(mine.inputs(i, batch: batch), wanted, at: places)
          regression.add(rows.x, rows.y)
        }
        if isFitted {
          let found = regression.solved(from: layer.flatWeight, ridge: ridge)
          layer.assign(flatWeight: found.weight)
          settle(i, mine, batches, intercept: found.bias, before: factors)
          report(Layer(name: layer.name, unexplained: found.unexplained))
        }
        guard layer.outputWidth != nil else { return }
        for batch in batches {
          let output = layer.output(mine.inputs(i, batch: batch), mine.ws[batch])
          mine.pass(i, batch: batch, output)
        }
      }
    }
  }

  /// Puts the intercept into the bias, and a demodulated layer's change of scale where it can go.
  private static func settle(
    _ i: Int, _ walk: LayerWalk, _ batches: Range<Int>, intercept: Tensor, before: [Tensor]
  ) {
    let layer = walk.layers[i]
    guard layer.isDemodulated else {
      layer.bias.assign(layer.bias.detached + intercept)
      return
    }
    let after = batches.compactMap { layer.demodulation(walk.ws[$0]) }
    let factor = Tensor.concatenated(before, axis: 0).mean(over: [0])
    let scale = Tensor.concatenated(after, axis: 0).mean(over: [0]) / factor
    layer.bias.assign((layer.bias.detached + intercept * factor) * scale)
    for reader in walk.layers where reader.inputWidth == layer.outputWidth {
      reader.affine.scaleOutputs(by: scale.floats.map { 1 / $0 })
    }
  }
}
