import Core

extension IRGraph {
  /// The largest description that is read; the networks that we know have some 400 KB.
  static let mostXMLBytes = 4 << 20
  /// Attributes of layers that are kept; the networks that we know have some 5,000.
  static let mostAttributes = 100_000
  /// Layers, and half the edges, that are read; the networks that we know have some 1,000.
  static let mostLayers = 50_000

  /// Reads a network's XML; its constants borrow the bytes of `weights`.
  ///
  /// What lies deeper than the network's own layers, such as the body of a loop, is passed over:
  /// its owner stays visible as a layer of its type.
  /// - Parameters:
  ///   - xml: The `.xml` file.
  ///   - weights: The `.bin` file, of which several constants may share bytes.
  ///   - name: Names the network in errors.
  /// - Throws: `malformed`, `truncated`, `tooLarge`, `resources`; `unsupported` for versions but 10 and 11.
  package init(xml: Bytes, weights: Bytes, name: String) throws(ObverseError) {
    guard xml.count <= Self.mostXMLBytes else {
      throw .tooLarge(
        what: "the description of \(name)", found: UInt64(xml.count),
        limit: UInt64(Self.mostXMLBytes))
    }
    // The text, and what Swift makes of its layers and attributes.
    try Memory.expectRoom(for: 16 * xml.count)
    var reader = XMLReader(xml, what: name)
    var draft = Draft(weights: weights, name: name)
    var path: [String] = []
    while let event = try reader.next() {
      switch event {
      case .begin(let element, let attributes):
        path.append(element)
        try draft.begin(path, attributes)
      case .end:
        if path == ["net", "layers", "layer"] { try draft.endLayer() }
        path.removeLast()
      }
    }
    self.init(layers: try draft.layers())
  }
}

/// What has been read so far.
private struct Draft {
  private struct Layer {
    let id: Int
    let name: String
    let type: String
    var data: [String: String] = [:]
    var constant: StoredTensor?
    var inputs: [(port: Int, from: Int)] = []
  }

  private let weights: Bytes
  private let name: String
  private var done: [Layer] = []
  private var index: [Int: Int] = [:]
  private var current: Layer?
  private var attributeCount = 0
  private var edges: [(from: Int, to: Int, port: Int)] = []

  init(weights: Bytes, name: String) {
    self.weights = weights
    self.name = name
  }

  mutating func begin(
    _ path: [String], _ attributes: [String: String]
  ) throws(ObverseError) {
    switch path {
    case ["net"]:
      let version = attributes["version"] ?? "none"
      guard version == "10" || version == "11" else {
        throw .unsupported(
          what: name, why: "version \(version) of OpenVINO's IR is not read (10 and 11 are)",
          hint: nil)
      }
    case ["net", "layers", "layer"]:
      guard let layer = attributes["name"], let type = attributes["type"] else {
        throw .malformed(what: name, why: "a layer has no name or no type")
      }
      current = Layer(id: try number("id", attributes), name: layer, type: type)
    case ["net", "layers", "layer", "data"]:
      attributeCount += attributes.count
      guard attributeCount <= IRGraph.mostAttributes else {
        throw .tooLarge(
          what: "the number of attributes of \(name)", found: UInt64(attributeCount),
          limit: UInt64(IRGraph.mostAttributes))
      }
      current?.data = attributes
    case ["net", "edges", "edge"]:
      guard edges.count < 2 * IRGraph.mostLayers else {
        throw .tooLarge(
          what: "the number of edges of \(name)", found: UInt64(edges.count) + 1,
          limit: UInt64(2 * IRGraph.mostLayers))
      }
      _ = try number("from-port", attributes)
      edges.append(
        (
          try number("from-layer", attributes), try number("to-layer", attributes),
          try number("to-port", attributes)
        ))
    default:
      guard path.first == "net" else { throw .malformed(what: name, why: "its root is not <net>") }
    }
  }

