// Pictures that a generator drew, each beside the w that it was drawn from: a folder.
//
//   pictures.json   what drew them, and from which w (`Facts`)
//   w.npy           float32 [count, wDim], from the beginning
//   256.u8, …       bytes [done, 3, 256, 256], one file for each size; grows while pictures are drawn
//
// Bytes without a header, since a file that grows can be mapped at any time and has as many pictures
// as whole ones fit into it.

import Checkpoint
import Core
import FoundationEssentials
import Torch

/// Pictures of one size with the w behind each, mapped from a folder of `obverse-train pictures`.
public struct PictureSet: Sendable {
  /// What the pictures were drawn from; equal facts give equal bytes.
  public struct Facts: Codable, Equatable, Sendable {
    /// The kind and version of the folder.
    public var schema = "obverse-train.pictures/1"
    /// SHA-256 of the generator's weights, as `obverse inspect` shows it.
    public var model: String
    /// Side of its pictures, before averaging.
    public var resolution: Int
    /// Sides of the stored pictures, each averaged from the drawn one.
    public var sizes: [Int]
    public var wDim: Int
    /// The seed of the first picture, the others follow; nil where w came from a file.
    public var firstSeed: Int?
    /// Truncation of the seeds' w; 1 for none.
    public var psi: Double?
    /// SHA-256 of the file of w, and how many of it were left out; nil where seeds gave w.
    public var wFile: String?
    public var skipped: Int?

    public init(model: String, resolution: Int, sizes: [Int], wDim: Int) {
      self.model = model
      self.resolution = resolution
      self.sizes = sizes
      self.wDim = wDim
    }

    static let name = "pictures.json"
    private static let mostBytes = 1 << 20

    init(reading folder: String) throws(ObverseError) {
      let path = "\(folder)/\(Self.name)"
      let bytes = try Bytes(mapping: path)
      guard bytes.count <= Self.mostBytes,
        let facts = try? JSONDecoder().decode(Self.self, from: Data(bytes.array)),
        facts.schema == Self(model: "", resolution: 1, sizes: [], wDim: 1).schema,
        (1...1 << 16).contains(facts.wDim), facts.sizes.allSatisfy((1...1 << 14).contains)
      else {
        throw .malformed(
          what: "'\(path)'", why: "this is not what 'obverse-train pictures' writes")
      }
      self = facts
    }

    func write(to folder: String) throws(ObverseError) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      guard let json = try? encoder.encode(self) else {
        throw .bug("facts about pictures are no JSON")
      }
      let bytes = Array(json) + [0x0a]
      try AtomicFile.write(bytes.span.bytes, to: "\(folder)/\(Self.name)")
    }
  }

  public let facts: Facts
  public let size: Int
  /// Pictures that are there; more may be drawn while these are used.
  public let count: Int
  /// `[count or more, wDim]`.
  private let w: StoredTensor
  private let pixels: Bytes

  /// Bytes of a picture.
  private var pictureBytes: Int { 3 * size * size }
  private var wDim: Int { facts.wDim }

  /// Whether a folder holds such pictures.
  public static func exists(at path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(path)/\(Facts.name)")
  }

  static func path(ofSize size: Int, in folder: String) -> String { "\(folder)/\(size).u8" }
  static func path(ofWIn folder: String) -> String { "\(folder)/w.npy" }

  /// Maps the pictures of one size.
  ///
  /// - Parameters:
  ///   - folder: Made by `obverse-train pictures`.
  ///   - size: One of its sizes.
  /// - Throws: `missing`, `malformed`, `shape`; `request` for a size that is not there.
  public init(_ folder: String, size: Int) throws(ObverseError) {
    facts = try Facts(reading: folder)
    self.size = size
    guard facts.sizes.contains(size) else {
      let sizes = facts.sizes.map(String.init).joined(separator: ", ")
      throw .request(
        "'\(folder)' holds pictures of \(sizes) px, not of \(size)",
        hint: "obverse-train help pictures")
    }
    w = try Self.latents(Self.path(ofWIn: folder), wDim: facts.wDim)
    do throws(ObverseError) {
      pixels = try Bytes(mapping: Self.path(ofSize: size, in: folder))
    } catch .empty {
      throw .malformed(what: "'\(folder)'", why: "no picture has been drawn yet")
    }
    count = min(pixels.count / (3 * size * size), w.shape[0])
    guard count > 0 else {
      throw .malformed(what: "'\(folder)'", why: "no picture has been drawn yet")
    }
  }

  /// A `.npy` of float32 `[N, wDim]`.
  static func latents(_ path: String, wDim: Int) throws(ObverseError) -> StoredTensor {
    let file = try CheckpointFile.open(path)
    guard let array = file.tensors.first?.tensor else {
      throw ObverseError.missingTensor("array").inFile(path)
    }
    guard file.tensors.count == 1, array.shape.count == 2, array.shape[1] == wDim,
      array.type == .float32, array.isContiguous
    else {
      throw ObverseError.shape(
        tensor: "w", expected: [array.shape.first ?? 0, wDim], found: array.shape,
        why: "the generator takes float32"
      ).inFile(path)
    }
    return array
  }

  /// The w behind pictures, `[N, wDim]`.
  public func w(_ indices: [Int], on device: Device) -> Tensor {
    var values: [Float] = []
    values.reserveCapacity(indices.count * wDim)
    for index in indices { values += latent(index) }
    return .values(values, [indices.count, wDim], on: device)
  }

  /// The w behind one picture, `[wDim]`.
  public func latent(_ index: Int) -> [Float] {
    Self.row(index, of: w)
  }

  static func row(_ index: Int, of w: StoredTensor) -> [Float] {
    let wDim = w.shape[1]
    // Checked above: contiguous float32.
    return (0..<wDim).map { i in
      Float(bitPattern: w.bytes.load(UInt32.self, at: 4 * (index * wDim + i)) ?? 0)
    }
  }

  /// Pictures as `[N, 3, size, size]` of -1 to 1.
  public func batch(_ indices: [Int], on device: Device) -> Tensor {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(indices.count * pictureBytes)
    for index in indices { bytes += planes(index) }
    return Tensor.bytes(bytes, [indices.count, 3, size, size], on: device) * (1 / 127.5) - 1
  }

  /// Samples side by side, as the runtime draws them, as three planes.
  static func planes(_ interleaved: [UInt8]) -> [UInt8] {
    (0..<3).flatMap { c in stride(from: c, to: interleaved.count, by: 3).map { interleaved[$0] } }
  }

  /// One picture, `[3, size, size]`.
  func planes(_ index: Int) -> [UInt8] {
    precondition((0..<count).contains(index), "picture \(index) of \(count)")
    return pixels.slice(at: index * pictureBytes, count: pictureBytes)?.array ?? []
  }
}
