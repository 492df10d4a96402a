import Kernels
import Testing

struct DrawnNoiseTests {
  private let size = 256

  /// A moment of n normals is itself nearly normal, of a known standard error; five of them.
  @Test(arguments: [(0, 0), (85, 1), (4_294_967_295, 13)] as [(UInt32, Int)])
  func isNormal(seed: UInt32, layer: Int) {
    let values = DrawnNoise.plane(size: size, seed: seed, layer: layer).map { Double($0) }
    let n = Double(values.count)
    var moments = [Double](repeating: 0, count: 5)
    var beyond = 0
    for value in values {
      var power = 1.0
      for k in 1...4 {
        power *= value
        moments[k] += power / n
      }
      if abs(value) > 1 { beyond += 1 }
    }
    #expect(abs(moments[1]) < 5 * (1 / n).squareRoot())
    #expect(abs(moments[2] - 1) < 5 * (2 / n).squareRoot())
    // Of raw moments: the variances of x³ and x⁴ are 15 and 105 - 9.
    #expect(abs(moments[3]) < 5 * (15 / n).squareRoot())
    #expect(abs(moments[4] - 3) < 5 * (96 / n).squareRoot())
    // 31.73 % lie beyond one standard deviation.
    #expect(abs(Double(beyond) / n - 0.317_31) < 5 * (0.317 * 0.683 / n).squareRoot())
  }

  /// The correlation of n independent pairs has standard error 1 / √n.
  @Test func isIndependent() {
    let n = size * size
    let plane = DrawnNoise.plane(size: size, seed: 7, layer: 3)
    let others: [(String, [Float])] = [
      ("next seed", DrawnNoise.plane(size: size, seed: 8, layer: 3)),
      ("next layer", DrawnNoise.plane(size: size, seed: 7, layer: 4)),
      ("seed and layer exchanged", DrawnNoise.plane(size: size, seed: 3, layer: 7)),
      ("next column", Array(plane[1...] + plane[..<1])),
      ("second column", Array(plane[2...] + plane[..<2])),
      ("next row", Array(plane[size...] + plane[..<size])),
    ]
    for (name, other) in others {
      var sum = 0.0
      var squares = 0.0
      for (a, b) in zip(plane, other) {
        sum += Double(a) * Double(b)
        squares += Double(a * a - 1) * Double(b * b - 1) / 2
      }
      #expect(abs(sum) < 5 * Double(n).squareRoot(), "\(name)")
      // Squares too: the two normals of a pair share a radius and must hide it.
      #expect(abs(squares) < 5 * Double(n).squareRoot(), "\(name), squares")
    }
  }

  @Test func repeatsItself() {
    let plane = DrawnNoise.plane(size: 16, seed: 5, layer: 2)
    #expect(areSameBits(plane, DrawnNoise.plane(size: 16, seed: 5, layer: 2)))
    for (seed, layer) in [(5, 3), (6, 2), (2, 5)] as [(UInt32, Int)] {
      let other = DrawnNoise.plane(size: 16, seed: seed, layer: layer)
      #expect(!zip(plane, other).contains { $0 == $1 }, "seed \(seed), layer \(layer)")
    }
    // Pixels are counted through, so a plane's rows differ among themselves.
    #expect(Set(plane).count == plane.count)
  }

  @Test(arguments: [2, 4, 16])
  func doesNotDependOnTheSplit(size: Int) {
    var arena = Arena()
    let output = arena.reserve(size * size)
    let job = Job(
      arena: arena, rows: size, output: output..<(output + size * size), scratch: 0..<0,
      written: { [(output + $0.lowerBound * size)..<(output + $0.upperBound * size)] },
      run: { DrawnNoise.fill($0, at: output, size: size, rows: $1, seed: 1, layer: 4) })
    let found = job.result("size \(size)")
    #expect(areSameBits(found, DrawnNoise.plane(size: size, seed: 1, layer: 4)))
  }
}
