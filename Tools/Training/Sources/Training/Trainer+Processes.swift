import Core
import Torch

// What several processes that train one network share, and what each has for itself.
//
// As in NVlabs' loop, gradients are averaged before each step of Adam, and nothing else is: groups of
// images that a discriminator compares, DiME's moments, the mean of path lengths and that of w are
// each process's own.
extension Trainer {
  /// Images of a batch that this process takes.
  var share: Int { settings.batch / (processes?.count ?? 1) }

  /// Where in the order of the run they are.
  var positions: Range<Int> {
    let first = images + share * (processes?.rank ?? 0)
    return first..<first + share
  }

  /// Takes the first process's networks and optimisers, so that all begin alike.
  func takeFirst() {
    processes?.copyFirst(to: state.map(\.tensor).filter { $0 !== pathMean })
  }

  /// Refuses to save what would be one process's opinion.
  ///
  /// Equal gradients move equal weights equally, on equal machines.
  /// - Throws: `request`.
  func checkAgreement(_ processes: Processes) throws(ObverseError) {
    let parameters = trained.map(\.tensor) + opponents.flatMap { $0.network.parameters }
    let sums = parameters.map { $0.detached.sum.reshaped([1]) }
    guard processes.agree(on: .concatenated(sums, axis: 0)) else {
      throw .request(
        "at step \(step) the processes' networks differ; what was saved before stays",
        hint: "machines and GPUs must be of one kind")
    }
  }
}
