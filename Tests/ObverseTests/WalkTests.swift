import Foundation
import Obverse
import Support
import Testing

/// Walks against SciPy's interpolation, as NVlabs' gen_video.py calls it.
struct WalkTests {
  struct Table: Decodable {
    let framesPerKey: Int
    let cases: [Case]
  }

  struct Case: Decodable, Sendable, CustomStringConvertible {
    let interpolation: String
    let loops: Bool
    let keys: [[Double]]
    let frames: [[Double]]

    var description: String { "\(keys.count) keys, \(interpolation), loops \(loops)" }
  }

  static let table: Table? = {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/Walk/walk.json")
    return try? JSONDecoder().decode(Table.self, from: Data(contentsOf: path))
  }()

  @Test func hasItsTable() {
    #expect(Self.table?.cases.count == 20)
  }

  @Test(arguments: table?.cases ?? [])
  func agreesWithSciPy(_ one: Case) throws {
    let walk = try Walk(
      keys: one.keys.map { $0.map(Float.init) }, framesPerKey: Self.table?.framesPerKey ?? 0,
      interpolation: #require(Walk.Interpolation(rawValue: one.interpolation)), loops: one.loops)
    #expect(walk.count == one.frames.count)
    // SciPy's spline is made in Double, as ours: what is left is one rounding to Float. Its lines are
    // made in Float: a difference and a product, each rounded, and a sum.
    let largest = one.keys.joined().reduce(0) { max($0, abs($1)) }
    let slack = one.interpolation == "linear" ? 3 * Double(Float(largest).ulp) : 1e-12
    var worst = 0.0
    for (frame, wanted) in zip(walk, one.frames) {
      for (found, value) in zip(frame, wanted) {
        worst = max(worst, abs(Double(found) - value) - Double(Float(value).ulp) / 2)
      }
    }
    #expect(worst <= slack)
  }

  @Test func passesThroughTheKeyFramesExactly() throws {
    let keys: [[Float]] = [[0.1, -7], [3.3, 1e-9], [-2, 1e9]]
    let walk = try Walk(keys: keys, framesPerKey: 7)
    for (i, key) in keys.enumerated() { #expect(walk[7 * i] == key) }
    let open = try Walk(keys: keys, framesPerKey: 7, loops: false)
    #expect(open.last == keys[2])
  }

  @Test func refusesKeyFramesThatDoNotFit() {
    #expect(throws: ObverseError.self) { try Walk(keys: []) }
    #expect(throws: ObverseError.self) { try Walk(keys: [[1], [1, 2]]) }
    #expect(throws: ObverseError.self) { try Walk(keys: [[1]], framesPerKey: 0) }
    #expect(throws: ObverseError.self) { try Walk(keys: [[1], [2]], framesPerKey: .max) }
  }

  @Test func drawsAKeyFrameAsTheSeedIsDrawn() throws {
    let generator = try Generator(Model(SyntheticModel.skip.description), threads: 1)
    let walk = try generator.walk(through: [3, 9], framesPerKey: 2)
    var pixels: [UInt8] = []
    for (frame, seed) in [(0, 3), (2, 9)] as [(Int, UInt32)] {
      try generator.draw(walk, frame: frame, psi: 0.5, into: &pixels)
      #expect(try pixels == generator.face(seed: seed, psi: 0.5).pixels)
    }
  }
}

/// Style mixing.
struct MixTests {
  @Test func takesTheStylesOfTheColumn() throws {
    let generator = try Generator(Model(SyntheticModel.skip.description), threads: 1)
    let model = generator.model
    let (row, column) = (
      [Float](repeating: 1, count: model.wsCount * model.wDim),
      [Float](repeating: 2, count: model.wsCount * model.wDim)
    )
    let mixed = try generator.mix(row, column, layers: [0, 2])
    for layer in 0..<model.wsCount {
      let entry = mixed[layer * model.wDim..<(layer + 1) * model.wDim]
      #expect(entry.allSatisfy { $0 == (layer == 0 || layer == 2 ? 2 : 1) })
    }
    #expect(throws: ObverseError.self) { try generator.mix(row, column, layers: [model.wsCount]) }
    #expect(throws: ObverseError.self) { try generator.mix(row, [1], layers: [0]) }
  }

  // rosinality's own mixed image: z[0] in layers 0 to 2, z[1] in the rest.
  @Test(arguments: ["rosi64-zip", "cagc64-odd"])
  func drawsTheReferenceMix(name: String) throws {
    let fixture = try Fixture.named(name)
    let wanted = try fixture.expected("image_const_mix3")
    let generator = try Generator(
      Model(FixtureImageTests.model(fixture, fixture.checkpoints[0])), threads: 1)
    let (z, zDim) = (try fixture.expected("z"), generator.model.zDim)
    let ws = try (0..<2).map {
      try generator.ws(from: generator.map(z: Array(z[$0 * zDim..<($0 + 1) * zDim])))
    }
    var planes: [Float] = []
    try generator.synthesize(ws: generator.mix(ws[1], ws[0], layers: 0..<3), into: &planes)
    let largest = wanted.reduce(0) { max($0, $1.magnitude) }
    let worst = zip(planes, wanted).reduce(0) { max($0, ($1.0 - $1.1).magnitude) }
    // The whole-network tolerance for f32 models.
    #expect(planes.count == wanted.count && worst <= 5e-5 * largest, "\(worst) of \(largest)")
  }
}
