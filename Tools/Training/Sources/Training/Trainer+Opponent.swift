import Networks
import Torch

extension Trainer {
  /// A discriminator, and its Adam if it learns.
  struct Opponent {
    let name: String
    let network: Discriminator
    let adam: Adam?
    /// Moves its gates, where it has some.
    let gateAdam: Adam?
    /// Changes what it sees; one for all opponents.
    var augmentation: AdaptiveAugmentation?
  }
}

extension Trainer.Opponent {
  /// Images as it sees them.
  func seen(_ images: Tensor) -> Tensor { augmentation?(images) ?? images }

  /// What it thinks of images, `[N, 1]`.
  func scores(_ images: Tensor) -> Tensor { network(seen(images)) }

  /// Behind the names of its losses: nothing for the first one, else `_t`.
  var suffix: String { name == "D" ? "" : "_t" }

  /// Moves the network by `loss`, and its gates by `gateLoss`, or where there is none by `loss` too.
  func minimize(_ loss: Tensor, ofGates gateLoss: Tensor? = nil) {
    guard let gateAdam, let gates = network.gates else {
      adam?.minimize(loss)
      return
    }
    let slopes = Tensor.gradients(of: gateLoss ?? loss, with: gateAdam.parameters, keepsGraph: true)
    adam?.minimize(loss)
    gateAdam.update(zip(slopes, gateAdam.parameters).map { $0 ?? .zeros($1.shape, on: $1.device) })
    gates.clip()
  }
}
