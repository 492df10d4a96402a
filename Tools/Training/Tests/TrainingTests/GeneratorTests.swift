import Checkpoint
import Foundation
import Testing

import Networks
import Torch

/// A folder of the root package's Tests/Fixtures.
struct Fixture {
  let folder: URL
  private let arrays: [String: [String: Any]]

  init(_ name: String) throws {
    var root = URL(filePath: #filePath)
    for _ in 0..<5 { root.deleteLastPathComponent() }
    folder = root.appending(path: "Tests/Fixtures/\(name)")
    let data = try Data(contentsOf: folder.appending(path: "expected.json"))
    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
    arrays = object?["expected"] as? [String: [String: Any]] ?? [:]
  }

  func path(_ file: String) -> String { folder.appending(path: file).path(percentEncoded: false) }

  /// An array of expected.bin.
  func expected(_ name: String) throws -> Tensor {
    let array = try #require(arrays[name])
    let shape = try #require(array["shape"] as? [Int])
    let offset = try #require(array["offset"] as? Int)
    let data = try Data(contentsOf: folder.appending(path: "expected.bin"))
    let floats = data.withUnsafeBytes { bytes in
      (0..<shape.reduce(1, *)).map {
        bytes.loadUnaligned(fromByteOffset: offset + 4 * $0, as: Float.self)
      }
    }
    return .values(floats, shape)
  }
}

func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
  #expect(a.shape == b.shape)
  return zip(a.floats, b.floats).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

struct GeneratorTests {
  /// Images that NVlabs' code drew, image range about ±1.8; float32 sums differ in order.
  @Test(arguments: ["nv64-skip", "nv64-skip-old", "nd64-r0.9"])
  func agreesWithNVlabs(name: String) throws {
    let fixture = try Fixture(name)
    let file = try CheckpointFile.open(fixture.path("network.pkl"))
    let generator = Generator(try GeneratorShape(file, prefix: "G_ema."))
    try generator.load(file, prefix: "G_ema.")
    let z = try fixture.expected("z")
    #expect(generator.shape.resolution == 64)
    let w = Torch.withoutGradients { generator.mapping(z) }
    #expect(largestDifference(w, try fixture.expected("w")) < 1e-5)
    for (array, psi, noise) in [
      ("image_const", 1, NoiseMode.stored), ("image_none", 1, .none),
      ("image_const_psi0.7", 0.7, .stored),
    ] {
      let image = Torch.withoutGradients { generator(z, psi: psi, noise: noise) }
      #expect(largestDifference(image, try fixture.expected(array)) < 1e-5, "\(array)")
    }
  }
}
