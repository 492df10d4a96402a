import Networks

/// One JSON object on a line, its keys in the order in which they were added.
struct JSONLine {
  private var fields: [String]

  /// - Parameter schema: What the object is, such as `obverse-train.prune/1`; its first key.
  init(_ schema: String) { fields = ["\"schema\":\(schema.quotedForJSON)"] }

  var text: String { "{\(fields.joined(separator: ","))}" }

  mutating func add(_ key: String, _ value: String) { put(key, value.quotedForJSON) }

  mutating func add(_ key: String, _ value: some BinaryInteger) { put(key, "\(value)") }

  /// A number; JSON has none for what is not finite.
  mutating func add(_ key: String, _ value: Double) {
    put(key, value.isFinite ? "\(value)" : "null")
  }

  mutating func add(_ key: String, _ values: [Int]) {
    put(key, "[\(values.map(String.init).joined(separator: ","))]")
  }

  private mutating func put(_ key: String, _ json: String) {
    fields.append("\(key.quotedForJSON):\(json)")
  }
}
