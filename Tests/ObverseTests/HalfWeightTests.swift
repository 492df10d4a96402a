import Converter
import Core
import ModelFile
import Obverse
import Support
import Testing

/// f16 files draw what the checkpoint's own code drew, within 2 of 255 and 0.2 on average.
struct HalfWeightTests {
  @Test(arguments: Fixture.all)
  func halfWeightsStayClose(fixture: Fixture) throws {
    let expected = try fixture.expected("image_const")
    // An image far outside of -1 ... 1 is clamped noise; half precision says nothing about it.
    guard expected.allSatisfy({ abs($0) <= 8 }) else { return }
    let full = try FixtureImageTests.model(fixture, fixture.checkpoints[0])
    let generator = try Generator(Model(full.converted(to: .float16)), threads: 1)
    let zDim = full.zDim
    let z = try fixture.expected("z")
    let size = full.imageChannels * full.resolution * full.resolution
    for n in 0..<(z.count / zDim) {
      let w = try generator.map(
        z: Array(z[(n * zDim)..<((n + 1) * zDim)]),
        label: FixtureImageTests.label(fixture, n, generator.model))
      var planes: [Float] = []
      try generator.synthesize(ws: generator.ws(from: w), into: &planes)
      var (largest, sum) = (0, 0)
      for (a, b) in zip(planes, expected[(n * size)..<((n + 1) * size)]) {
        let difference = abs(Int(byte(a)) - Int(byte(b)))
        largest = max(largest, difference)
        sum += difference
      }
      #expect(largest <= 2, "\(fixture) image \(n)")
      #expect(Double(sum) / Double(size) <= 0.2, "\(fixture) image \(n)")
    }
  }

  private func byte(_ value: Float) -> UInt8 {
    UInt8(min(max(value * 127.5 + 128, 0), 255))
  }
}
