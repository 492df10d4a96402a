// The numbers of schema.fbs: each enum lists a table's fields in the schema's order. Those of a family are in its file.

/// What a table is, as far as the wire format cares: a list of numbered fields.
///
/// Raw values are the names that messages have: Embedded Swift prints no case of an enum.
protocol Slots: RawRepresentable<String>, CaseIterable, Equatable, CustomStringConvertible {}

extension Slots {
  /// The field's number.
  var number: Int {
    var number = 0
    for slot in Self.allCases {
      if slot == self { return number }
      number += 1
    }
    preconditionFailure("a case that is not among all cases")
  }

  var description: String { rawValue }
}

/// A field of any table: what takes it is compiled once, and not for each list.
struct Slot: CustomStringConvertible {
  let number: Int
  let description: String

  init(_ slot: some Slots) {
    number = slot.number
    description = slot.rawValue
  }
}

enum TensorSlot: String, Slots { case type, shape, data, scales }
enum DenseSlot: String, Slots { case weight, bias }
enum NoiseSlot: String, Slots { case plane, strength }
enum ActivationSlot: String, Slots { case bias, gain, clamp }
enum StyledConvSlot: String, Slots { case weight, affine, noise, activation }
enum ToImageSlot: String, Slots { case weight, affine, bias, clamp }
enum FactSlot: String, Slots { case name, value }

enum ProvenanceSlot: String, Slots {
  case sourceKind, sourceSHA256, producer, license, note, wAverageSource, facts
}

enum ModelSlot: String, Slots {
  case format, resolution, imageChannels, zDim, wDim, cDim, wsCount, slope
  case wAverage, embed, mapping, constInput
  case synthesisType, synthesis  // a union takes two
  case provenance, weightsSHA256
}

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
