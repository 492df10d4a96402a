import Kernels
import Testing

/// `Reference` against closed forms. Data are small whole numbers, so that sums are exact and
/// results are compared for equality, unless a root or a quotient rounds.
struct ReferenceTests {
  @Test func normalizesTheSecondMoment() {
    var random = SplitMix64(seed: 20)
    let z = random.floats(512).map { $0 * 37 }
    let found = Reference.normalized(z)
    let moment = found.reduce(0.0) { $0 + Double($1) * Double($1) } / 512
    // Each value rounds once, which its square doubles; 1e-8 is far below a moment of 456.
    #expect(abs(moment - 1) <= 2 * 0x1p-24)
    #expect(zip(z, found).allSatisfy { ($0 < 0) == ($1 < 0) })
    #expect(Reference.normalized([0, 0, 0]) == [0, 0, 0])
    // sqrt(mean + 1e-8) is √2 10⁻⁴ for a mean of 1e-8.
    let faint = Reference.normalized([1e-4, -1e-4])
    let half: Float = 0.5
    #expect(abs(faint[0] - half.squareRoot()) < 1e-7 && faint[1] == -faint[0])
  }

  @Test func multipliesMatrixByVector() {
    // Row-major [out, in]: rows (1, 2, 3) and (4, 5, 6).
    #expect(Reference.dense([1, -1, 2], weight: [1, 2, 3, 4, 5, 6], bias: [10, -20]) == [15, -9])
    #expect(Reference.dense([7], weight: [3, -2], bias: [0, 1]) == [21, -13])
  }

  @Test func activatesThenGainsThenClamps() {
    let x: [Float] = [-8, -1, 0, 1, 8]
    #expect(Reference.activated(x, slope: 0.25, gain: 2) == [-4, -0.5, 0, 2, 16])
    #expect(Reference.activated(x, slope: 0.25, gain: 2, clamp: 3) == [-3, -0.5, 0, 2, 3])
    #expect(Reference.activated(x, slope: 1, gain: 1, clamp: 1) == [-1, -1, 0, 1, 1])
  }

