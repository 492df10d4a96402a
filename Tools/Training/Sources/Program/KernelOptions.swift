import Core
import Networks
import Training

/// The options that name frozen networks.
enum KernelOptions {
  static let table = [
    Option("efficientnet", "FILE", "EfficientNet-Lite0; Tools/Training/networks fetches it"),
    Option("clip", "FILE", "CLIP RN50, the authors' RN50.pt or its state dict"),
    Option("clip-vit", "FILE", "CLIP ViT-B/32, the authors' ViT-B-32.pt or its state dict"),
    Option("dino", "FILE", "DINO ResNet-50, the authors' dino_resnet50_pretrain.pth"),
    Option("dino-vit", "FILE", "DINO ViT-S/16, the authors' dino_deitsmall16_pretrain.pth"),
  ]

  private static let kinds: [(option: String, kind: FeatureKind)] = [
    ("efficientnet", .efficientNetLite0), ("clip", .clipRN50), ("clip-vit", .clipViTB32),
    ("dino", .dinoResNet50), ("dino-vit", .dinoViTS16),
  ]

  /// Files that were given, each with the paper's weight.
  static func kernels(_ options: Options) -> [DistilSettings.Kernel] {
    kinds.compactMap { option, kind in
      guard let path = options.text(option), let weight = kind.kernelWeight else { return nil }
      return DistilSettings.Kernel(kind: kind, path: path, weight: weight)
    }
  }
}
