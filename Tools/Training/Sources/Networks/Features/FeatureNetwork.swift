import Checkpoint
import Core
import Torch

/// The frozen networks that can look at images, each as its authors published it.
public enum FeatureKind: String, Codable, Sendable, CaseIterable {
  case efficientNetLite0 = "efficientnet-lite0"
  case clipRN50 = "clip-rn50"
  case clipViTB32 = "clip-vit-b32"
  case dinoResNet50 = "dino-resnet50"
  case dinoViTS16 = "dino-vit-s16"
  case inceptionV3 = "inception-v3"
  /// Trained by ourselves, for measuring alone.
  case judge

  /// A word for the log.
  public var short: String {
    switch self {
    case .efficientNetLite0: "efficientnet"
    case .clipRN50: "clip"
    case .clipViTB32: "clip_vit"
    case .dinoResNet50: "dino"
    case .dinoViTS16: "dino_vit"
    case .inceptionV3: "inception"
    case .judge: "judge"
    }
  }

  /// Weight of its two terms in DiME; nil for networks that are kept for measuring.
  ///
  /// The paper has ResNets alone: a transformer has the weight of its authors' other network.
  public var kernelWeight: Double? {
    switch self {
    case .efficientNetLite0, .dinoResNet50, .dinoViTS16: 20
    case .clipRN50, .clipViTB32: 15
    case .inceptionV3, .judge: nil
    }
  }
}

/// A frozen network that turns images into features.
public protocol FeatureNetwork: AnyObject {
  var kind: FeatureKind { get }
  /// Features of one image.
  var width: Int { get }
  /// What is done to images first, in words that two moments must agree on.
  var preparation: String { get }
  /// SHA-256 of the file that the weights came from.
  var fileHash: String { get }
  /// `[N, 3, S, S]` of -1 to 1 to `[N, width]`; can be differentiated.
  func callAsFunction(_ images: Tensor) -> Tensor
}

extension FeatureKind {
  /// Reads the authors' file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - normalizes: Applies the network's own mean and deviation, which DiME's code does not.
  ///   - device: Where it computes.
  /// - Returns: The network, frozen.
  /// - Throws: `missingTensor`, `shape`, and what opening says.
  public func network(
    _ path: String, normalizes: Bool = false, on device: Device
  ) throws(ObverseError) -> any FeatureNetwork {
    let weights = try FrozenWeights(path, on: device)
    do throws(ObverseError) {
      switch self {
      case .efficientNetLite0: return try EfficientNetLite0(weights)
      case .clipRN50: return try CLIPResNet50(weights, normalizes: normalizes)
      case .clipViTB32: return try CLIPViTB32(weights, normalizes: normalizes)
      case .dinoResNet50: return try DINOResNet50(weights, normalizes: normalizes)
      case .dinoViTS16: return try DINOViTS16(weights, normalizes: normalizes)
      case .inceptionV3: return try InceptionV3(weights)
      case .judge: return try Judge(weights)
      }
    } catch {
      throw error.inFile(path)
    }
  }
}

/// Brings the channels of images of -1 to 1 to a mean and deviation of images of 0 to 1.
struct ColourScale {
  private let factor: Tensor
  private let offset: Tensor

  init(means: [Float], deviations: [Float], on device: Device) {
    factor = Tensor.values(deviations.map { 0.5 / $0 }, [1, 3, 1, 1], on: device)
    offset = Tensor.values(
      zip(means, deviations).map { (0.5 - $0) / $1 }, [1, 3, 1, 1], on: device)
  }

  func callAsFunction(_ images: Tensor) -> Tensor { images * factor + offset }

  /// What CLIP's authors scale by.
  static func clip(on device: Device) -> ColourScale {
    ColourScale(
      means: [0.48145466, 0.4578275, 0.40821073],
      deviations: [0.26862954, 0.26130258, 0.27577711], on: device)
  }

  /// What networks that were trained on ImageNet are scaled by.
  static func imageNet(on device: Device) -> ColourScale {
    ColourScale(means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225], on: device)
  }
}
