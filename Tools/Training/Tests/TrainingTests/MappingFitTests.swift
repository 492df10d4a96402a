import Checkpoint
import Core
import Foundation
import Networks
import Testing
import Torch

@testable import Training

struct MappingFitTests {
  let folder: TemporaryFolder
  let latents: String

  init() throws {
    folder = try TemporaryFolder()
    latents = folder.path + "/latents.npz"
    // Signs, and a product: nothing that a linear map would find.
    Torch.seed(3)
    let z = Tensor.normal([3000, 4]).floats
    let unit = stride(from: 0, to: z.count, by: 4).map { row in
      let scale = (z[row..<row + 4].reduce(0) { $0 + $1 * $1 } / 4).squareRoot()
      return z[row..<row + 4].map { $0 / scale }
    }
    var w: [Float] = []
    for z in unit {
      w += [0.5, 3 + z[3], z[1] * z[2], 0]
      w += z
      w += z.map { -$0 }
      w += z.map { $0 > 0 ? 1 : -1 }
    }
    let file = NumPy.npz([("w", [3000, 16], w), ("z", [3000, 4], z)])
    try Data(file).write(to: URL(filePath: latents))
  }

  private var fit: MappingFit {
    var fit = MappingFit()
    (fit.layers, fit.steps, fit.batch, fit.heldOut) = (3, 1500, 64, 500)
    return fit
  }

  @Test func findsWhatZDecides() throws {
    let path = folder.path + "/mapping.npz"
    let share = try fit.fit(latents, to: path, on: .cpu)
    #expect(share > 0.8 && share < 1)
    // What was written is what was measured.
    let mapping = Mapping(Registry(device: .cpu), zDim: 4, wDim: 16, layers: 3)
    try mapping.load(folded: path)
    let tensors = try CheckpointFile.open(latents).tensors
    let rows = 0..<500
    let seen = mapping(.values(Array(tensors[1].tensor.floats[0..<2000]), [500, 4])).floats
    let truth = Array(tensors[0].tensor.floats[0..<8000])
    var (lost, spread) = (Float(0), Float(0))
    for column in 0..<16 {
      let mean = rows.reduce(Float(0)) { $0 + truth[$1 * 16 + column] } / 500
      for row in rows {
        let i = row * 16 + column
        lost += (seen[i] - truth[i]) * (seen[i] - truth[i])
        spread += (truth[i] - mean) * (truth[i] - mean)
      }
    }
    #expect(abs(Double(1 - lost / spread) - share) < 1e-3)
    let average = mapping.wAverage.floats
    #expect(abs(average[0] - 0.5) < 1e-5 && abs(average[1] - 3) < 0.1)
  }

  @Test func saysWhatItMisses() throws {
    let path = folder.path + "/other.npz"
    func refuse(_ arrays: [(name: String, shape: [Int], floats: [Float])]) throws {
      try Data(NumPy.npz(arrays)).write(to: URL(filePath: path))
      #expect(throws: ObverseError.self) {
        try fit.fit(path, to: folder.path + "/none.npz", on: .cpu)
      }
    }
    let row = [Float](repeating: 0, count: 4)
    try refuse([("w", [4, 1], row)])
    try refuse([("w", [4, 1], row), ("z", [2, 2], row)])
    try refuse([("w", [4], row), ("z", [4], row)])
    try refuse([("w", [4, 1], row), ("z", [4, 1], row)])  // too few
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none.npz"))
  }
}
