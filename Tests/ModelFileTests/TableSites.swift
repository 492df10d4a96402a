// Where a model file's structure lies, found by the schema: for tests that break it.

/// The places of an `.obv` file whose bytes say where and how long other things are.
struct TableSites {
  enum Kind: Equatable {
    /// A field's place in its table, two bytes of a vtable; 0 says that it is not there.
    case entry
    /// Bytes of a vtable, and of a table; two bytes each.
    case vtableSize, tableSize
    /// From a table back to its vtable, four bytes.
    case vtable
    /// To a table, a vector or a text, four bytes.
    case offset
    /// Elements of a vector or a text, four bytes.
    case length
    /// An element of a shape, four bytes.
    case dimension
    /// A number of one or four bytes; the tag of a union is one.
    case number
    case float
  }

  struct Site {
    let kind: Kind
    let position: Int
    let size: Int
    /// Such as `synthesis.blocks[1].conv0.weight.shape`.
    let path: String
  }

  /// What a field of schema.fbs is.
  private indirect enum Field {
    case number(Int)
    case float
    /// Elements of so many bytes.
    case vector(Int)
    case shape
    case table(Table)
    case tables(Table)
    case union([Table])
  }

  private typealias Table = [(name: String, field: Field)]

  // The tables of schema.fbs, fields in its order.
  private static let tensor: Table = [
    ("type", .number(1)), ("shape", .shape), ("data", .vector(1)), ("scales", .vector(4)),
  ]
  private static let dense: Table = [("weight", .table(tensor)), ("bias", .table(tensor))]
  private static let noise: Table = [("plane", .table(tensor)), ("strength", .float)]
  private static let activation: Table = [
    ("bias", .table(tensor)), ("gain", .float), ("clamp", .float),
  ]
  private static let styledConv: Table = [
    ("weight", .table(tensor)), ("affine", .table(dense)), ("noise", .table(noise)),
    ("activation", .table(activation)),
  ]
  private static let toImage: Table = [
    ("weight", .table(tensor)), ("affine", .table(dense)), ("bias", .table(tensor)),
    ("clamp", .float),
  ]
  private static let block: Table = [
    ("conv0", .table(styledConv)), ("conv1", .table(styledConv)), ("to_rgb", .table(toImage)),
    ("skip", .table(tensor)),
  ]
  private static let separableConv: Table = [
    ("affine", .table(dense)), ("depthwise", .table(tensor)), ("pointwise", .table(tensor)),
    ("noise", .table(noise)), ("activation", .table(activation)),
  ]
  private static let mobileBlock: Table = [
    ("up", .table(dense)), ("conv1", .table(separableConv)), ("conv2", .table(separableConv)),
  ]
  private static let styleGAN2: Table = [("architecture", .number(1)), ("blocks", .tables(block))]
  private static let mobileStyleGAN: Table = [
    ("conv1", .table(styledConv)), ("blocks", .tables(mobileBlock)), ("to_image", .table(toImage)),
  ]
  private static let fact: Table = [("name", .vector(1)), ("value", .vector(1))]
  private static let provenance: Table = [
    ("source_kind", .vector(1)), ("source_sha256", .vector(1)), ("producer", .vector(1)),
    ("license", .vector(1)), ("note", .vector(1)), ("w_average_source", .vector(1)),
    ("facts", .tables(fact)),
  ]
  private static let model: Table = [
    ("format", .number(4)), ("resolution", .number(4)), ("image_channels", .number(4)),
    ("z_dim", .number(4)), ("w_dim", .number(4)), ("c_dim", .number(4)), ("ws_count", .number(4)),
    ("slope", .float), ("w_average", .table(tensor)), ("embed", .table(dense)),
    ("mapping", .tables(dense)), ("const_input", .table(tensor)), ("synthesis_type", .number(1)),
    ("synthesis", .union([styleGAN2, mobileStyleGAN])), ("provenance", .table(provenance)),
    ("weights_sha256", .vector(1)),
  ]

  private(set) var sites: [Site] = []
  private let bytes: [UInt8]
  /// A damaged file may lead around in circles.
  private static let mostSites = 20_000

  /// Finds what can be found; a damaged file may have less.
  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    guard let root = target(0) else { return }
    add(.offset, 0, 4, "root")
    walk(Self.model, at: root, "")
  }

  /// A little-endian number; nil where it is not in the file.
  func word(_ position: Int, _ size: Int = 4) -> Int? {
    guard position >= 0, position + size <= bytes.count else { return nil }
    return bytes[position..<(position + size)].reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Where the offset at `position` leads.
  func target(_ position: Int) -> Int? { word(position).map { position + $0 } }

  private mutating func add(_ kind: Kind, _ position: Int, _ size: Int, _ path: String) {
    if sites.count < Self.mostSites {
      sites.append(Site(kind: kind, position: position, size: size, path: path))
    }
  }

  private mutating func walk(_ fields: Table, at table: Int, _ path: String) {
    guard sites.count < Self.mostSites, let back = word(table) else { return }
    let vtable = table - Int(Int32(truncatingIfNeeded: back))
    guard let vtableSize = word(vtable, 2), vtableSize >= 4 else { return }
    add(.vtable, table, 4, path)
    add(.vtableSize, vtable, 2, path)
    add(.tableSize, vtable + 2, 2, path)
    var tag = 0
    for (number, (name, field)) in fields.enumerated() {
      let entry = vtable + 4 + 2 * number
      guard entry + 2 <= vtable + vtableSize, let offset = word(entry, 2) else { return }
      let path = path.isEmpty ? name : "\(path).\(name)"
      add(.entry, entry, 2, path)
      guard offset > 0 else { continue }
      let at = table + offset
      switch field {
      case .number(let size):
        add(.number, at, size, path)
        tag = word(at, size) ?? 0
      case .float: add(.float, at, 4, path)
      case .vector: vector(at, path)
      case .shape:
        vector(at, path)
        guard let start = target(at), let count = word(start) else { continue }
        for i in 0..<min(count, 8) { add(.dimension, start + 4 + 4 * i, 4, "\(path)[\(i)]") }
      case .table(let fields):
        add(.offset, at, 4, path)
        if let target = target(at) { walk(fields, at: target, path) }
      case .tables(let fields):
        vector(at, path)
        guard let start = target(at), let count = word(start) else { continue }
        for i in 0..<min(count, 300) {
          let element = start + 4 + 4 * i
          add(.offset, element, 4, "\(path)[\(i)]")
          if let target = target(element) { walk(fields, at: target, "\(path)[\(i)]") }
        }
      case .union(let members):
        add(.offset, at, 4, path)
        guard members.indices.contains(tag - 1), let target = target(at) else { continue }
        walk(members[tag - 1], at: target, path)
      }
    }
  }

  private mutating func vector(_ field: Int, _ path: String) {
    add(.offset, field, 4, path)
    if let start = target(field) { add(.length, start, 4, path) }
  }
}
