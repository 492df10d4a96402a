import Core
import ModelFile

/// Small networks with random weights, one of each kind.
enum SyntheticModel: CaseIterable {
  case skip, odd, resnet, orig, clamped, grey, rgba, conditional, eight, deep, wideMapping, mobile
  /// Of maps that are never whole.
  case largeMobile

  /// MobileStyleGAN's noise is frozen into its planes.
  var isMobile: Bool { self == .mobile || self == .largeMobile }

  var description: ModelDescription {
    var maker = ModelMaker(random: RandomState(seed: 3))
    switch self {
    case .skip: return maker.styleGAN2(.skip, widths: [16, 12, 9])
    case .odd: return maker.styleGAN2(.skip, widths: [1, 7, 17, 3])
    case .resnet: return maker.styleGAN2(.resnet, widths: [10, 9, 5], clamp: 256)
    case .orig: return maker.styleGAN2(.orig, widths: [8, 11, 4])
    case .clamped: return maker.styleGAN2(.skip, widths: [8, 8, 8], clamp: 0.7)
    case .grey: return maker.styleGAN2(.skip, widths: [5, 6], channels: 1)
    case .rgba: return maker.styleGAN2(.skip, widths: [5, 6, 7], channels: 4)
    case .conditional: return maker.styleGAN2(.skip, widths: [6, 6], classes: 3)
    case .eight: return maker.styleGAN2(.skip, widths: [33, 34])
    // Blocks of every algorithm on every instruction set.
    case .deep:
      return maker.styleGAN2(.skip, widths: [33, 34, 17, 7, 5], channels: 4, clamp: 1.5)
    // Hidden layers of NVlabs' MappingNetwork may be wider than both ends (layer_features).
    case .wideMapping:
      return maker.styleGAN2(.skip, widths: [8, 8], hidden: [70, 24, 3])
    case .mobile: return maker.mobile(widths: [24, 20, 36])
    case .largeMobile: return maker.mobile(widths: [36, 20, 40, 12, 5])
    }
  }
}
