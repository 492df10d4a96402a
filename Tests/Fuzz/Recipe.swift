import Core
import ModelFile

/// A network whose every dimension is said by bytes, so that a guided fuzzer can look for those that matter.
struct Recipe {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    self.bytes = bytes[...]
  }

  /// A number from 0 to `limit` - 1 by the next byte; 0 behind the last one.
  mutating func below(_ limit: Int) -> Int { Int(bytes.popFirst() ?? 0) % limit }

  /// Widths on both sides of those of vectors and tiles.
  private mutating func width() -> Int {
    let byte = below(256)
    return switch byte {
    case 0..<128: 1 + byte % 40
    case 128..<224: [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65][byte % 16]
    default: 66 + byte % 31
    }
  }

  /// Of 8 to 32 pixels, in either family.
  mutating func description() -> ModelDescription {
    var maker = ModelMaker(random: RandomState(seed: UInt32(below(8))))
    maker.wDim = width()
    maker.zDim = width()
    let noise = below(4)
    maker.hasNoise = noise > 0
    maker.storesNoise = noise > 1
    let channels = 1 + below(4)
    let hidden = (0..<below(5)).map { _ in below(4) == 0 ? 200 + below(256) : width() }
    let text = String(repeating: "e\u{301}", count: below(256))
    var model: ModelDescription
    if below(3) == 0 {
      let widths = (0..<(2 + below(2))).map { _ in 4 * (1 + below(16)) }
      model = maker.mobile(widths: widths, hidden: hidden, channels: channels, const: width())
    } else {
      let blocks = 2 + below(3)
      model = maker.styleGAN2(
        [.skip, .resnet, .orig][below(3)], widths: (0..<blocks).map { _ in width() },
        middles: (0..<blocks).map { _ in width() }, hidden: hidden, channels: channels,
        clamp: below(3) == 0 ? 0.125 * Float(1 + below(64)) : nil,
        classes: below(3) == 0 ? 1 + below(9) : 0)
    }
    model.slope = Float(below(8)) / 8
    model.provenance.note = text
    return model
  }
}
