import Core
import Networks
import Torch

/// A MobileStyleGAN generator that ends early: its blocks up to half of a smaller size, and a new last
/// layer from there to the image.
///
/// What the blocks above would add is finer than the smaller picture shows, so that most of it is
/// left: `HeadFit` finds the layer.
public enum Cut {
  /// - Parameters:
  ///   - source: Draws larger images than `size`.
  ///   - size: Side of the images to be drawn, a power of two.
  /// - Returns: The generator; its last layer draws nothing yet.
  /// - Throws: `request` for a source of another family or of no larger images.
  public static func generator(
    _ source: Generator, to size: Int
  ) throws(ObverseError) -> Generator {
    var shape = source.shape
    guard shape.family == .mobileStyleGAN else {
      throw .request(
        "a cut keeps the lower blocks of a MobileStyleGAN generator; this one is a StyleGAN2",
        hint: "'obverse-train prune' makes a smaller one of it")
    }
    guard size >= 16, size.nonzeroBitCount == 1, size < shape.resolution else {
      throw .request(
        "a cut of \(size) px: it is a power of two from 16 to \(shape.resolution / 2), half of what"
          + " the source draws", hint: nil)
    }
    shape.widths = Array(shape.widths.prefix(2 * (size.trailingZeroBitCount - 2)))
    let cut = Generator(shape, device: source.registry.device)
    var theirs: [String: Tensor] = [:]
    for (name, tensor) in source.tensors { theirs[name] = tensor }
    for (name, tensor) in cut.registry.parameters + cut.registry.buffers {
      if name.hasPrefix(HeadFit.layer) {
        // Styles of 1, so that the first fit is one of features as they are.
        tensor.assign(.full(name.hasSuffix(".affine.bias") ? 1 : 0, tensor.shape))
      } else if let source = theirs[name] {
        tensor.assign(source)
      }
    }
    return cut
  }

  /// Beginnings of the names of the last `count` blocks and of the layer to the image.
  public static func lastLayers(of shape: GeneratorShape, blocks count: Int) -> [String] {
    let sides = (1..<max(shape.blockCount, 1)).map { 4 << $0 }.suffix(count)
    return sides.map { "synthesis.b\($0)." } + [HeadFit.layer]
  }
}