  mutating func endLayer() throws(ObverseError) {
    guard var layer = current else { return }
    current = nil
    guard done.count < IRGraph.mostLayers else {
      throw .tooLarge(
        what: "the number of layers of \(name)", found: UInt64(done.count) + 1,
        limit: UInt64(IRGraph.mostLayers))
    }
    if layer.type == "Const" { layer.constant = try constant(layer) }
    guard index.updateValue(done.count, forKey: layer.id) == nil else {
      throw .malformed(what: name, why: "two layers have the id \(layer.id)")
    }
    done.append(layer)
  }

  /// The layers with their edges.
  mutating func layers() throws(ObverseError) -> [IRGraph.Layer] {
    for edge in edges {
      guard index[edge.from] != nil, let to = index[edge.to] else {
        throw .malformed(
          what: name, why: "an edge joins layers \(edge.from) and \(edge.to), one is not there")
      }
      done[to].inputs.append((edge.port, edge.from))
    }
    for position in done.indices {
      done[position].inputs.sort { $0.port < $1.port }
      let inputs = done[position].inputs
      guard zip(inputs, inputs.dropFirst()).allSatisfy({ $0.port < $1.port }) else {
        throw .malformed(what: "layer '\(done[position].name)'", why: "two edges feed one port")
      }
    }
    try checkOrder()
    return done.map { layer in
      IRGraph.Layer(
        id: layer.id, name: layer.name, type: layer.type, data: layer.data,
        inputs: layer.inputs.map(\.from), constant: layer.constant)
    }
  }

  /// Refuses graphs that lead back into themselves, so that who follows edges comes to an end.
  private func checkOrder() throws(ObverseError) {
    var waiting = done.map(\.inputs.count)
    var readers = [[Int]](repeating: [], count: done.count)
    for (position, layer) in done.enumerated() {
      for (_, from) in layer.inputs {
        if let source = index[from] { readers[source].append(position) }
      }
    }
    var ready = done.indices.filter { waiting[$0] == 0 }
    var ordered = 0
    while let position = ready.popLast() {
      ordered += 1
      for reader in readers[position] {
        waiting[reader] -= 1
        if waiting[reader] == 0 { ready.append(reader) }
      }
    }
    guard ordered == done.count else {
      throw .malformed(what: name, why: "its edges form a circle")
    }
  }

  private func number(
    _ key: String, _ attributes: [String: String]
  ) throws(ObverseError) -> Int {
    guard let number = attributes[key].flatMap({ Int($0) }), number >= 0 else {
      throw .malformed(
        what: name, why: "the attribute \(key) is '\(attributes[key] ?? "")', not a number")
    }
    return number
  }

  /// A constant's bytes; nil for element types that we do not read.
  private func constant(_ layer: Layer) throws(ObverseError) -> StoredTensor? {
    guard let typeName = layer.data["element_type"], let shapeText = layer.data["shape"] else {
      throw .malformed(what: "layer '\(layer.name)'", why: "it has no element_type or no shape")
    }
    guard let type = typeName == "boolean" ? .bool : ElementType(rawValue: typeName) else {
      return nil
    }
    var shape: [Int] = []
    for part in shapeText.split(separator: ",") {
      guard let size = Int(String(part.drop { $0 == " " })), size >= 0 else {
        throw .malformed(what: "layer '\(layer.name)'", why: "its shape is '\(shapeText)'")
      }
      shape.append(size)
    }
    let offset = try number("offset", layer.data)
    let size = try number("size", layer.data)
    guard let bytes = weights.slice(at: offset, count: size) else {
      throw .truncated(
        what: "layer '\(layer.name)'",
        needs: UInt64(offset).addingReportingOverflow(UInt64(size)).partialValue,
        fileHas: UInt64(weights.count))
    }
    return try StoredTensor(name: layer.name, type: type, shape: shape, filling: bytes)
  }
}
