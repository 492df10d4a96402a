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

  init(_ model: Model) {
    self.model = model
    let said = model.description.provenance
    texts = [
      said.license, said.note, said.sourceKind, said.sourceSHA256, said.producer,
      said.wAverageSource,
    ].map(CText.init)
    facts = said.facts.map { (CText($0.name), CText($0.value)) }
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
  let pointer: UnsafePointer<CChar>?

  init(_ text: String) {
    unsafe pointer = unsafe UnsafePointer(strdup(text))
  }

  deinit {
    unsafe free(UnsafeMutablePointer(mutating: pointer))
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
