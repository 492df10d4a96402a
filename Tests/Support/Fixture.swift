import Foundation

/// A folder of Tests/Fixtures: a checkpoint that third-party code wrote, and what it holds.
///
/// The environment variable `OBVERSE_FIXTURES` names another folder of the same layout.
public struct Fixture: Sendable, CustomStringConvertible {
  /// A tensor that a reader should find.
  public struct Tensor: Sendable {
    public let name: String
    /// As `ElementType.rawValue`.
    public let type: String
    public let shape: [Int]
    /// Of the elements in row-major order, little-endian.
    public let sha256: String
    /// The first elements, at most four.
    public let head: [Float]
  }

  struct Array: Sendable {
    let shape: [Int]
    let offset: Int
    let count: Int
  }

  /// The folder that holds the fixtures.
  public static let folder: String =
    ProcessInfo.processInfo.environment["OBVERSE_FIXTURES"]
    ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures").path(percentEncoded: false)

  /// Every fixture, by name.
  public static let all: [Fixture] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { try? Fixture($0) }
  }()

  /// The fixture of this name.
  public static func named(_ name: String) throws -> Fixture {
    try Fixture(name)
  }

  /// The folder's name.
  public let name: String
  /// Names of the checkpoints in the folder.
  public let checkpoints: [String]
  /// Tensors that a reader should find, in the order of the file.
  public let tensors: [Tensor]
  /// Names of the arrays that `expected` gives.
  public let expectedNames: [String]
  private let arrays: [String: Array]
  /// The whole of expected.json.
  private let json: Data

  init(_ name: String) throws {
    let json = try Data(contentsOf: URL(filePath: Self.folder + "/" + name + "/expected.json"))
    let object = try JSONSerialization.jsonObject(with: json) as? [String: Any] ?? [:]
    self.name = name
    self.json = json
    checkpoints = (object["files"] as? [String] ?? []).filter { !$0.hasSuffix(".png") }
    let tensors = object["checkpoint_tensors"] as? [String: [String: Any]] ?? [:]
    self.tensors = tensors.sorted { $0.key < $1.key }.map { name, tensor in
      Tensor(
        name: name, type: tensor["dtype"] as? String ?? "", shape: tensor["shape"] as? [Int] ?? [],
        sha256: tensor["sha256"] as? String ?? "",
        head: (tensor["head"] as? [NSNumber] ?? []).map(\.floatValue))
    }
    let expected = object["expected"] as? [String: [String: Any]] ?? [:]
    arrays = expected.mapValues { array in
      Array(
        shape: array["shape"] as? [Int] ?? [], offset: array["offset"] as? Int ?? 0,
        count: (array["nbytes"] as? Int ?? 0) / 4)
    }
    expectedNames = arrays.keys.sorted()
  }

  public var description: String { name }

  /// The path of a file in the folder.
  public func path(_ file: String) -> String {
    Self.folder + "/" + name + "/" + file
  }

  /// The path of the first checkpoint.
  public var checkpoint: String {
    path(checkpoints.first ?? "")
  }

  /// A value of expected.json, such as `meta("style_dim", as: Int.self)`.
  public func meta<T>(_ key: String, as _: T.Type) -> T? {
    (try? JSONSerialization.jsonObject(with: json) as? [String: Any])?[key] as? T
  }

  /// The shape of an array in expected.bin.
  public func shape(_ name: String) throws -> [Int] {
    try array(name).shape
  }

  /// The elements of an array in expected.bin.
  public func expected(_ name: String) throws -> [Float] {
    let array = try array(name)
    let file = try FileHandle(forReadingFrom: URL(filePath: path("expected.bin")))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(array.offset))
    let data = try file.read(upToCount: array.count * 4) ?? Data()
    guard data.count == array.count * 4 else { throw Missing(fixture: self.name, array: name) }
    return data.withUnsafeBytes { bytes in
      (0..<array.count).map { i in
        Float(
          bitPattern: UInt32(
            littleEndian: bytes.loadUnaligned(fromByteOffset: i * 4, as: UInt32.self)))
      }
    }
  }

  private func array(_ name: String) throws -> Array {
    guard let array = arrays[name] else { throw Missing(fixture: self.name, array: name) }
    return array
  }

  /// An array that a fixture lacks.
  public struct Missing: Error {
    public let fixture: String
    public let array: String
  }
}
