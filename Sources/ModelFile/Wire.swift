// The numbers of schema.fbs: each enum lists a table's fields in the schema's order.

/// What a table is, as far as the wire format cares: a list of numbered fields.
protocol Slots: RawRepresentable<Int> {}

enum TensorSlot: Int, Slots { case type, shape, data, scales }
enum DenseSlot: Int, Slots { case weight, bias }
enum NoiseSlot: Int, Slots { case plane, strength }
enum ActivationSlot: Int, Slots { case bias, gain, clamp }
enum StyledConvSlot: Int, Slots { case weight, affine, noise, activation }
enum ToImageSlot: Int, Slots { case weight, affine, bias, clamp }
enum SynthesisBlockSlot: Int, Slots { case conv0, conv1, toRGB, skip }
enum SeparableConvSlot: Int, Slots { case affine, depthwise, pointwise, noise, activation }
enum MobileBlockSlot: Int, Slots { case up, conv1, conv2 }
enum StyleGAN2Slot: Int, Slots { case architecture, blocks }
enum MobileStyleGANSlot: Int, Slots { case conv1, blocks, toImage }
enum FactSlot: Int, Slots { case name, value }

enum ProvenanceSlot: Int, Slots {
  case sourceKind, sourceSHA256, producer, license, note, wAverageSource, facts
}

enum ModelSlot: Int, Slots {
  case format, resolution, imageChannels, zDim, wDim, cDim, wsCount, slope
  case wAverage, embed, mapping, constInput
  case synthesisType, synthesis  // a union takes two
  case provenance, weightsSHA256
}

/// Which table `synthesis` is.
enum SynthesisType: UInt8 { case none, styleGAN2, mobileStyleGAN }

/// How a tensor's elements are stored.
enum WireElementType: UInt8 { case f32, f16, i8 }

/// Reads and writes `.obv` files: FlatBuffers after `schema.fbs`.
package enum ModelFile {
  /// The newest format number that this program reads.
  package static let newestFormat = 2

  /// The first format whose tensors may be signed bytes.
  static let formatWithBytes = 2

  /// The number that a description is written with: the lowest that its content needs.
  package static func format(of description: ModelDescription) -> Int {
    description.hasQuantizedWeights ? formatWithBytes : 1
  }

  /// Bytes 4 to 7 of every file.
  package static let identifier: StaticString = "OBV1"

  /// Boundary of the file at which weights begin: a cache line, and the widest vector.
  static let alignment = 64

  /// FlatBuffers' offsets are read as signed 32-bit numbers in several languages.
  static let maximumBytes = Int(Int32.max)
}
