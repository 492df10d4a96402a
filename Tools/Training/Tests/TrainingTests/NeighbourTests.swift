import Core
import Foundation
import ImageFile
import Testing

import Networks
import Torch

@testable import Training

@Suite(.serialized)
struct NeighbourTests {
  init() { Torch.threads = 1 }

  /// Pictures that a generator has drawn lie among the real ones: each is found, and found first.
  @Test func copiesAreFound() throws {
    let folder = try TemporaryFolder()
    let faces = folder.path + "/faces"
    try FileManager.default.createDirectory(atPath: faces, withIntermediateDirectories: true)
    try RunTests.writeImages(9, to: faces)
    Torch.seed(4)
    let generator = Generator(GeneratorShape(zDim: 8, wDim: 8, widths: [8, 8, 8, 8, 8, 8]))
    let drawn = Torch.withoutGradients { generator(Sheet.latents(2, zDim: 8, on: .cpu)) }
    for i in 0..<2 {
      // Behind the others in the order of names, the second seed first.
      let png = try PNG.encode(Sheet.pixels(drawn.slice(axis: 0, i..<(i + 1)), columns: 1))
      try Data(png).write(to: URL(filePath: "\(faces)/x\(1 - i).png"))
    }
    let data = try ImageData(faces, size: 16)
    let sheet = folder.path + "/sheet.png"
    let rows = try Neighbours.write(
      generator, data: data, network: nil, count: 2, nearest: 3, to: sheet, on: .cpu)
    #expect(rows.map { $0[0].position } == [10, 9])
    #expect(rows.allSatisfy { $0.count == 3 && $0[0].distance < min(0.05, $0[1].distance) })
    let pixels = try PNG.decode(try Bytes(mapping: sheet))
    #expect(pixels.width == 64 && pixels.height == 32)
  }
}
