import Networks
import Options

/// The options that name frozen networks.
public enum KernelOptions {
  public static let options = [
    Option(
      "efficientnet", "PTH", "EfficientNet-Lite0, from Tools/Training/networks", takes: .files([])),
    Option("clip", "FILE", "CLIP RN50, the authors' RN50.pt or its state dict", rare: true),
    Option(
      "clip-vit", "FILE", "CLIP ViT-B/32, the authors' ViT-B-32.pt or its state dict", rare: true),
    Option("dino", "FILE", "DINO ResNet-50, the authors' dino_resnet50_pretrain.pth", rare: true),
    Option(
      "dino-vit", "FILE", "DINO ViT-S/16, the authors' dino_deitsmall16_pretrain.pth", rare: true),
  ]

  private static let kinds: [(option: String, kind: FeatureKind)] = [
    ("efficientnet", .efficientNetLite0), ("clip", .clipRN50), ("clip-vit", .clipViTB32),
    ("dino", .dinoResNet50), ("dino-vit", .dinoViTS16),
  ]

  /// Files that were given, each with the paper's weight.
  public static func kernels(_ options: ParsedOptions) -> [DistilSettings.Kernel] {
    kinds.compactMap { option, kind in
      guard let path = options.text(option), let weight = kind.kernelWeight else { return nil }
      return DistilSettings.Kernel(kind: kind, path: path, weight: weight)
    }
  }
}
