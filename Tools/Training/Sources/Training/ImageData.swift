import Checkpoint
import Core
import Dispatch
import FoundationEssentials
import ImageFile
import Synchronization
import Torch

/// The real images: every PNG and JPEG of a folder or a zip, in the order of their names, or the
/// pictures of a `PictureSet`.
public final class ImageData: Sendable {
  /// Why files were left out, with counts.
  public let refusals: [(why: String, count: Int)]
  public let size: Int
  private let source: Source
  /// Positions in the sorted list of names of the images that could be read.
  public let readable: [Int]
  /// `[count, 3, size, size]`; nil where that would not fit `mostCachedBytes`.
  private let cache: [UInt8]?

  /// Above this, images are decoded again whenever they are shown.
  public static let defaultCacheBytes = 16 << 30

  private enum Source: Sendable {
    case folder([String])
    case zip(ZipArchive, [ZipArchive.Member])
    case set(PictureSet)

    var count: Int {
      switch self {
      case .folder(let paths): paths.count
      case .zip(_, let members): members.count
      case .set(let set): set.count
      }
    }
  }

  /// Lists and decodes all images, on all processors.
  ///
  /// - Parameters:
  ///   - path: A folder, searched with its subfolders, a zip archive, or a folder of drawn pictures.
  ///   - size: Images are square of this side, or of a whole multiple, which is averaged.
  ///   - part: Files to use, by their position in the order of names; all where nil.
  ///   - mostCachedBytes: Memory that decoded images may take.
  /// - Throws: `missing`, `unreadable`; `malformed` where no image can be used.
  public init(
    _ path: String, size: Int, part: Range<Int>? = nil, mostCachedBytes: Int = defaultCacheBytes
  ) throws(ObverseError) {
    self.size = size
    let source = try Self.list(path, size: size)
    self.source = source
    let pixels = 3 * size * size
    let part = (part ?? 0..<source.count).clamped(to: 0..<source.count)
    if case .set = source, !part.isEmpty {
      // Mapped, and so cached by the system.
      (readable, cache, refusals) = (Array(part), nil, [])
      return
    }
    let keeps = part.count <= mostCachedBytes / pixels
    let results = Self.decodeAll(source, part, size: size, keeps: keeps)
    var readable: [Int] = []
    var cache: [UInt8] = []
    if keeps { cache.reserveCapacity(results.count * pixels) }
    var counts: [String: Int] = [:]
    for (i, result) in results.enumerated() {
      switch result {
      case .success(let bytes):
        readable.append(part.lowerBound + i)
        cache += bytes
      case .failure(let refusal): counts[refusal.why, default: 0] += 1
      }
    }
    refusals = counts.sorted { $0.value > $1.value || $0.value == $1.value && $0.key < $1.key }
      .map { (why: $0.key, count: $0.value) }
    guard !readable.isEmpty else {
      let which = part.count == source.count ? "" : ", counted from \(part.lowerBound)"
      guard let first = refusals.first else {
        let why =
          source.count == 0
          ? "it holds no PNG and no JPEG files"
          : "it holds \(source.count) pictures, and none is left after \(part.lowerBound) of them"
        throw .malformed(what: "'\(path)'", why: why)
      }
      throw .malformed(
        what: "'\(path)'",
        why: "none of its \(part.count) PNG and JPEG files\(which) can be used; \(first.count) of"
          + " them: \(first.why)")
    }
    self.readable = readable
    self.cache = keeps ? cache : nil
  }

  public var count: Int { readable.count }

  /// The w behind images, `[N, wDim]`; nil for pictures that nobody knows the w of.
  public func w(_ indices: [Int], on device: Device) -> Tensor? {
    guard case .set(let set) = source else { return nil }
    return set.w(indices.map { readable[$0] }, on: device)
  }

  /// Numbers of the w behind each image; nil where nobody knows them.
  public var wDim: Int? {
    guard case .set(let set) = source else { return nil }
    return set.facts.wDim
  }

  /// The w behind one image, `[wDim]`.
  func latent(_ index: Int) -> [Float]? {
    guard case .set(let set) = source else { return nil }
    return set.latent(readable[index])
  }

  /// Files that were listed, readable or not.
  public var listedCount: Int { source.count }

  /// Images as `[N, 3, size, size]` of -1 to 1.
  ///
  /// - Parameters:
  ///   - indices: Of `0..<count`.
  ///   - mirrored: Whether each is shown mirrored.
  ///   - device: Where the tensor lies.
  /// - Returns: The images in the order of `indices`.
  /// - Throws: What a file says that could be read before and cannot now.
  public func batch(
    _ indices: [Int], mirrored: [Bool], on device: Device
  ) throws(ObverseError) -> Tensor {
    let bytes = try bytes(indices, mirrored: mirrored)
    return Tensor.bytes(bytes, [indices.count, 3, size, size], on: device) * (1 / 127.5) - 1
  }

