import Core
import ImageFile
import Testing

struct PPMTests {
  @Test func aLineOfTextThenTheSamples() throws {
    let gray = Pixels(width: 2, height: 1, channels: 1, bytes: [7, 255])
    #expect(try PPM.encode(gray) == Array("P5\n2 1\n255\n".utf8) + [7, 255])
    let color = Pixels(width: 1, height: 2, channels: 3, bytes: [1, 2, 3, 4, 5, 6])
    #expect(try PPM.encode(color) == Array("P6\n1 2\n255\n".utf8) + [1, 2, 3, 4, 5, 6])
    #expect(
      throws: ObverseError.request("PPM holds no alpha, the image has 4 channels", hint: nil)
    ) { try PPM.encode(.sample(2, 2, channels: 4)) }
  }
}
