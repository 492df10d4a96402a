import Core

/// An OpenVINO IR network: layers in file order, and which output feeds which input.
public struct IRGraph: Sendable {
  public struct Layer: Sendable {
    public let id: Int
    public let name: String
    /// Such as `Const`, `MatMul` or `Convolution`.
    public let type: String
    /// Attributes of the layer's `<data>` element.
    public let data: [String: String]
    /// Ids of the layers that feed this one, by ascending input port.
    public let inputs: [Int]
    /// The tensor of a `Const` of a type that we read; nil for all others.
    public let constant: StoredTensor?

    public init(
      id: Int, name: String, type: String, data: [String: String], inputs: [Int],
      constant: StoredTensor?
    ) {
      self.id = id
      self.name = name
      self.type = type
      self.data = data
      self.inputs = inputs
      self.constant = constant
    }
  }

  public let layers: [Layer]
  private let index: [Int: Int]

  public init(layers: [Layer]) {
    self.layers = layers
    index = Dictionary(layers.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { a, _ in a })
  }

  /// The layer with this id.
  public subscript(id: Int) -> Layer? {
    index[id].map { layers[$0] }
  }
}