  /// The same as bytes.
  func bytes(_ indices: [Int], mirrored: [Bool]) throws(ObverseError) -> [UInt8] {
    let pixels = 3 * size * size
    var bytes: [UInt8] = []
    bytes.reserveCapacity(indices.count * pixels)
    for (index, mirror) in zip(indices, mirrored) {
      var image: ArraySlice<UInt8>
      if let cache {
        image = cache[index * pixels..<(index + 1) * pixels]
      } else {
        switch Self.decoded(source, readable[index], size: size) {
        case .success(let bytes): image = bytes[...]
        case .failure(let refusal):
          throw .malformed(what: "image \(readable[index])", why: refusal.why)
        }
      }
      guard mirror else {
        bytes += image
        continue
      }
      for row in stride(from: image.startIndex, to: image.endIndex, by: size) {
        bytes += image[row..<row + size].reversed()
      }
    }
    return bytes
  }

  private static func list(_ path: String, size: Int) throws(ObverseError) -> Source {
    if PictureSet.exists(at: path) { return .set(try PictureSet(path, size: size)) }
    var isFolder = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw .missing(path: path)
    }
    func isImage(_ name: String) -> Bool {
      let name = name.lowercased()
      return [".png", ".jpg", ".jpeg"].contains { name.hasSuffix($0) }
    }
    if isFolder {
      let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
      return .folder(names.filter(isImage).sorted().map { "\(path)/\($0)" })
    }
    let archive: ZipArchive
    do throws(ObverseError) {
      archive = try ZipArchive(try Bytes(mapping: path))
    } catch {
      throw error.inFile(path)
    }
    return .zip(archive, archive.members.filter { isImage($0.name) }.sorted { $0.name < $1.name })
  }

  /// Why an image cannot be used, without its name, so that equal reasons can be counted.
  private struct Refusal: Error {
    let why: String
  }

  private static func decodeAll(
    _ source: Source, _ part: Range<Int>, size: Int, keeps: Bool
  ) -> [Result<[UInt8], Refusal>] {
    let results = Mutex([Result<[UInt8], Refusal>?](repeating: nil, count: part.count))
    DispatchQueue.concurrentPerform(iterations: part.count) { i in
      let result = decoded(source, part.lowerBound + i, size: size).map { keeps ? $0 : [] }
      results.withLock { $0[i] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
  }

  /// Side of the largest picture that is averaged: 200 MB of pixels.
  private static let mostSide = 8192

  /// One image as `[3, size, size]`.
  private static func decoded(
    _ source: Source, _ i: Int, size: Int
  ) -> Result<[UInt8], Refusal> {
    let pixels: Pixels
    do throws(ObverseError) {
      let file: Bytes
      switch source {
      case .folder(let paths): file = try Bytes(mapping: paths[i])
      case .zip(let archive, let members): file = try archive.read(members[i])
      case .set(let set): return .success(set.planes(i))
      }
      // From the header: a file of a few kilobytes may hold more pixels than there is memory.
      let isJPEG = JPEG.matches(file)
      let (width, height) = try isJPEG ? JPEG.size(file) : PNG.size(file)
      guard width == height, width % size == 0 else {
        let side = "\(width)x\(height)"
        return .failure(
          Refusal(why: "it is \(side), no square whose side is a multiple of \(size)"))
      }
      guard width <= mostSide else {
        return .failure(Refusal(why: "its side of \(width) is more than \(mostSide) pixels"))
      }
      pixels = try isJPEG ? JPEG.decode(file) : PNG.decode(file)
    } catch {
      switch error {
      case .malformed(_, let why), .unsupported(_, let why, _): return .failure(Refusal(why: why))
      default: return .failure(Refusal(why: error.word))
      }
    }
    let factor = pixels.width / size
    let colours = pixels.channels >= 3 ? 3 : 1
    var planes = [UInt8](repeating: 0, count: 3 * size * size)
    for y in 0..<size {
      for x in 0..<size {
        for c in 0..<3 {
          var sum = 0
          for dy in 0..<factor {
            let row = (y * factor + dy) * pixels.width
            for dx in 0..<factor {
              let at = (row + x * factor + dx) * pixels.channels
              sum += Int(pixels.bytes[at + (colours == 3 ? c : 0)])
            }
          }
          planes[(c * size + y) * size + x] = UInt8(
            (sum + factor * factor / 2) / (factor * factor))
        }
      }
    }
    return .success(planes)
  }
}