  @Test(arguments: [1, 9])
  func demodulatesToUnitVariance(taps: Int) {
    var random = SplitMix64(seed: 21)
    let weight = random.floats(5 * 13 * taps)
    let style = random.floats(13).map { $0 + 2 }
    let factors = Reference.demodulation(weight: weight, style: style, outChannels: 5)
    #expect(factors.count == 5)
    for o in 0..<5 {
      var variance = 0.0
      for i in 0..<13 {
        for k in 0..<taps {
          let w = Double(weight[(o * 13 + i) * taps + k]) * Double(style[i]) * Double(factors[o])
          variance += w * w
        }
      }
      // The factor rounds once and is squared; the 1e-8 weighs less than a thousandth of that.
      #expect(abs(variance - 1) <= 2.1 * 0x1p-24)
    }
    let empty = Reference.demodulation(
      weight: [Float](repeating: 0, count: taps), style: [3], outChannels: 1)
    #expect(empty == [1e4])
    // A style belongs to the taps of its channel: (2 * 3)² + (16 * 0.5)² and (1 * 3)² + (8 * 0.5)².
    #expect(
      Reference.demodulation(weight: [2, 16, 1, 8], style: [3, 0.5], outChannels: 2)
        == [0.1, 0.2])
  }

  @Test func modulatesChannels() {
    #expect(Reference.modulated([1, 2, 3, 4, 5, 6], style: [10, -1, 0]) == [10, 20, -3, -4, 0, 0])
  }

  @Test func convolvesWithABorderOfZeros() {
    let x: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    func shifted(_ tap: Int) -> [Float] {
      Reference.conv3x3(x, weight: (0..<9).map { $0 == tap ? 1 : 0 }, inChannels: 1, size: 3)
    }
    #expect(shifted(4) == x)
    // A cross-correlation: the first tap reads above and to the left.
    #expect(shifted(0) == [0, 0, 0, 0, 1, 2, 0, 4, 5])
    #expect(shifted(2) == [0, 0, 0, 2, 3, 0, 5, 6, 0])
    #expect(shifted(5) == [2, 3, 0, 5, 6, 0, 8, 9, 0])
    #expect(shifted(7) == [4, 5, 6, 7, 8, 9, 0, 0, 0])
  }

  @Test func convolvesChannels() {
    var random = SplitMix64(seed: 22)
    let (x, weight) = (random.integers(3 * 16), random.integers(2 * 3 * 9))
    let exact = Exact(x, size: 4).convolved(weight, kernel: 3)
    let found = Reference.conv3x3(x, weight: weight, inChannels: 3, size: 4)
    #expect(found.map { Double($0) } == exact.values)
    let pointwise = Array(weight[..<12])
    #expect(
      Reference.conv1x1(x, weight: pointwise, inChannels: 3).map { Double($0) }
        == Exact(x, size: 4).convolved(pointwise, kernel: 1).values)
    let depthwise = Array(weight[..<27])
    #expect(
      Reference.depthwise3x3(x, weight: depthwise, size: 4).map { Double($0) }
        == Exact(x, size: 4).depthwise(depthwise).values)
  }

  @Test func mixesChannelsPointwise() {
    // out[0] = x[0] + 2 x[1], out[1] = 3 x[0] + 4 x[1], out[2] = -x[1].
    #expect(
      Reference.conv1x1([1, 2, 10, 20], weight: [1, 2, 3, 4, 0, -1], inChannels: 2)
        == [21, 42, 43, 86, -10, -20])
  }

  @Test func transposesWithoutFlipping() {
    let kernel: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 9]
    // A one at (1, 0) of 2 x 2 puts the kernel, as it stands, at (2, 0) of 5 x 5.
    let found = Reference.transposedConv3x3(
      [0, 0, 1, 0], weight: kernel, inChannels: 1, size: 2)
    let wanted: [Double] = [
      0, 0, 0, 0, 0,
      0, 0, 0, 0, 0,
      1, 2, 3, 0, 0,
      4, 5, 6, 0, 0,
      7, 8, 9, 0, 0,
    ]
    #expect(found == wanted)
    // Neighbours overlap in the row and column between them.
    let all = Reference.transposedConv3x3(
      [1, 1, 1, 1], weight: kernel, inChannels: 1, size: 2)
    #expect(all[12] == 1 + 3 + 7 + 9)
    #expect(all[11] == 2 + 8 && all[6] == 5 && all[24] == 9)
  }

  @Test func spreadsADeltaByTheFilter() {
    // A one at (1, 1) of 4 x 4. Its raw value at the kernel's middle, row 3, reaches output
    // 3 - 2 ... 3 + 1 by 1, 3, 3, 1 quarters an axis: gain 4 in all.
    let line = [0.0, 0.25, 0.75, 0.75, 0.25, 0, 0, 0]
    var delta = [Float](repeating: 0, count: 16)
    delta[5] = 1
    let wanted = line.flatMap { a in line.map { Float(a * $0) } }
    #expect(
      Reference.upConv3x3(
        delta, weight: [0, 0, 0, 0, 1, 0, 0, 0, 0], inChannels: 1, size: 4) == wanted)
    #expect(Reference.upsampled(delta, channels: 1, size: 4) == wanted)
    // The kernel's first tap is raw row 2: one less; its last one more.
    func moved(_ tap: Int) -> [Float] {
      Reference.upConv3x3(
        delta, weight: (0..<9).map { $0 == tap ? 1 : 0 }, inChannels: 1, size: 4)
    }
    let (up, down) = (Array(line[1...] + [0]), Array([0] + line[..<7]))
    #expect(moved(0) == up.flatMap { a in up.map { Float(a * $0) } })
    #expect(moved(8) == down.flatMap { a in down.map { Float(a * $0) } })
    #expect(moved(2) == up.flatMap { a in down.map { Float(a * $0) } })
  }

  @Test func upConvolvesChannels() {
    var random = SplitMix64(seed: 23)
    let (x, weight) = (random.integers(3 * 16), random.integers(2 * 3 * 9))
    #expect(
      Reference.upConv3x3(x, weight: weight, inChannels: 3, size: 4).map { Double($0) }
        == Exact(x, size: 4).upConvolved(weight).values)
    #expect(
      Reference.upsampled(x, channels: 3, size: 4).map { Double($0) }
        == Exact(x, size: 4).upsampled().values)
  }

  @Test func keepsAConstantPlaneInside() {
    let found = Reference.upsampled([Float](repeating: 8, count: 2 * 16), channels: 2, size: 4)
    for y in 0..<8 {
      for x in 0..<8 {
        // Outside are zeros: the outermost pixels miss a quarter an axis.
        let rows: Float = y % 7 == 0 ? 0.75 : 1
        let wanted = 8 * rows * (x % 7 == 0 ? 0.75 : 1)
        #expect(found[y * 8 + x] == wanted && found[64 + y * 8 + x] == wanted)
      }
    }
  }

  @Test func invertsHaar() {
    // Two channels: low-pass 0 and 1, then three details for each. Pure low-pass is halved.
    var bands = [Float](repeating: 0, count: 8)
    bands[0] = 6
    bands[1] = 10
    #expect(Reference.inverseHaar(bands, size: 1) == [3, 3, 3, 3, 5, 5, 5, 5])
    // Details of channel 1 lie at 5, 6, 7: rows, columns, diagonal.
    let patterns: [[Float]] = [[1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
    for (k, pattern) in patterns.enumerated() {
      var detail = [Float](repeating: 0, count: 8)
      detail[5 + k] = 2
      #expect(Reference.inverseHaar(detail, size: 1) == [0, 0, 0, 0] + pattern)
      detail[5 + k] = 0
      detail[2 + k] = 2
      #expect(Reference.inverseHaar(detail, size: 1) == pattern + [0, 0, 0, 0])
    }
    // It is orthonormal, and each pixel becomes its own four.
    var random = SplitMix64(seed: 24)
    let x = random.integers(8 * 4)
    let found = Reference.inverseHaar(x, size: 2)
    #expect(found.reduce(0) { $0 + $1 * $1 } == x.reduce(0) { $0 + $1 * $1 })
    #expect(found.map { Double($0) } == Exact(x, size: 2).inverseHaar().values)
  }

  @Test func finishesWithFactorNoiseAndBias() {
    let x: [Float] = [1, 2, 3, 4]
    #expect(
      Reference.finished(x, factors: nil, noise: nil, strength: 9, bias: [10, 20])
        == [11, 12, 23, 24])
    // Noise is one plane for both channels and is not demodulated.
    #expect(
      Reference.finished(x, factors: [2, -1], noise: [1, -3], strength: 0.5, bias: [10, 20])
        == [12.5, 12.5, 17.5, 14.5])
  }

  @Test(
    arguments: [
      (-1, 0), (0, 128), (-0.0, 128), (1, 255),
      // 128.99, 127.99, 1.1 and 0.9, 254.9 and 255.1 lose their fraction.
      (0.99 / 127.5, 128), (-0.01 / 127.5, 127), (-126.9 / 127.5, 1), (-127.1 / 127.5, 0),
      (126.9 / 127.5, 254), (127.1 / 127.5, 255),
      (.nan, 0), (.infinity, 255), (-.infinity, 0), (3e38, 255), (-3e38, 0),
    ] as [(Float, UInt8)])
  func truncatesToBytes(value: Float, byte: UInt8) {
    #expect(Reference.bytes([value], channels: 1) == [byte])
  }

  @Test func interleavesBytes() {
    #expect(Reference.bytes([-1, 1, 0, -1, 1, 0], channels: 3) == [0, 128, 255, 255, 0, 128])
  }
}
