import Avatars
import Foundation
import Testing

struct CanvasTests {
  private let white = Paint.even(Colour(0xffffff))

  /// The sum of a mask-like white drawing on black, in pixels.
  private func area(_ path: Path, size: Int) -> Double {
    var canvas = Canvas(size: size)
    canvas.fill(path, white)
    let bytes = canvas.picture.bytes
    return stride(from: 0, to: bytes.count, by: 3).reduce(0) { $0 + Double(bytes[$1]) / 255 }
  }

  /// A pixel is covered as far as the polygon reaches into it.
  @Test func coversByArea() {
    var canvas = Canvas(size: 100)  // a unit is a pixel
    canvas.fill(
      .polygon(Point(10.25, 20), Point(12, 20), Point(12, 21.5), Point(10.25, 21.5)), white)
    let bytes = canvas.picture.bytes
    func value(_ x: Int, _ y: Int) -> UInt8 { bytes[(y * 100 + x) * 3] }
    #expect(value(10, 20) == 191)  // 0.75
    #expect(value(11, 20) == 255)
    #expect(abs(Int(value(10, 21)) - 96) <= 1)  // 0.75 · 0.5
    #expect(abs(Int(value(11, 21)) - 128) <= 1)  // 0.5, the middle between two bytes
    #expect(value(9, 20) == 0 && value(12, 20) == 0 && value(10, 22) == 0)
  }

  /// Slanted edges, where one leaves the picture too.
  @Test(arguments: [64, 100, 333])
  func sumsToTheWholeArea(size: Int) {
    let pixels = Double(size * size) / 10_000
    let triangle = Path.polygon(Point(3.3, 7.1), Point(90.2, 33.7), Point(41.9, 95.4))
    let (ax, ay, bx, by): (Double, Double, Double, Double) = (86.9, 26.6, 38.6, 88.3)
    let expected = (ax * by - bx * ay) / 2  // of the edges from the first corner
    // Each pixel on the edge rounds to a byte, evenly up and down.
    #expect(abs(area(triangle, size: size) / pixels - expected) < 1)
    let outside = Path.polygon(Point(-40, -40), Point(140, -40), Point(140, 50), Point(-40, 50))
    #expect(abs(area(outside, size: size) / pixels - 5000) < 1)
  }

  @Test func leavesTheHoleOfARing() {
    let knots = (0..<12).map { i in
      Point(
        50 + 30 * Float(cos(Double(i) * .pi / 6)), 50 + 30 * Float(sin(Double(i) * .pi / 6)))
    }
    let found = area(.ring(knots, width: 4), size: 200) / 4
    #expect(abs(found - 2 * .pi * 30 * 4) < 12, "\(found)")
  }

  @Test func masksWhatIsOutside() {
    var canvas = Canvas(size: 50)
    let left = Path.polygon(Point(0, 0), Point(50, 0), Point(50, 100), Point(0, 100))
    let mask = canvas.mask(left)
    canvas.fill(
      .polygon(Point(0, 40), Point(100, 40), Point(100, 60), Point(0, 60)), white, within: mask)
    let bytes = canvas.picture.bytes
    #expect(bytes[(25 * 50 + 24) * 3] == 255)
    #expect(bytes[(25 * 50 + 25) * 3] == 0)
  }

  @Test func turnsByTheAngle() {
    for step in -100...300 {
      let turns = Float(step) / 97
      let rotation = Rotation(turns: turns)
      let angle = Double(turns) * 2 * .pi
      #expect(abs(Double(rotation.cosine) - cos(angle)) < 0.006)
      #expect(abs(Double(rotation.sine) - sin(angle)) < 0.006)
      let square = rotation.cosine * rotation.cosine + rotation.sine * rotation.sine
      #expect(abs(square - 1) < 1e-6)
    }
  }

  /// To OKLab and back gives the byte that was written.
  @Test func keepsColours() {
    var seed: UInt32 = 1
    for _ in 0..<2000 {
      seed = seed &* 1_664_525 &+ 1_013_904_223
      let hex = seed >> 8
      let rgb = Colour(hex).rgb * 255
      for (channel, shift) in [16, 8, 0].enumerated() {
        let wanted = Float(hex >> UInt32(shift) & 255)
        #expect(abs(rgb[channel] - wanted) < 0.5, "\(hex) gives \(rgb)")
      }
    }
    // Ottosson's own example values: white, and pure red.
    #expect(abs(Colour(0xffffff).lightness - 1) < 1e-4)
    #expect(abs(Colour(0xff0000).lightness - 0.627_955) < 1e-4)
  }
}
