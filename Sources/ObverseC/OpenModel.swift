import CObverse
import CSystem
import ModelFile
import Obverse

/// What an `obv_model` points to: a model, and what its file says about itself as C reads it.
@safe
final class OpenModel: @unchecked Sendable {
  let model: Model
  /// The texts of `OBV_TEXT_LICENCE` and so on, in the order of their numbers.
  private let texts: [CText]
  private let facts: [(name: CText, value: CText)]

  /// - Throws: `resources`.
  init(_ model: Model) throws(ObverseError) {
    self.model = model
    let said = model.description.provenance
    texts = [
      try CText(said.license), try CText(said.note), try CText(said.sourceKind),
      try CText(said.sourceSHA256), try CText(said.producer), try CText(said.wAverageSource),
    ]
    var facts: [(name: CText, value: CText)] = []
    for (name, value) in said.facts { facts.append((try CText(name), try CText(value))) }
    self.facts = facts
  }

  /// How many facts the file has.
  var factCount: Int { facts.count }

  /// A text by its number; nil for a number that is none.
  func text(_ number: UInt32) -> UnsafePointer<CChar>? {
    guard let number = Int(exactly: number), texts.indices.contains(number) else { return nil }
    return unsafe texts[number].pointer
  }

  /// - Throws: an argument's failure beyond the last fact.
  func fact(_ index: UInt32) throws(Failure) -> (name: CText, value: CText) {
    guard let place = Int(exactly: index), facts.indices.contains(place) else {
      throw .argument("index is \(index), but the model has \(facts.count) facts")
    }
    return facts[place]
  }

  /// The model that C holds.
  @unsafe
  static func at(_ pointer: OpaquePointer?) throws(Failure) -> OpenModel {
    guard let pointer = unsafe pointer else { throw .argument("model is NULL") }
    return unsafe Unmanaged<OpenModel>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
  }
}

/// A text that ends in a zero byte and stays where it is.
@safe
final class CText: @unchecked Sendable {
  private let memory: Memory

  /// - Throws: `resources`.
  init(_ text: String) throws(ObverseError) {
    memory = try Memory(byteCount: text.utf8.count + 1)
    for (i, byte) in text.utf8.enumerated() {
      unsafe memory.base.storeBytes(of: byte, toByteOffset: i, as: UInt8.self)
    }
    unsafe memory.base.storeBytes(of: 0, toByteOffset: text.utf8.count, as: UInt8.self)
  }

  var pointer: UnsafePointer<CChar> {
    unsafe UnsafePointer(memory.base.assumingMemoryBound(to: CChar.self))
  }
}

@c @implementation
public func obv_model_text(_ model: OpaquePointer?, _ text: UInt32) -> UnsafePointer<CChar>? {
  let none: StaticString = ""
  guard let model = unsafe model else { return unsafe none.cString }
  return unsafe Unmanaged<OpenModel>.fromOpaque(UnsafeRawPointer(model)).takeUnretainedValue()
    .text(text) ?? none.cString
}

@c @implementation
public func obv_model_fact(
  _ model: OpaquePointer?, _ index: UInt32,
  _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
  _ value: UnsafeMutablePointer<UnsafePointer<CChar>?>?
) -> obv_status {
  status { () throws(Failure) in
    let open = try unsafe OpenModel.at(model)
    guard let name = unsafe name else { throw .argument("name is NULL") }
    guard let value = unsafe value else { throw .argument("value is NULL") }
    let fact = try open.fact(index)
    unsafe name.pointee = fact.name.pointer
    unsafe value.pointee = fact.value.pointer
  }
}
