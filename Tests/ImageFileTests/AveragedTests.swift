import ImageFile
import Testing

struct AveragedTests {
  /// Means are rounded half up, channels stay apart, and what does not fill a square is left out.
  @Test func pixelsAreMeansOfSquares() {
    let image = Pixels(
      width: 5, height: 3, channels: 2,
      bytes: [
        0, 200, 1, 200, 10, 0, 20, 8, 99, 99,
        0, 200, 1, 200, 30, 0, 41, 8, 99, 99,
        7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
      ])
    let small = image.averaged(by: 2)
    #expect((small.width, small.height) == (2, 1))
    #expect(small.bytes == [1, 200, 25, 4])
    #expect(image.averaged(by: 1, rows: 1).bytes == Array(image.bytes.prefix(10)))
  }
}
