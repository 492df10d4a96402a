import Networks
import Torch

/// Whether two devices draw the same pictures and learn the same from them.
public enum DeviceCheck {
  /// Differences of the second device's results as shares of the first one's length.
  ///
  /// - Parameters:
  ///   - first: The device that is believed.
  ///   - second: The device that is looked at.
  /// - Returns: A share for the image, and for each loss with its gradients in all weights.
  public static func differences(
    _ first: Device, _ second: Device
  ) -> [(what: String, share: Double)] {
    Torch.seed(85)
    let shape = GeneratorShape(
      zDim: 64, wDim: 64, mappingLayers: 4,
      widths: GeneratorShape.widths(ofBlocks: [64, 64, 48, 32]))
    let generator = Generator(shape)
    // A fresh network has no noise: what a stored plane does must show.
    for entry in generator.registry.parameters where entry.name.hasSuffix("noise_strength") {
      entry.tensor.assign(.full(0.1, []))
    }
    let discriminator = Discriminator(
      DiscriminatorShape(widths: [64, 64, 48, 32], groupSize: 4))
    let inputs = (
      z: Tensor.normal([8, 64]), real: Tensor.normal([8, 3, 32, 32]) * 0.5,
      directions: Tensor.normal([8, 3, 32, 32])
    )
    let results = [first, second].map { device in
      let (g, d) = (
        Generator(shape, device: device), Discriminator(discriminator.shape, device: device)
      )
      g.copy(generator)
      d.copy(discriminator)
      let z = inputs.z.moved(to: device)
      let real = inputs.real.moved(to: device)
      let ws = g.broadcast(g.mapping(z))
      let images = g.synthesis(ws, noise: .stored)
      let path = Losses.pathLength(
        images, ws, directions: inputs.directions.moved(to: device),
        mean: .zeros([], on: device))
      let scored = g.synthesis(g.broadcast(g.mapping(z)), noise: .stored)
      return [
        ("image", [images.detached]),
        ("path length", with(path, g)),
        ("generator's loss", with(Losses.generator(d(scored)), g)),
        (
          "discriminator's loss",
          with(Losses.discriminator(fakeScores: d(scored.detached), realScores: d(real)), d)
        ),
        ("R1", with(Losses.r1(d, real), d)),
        ("Haar", Haar.highBands(real, levels: 2)),
      ].map { ($0.0, $0.1.map { $0.moved(to: .cpu) }) }
    }
    return zip(results[0], results[1]).map { a, b in
      var (gap, length) = (0.0, 0.0)
      for (x, y) in zip(a.1, b.1) {
        gap += (x - y).squared.sum.item
        length += x.squared.sum.item
      }
      return (a.0, (gap / length).squareRoot())
    }
  }

  /// A loss, and its gradient in every parameter.
  private static func with(_ loss: Tensor, _ network: any Network) -> [Tensor] {
    [loss.detached] + Tensor.gradients(of: loss, with: network.parameters).compactMap { $0 }
  }
}
