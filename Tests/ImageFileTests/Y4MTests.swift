import ImageFile
import Testing

struct Y4MTests {
  @Test func saysWhatItIs() {
    let header = String(
      decoding: Y4M.header(width: 64, height: 32, frames: 24000, inSeconds: 1001), as: UTF8.self)
    #expect(header == "YUV4MPEG2 W64 H32 F24000:1001 Ip A1:1 C444 XCOLORRANGE=LIMITED\n")
  }

  // ITU-R BT.601 as it is written down, in Double.
  @Test func agreesWithBT601() throws {
    let values = stride(from: 0, through: 255, by: 15).map(UInt8.init)
    var bytes: [UInt8] = []
    for r in values { for g in values { for b in values { bytes += [r, g, b] } } }
    let count = bytes.count / 3
    let frame = try Y4M.frame(
      Pixels(width: values.count, height: count / values.count, channels: 3, bytes: bytes))
    #expect(frame.count == 6 + 3 * count)
    #expect(frame.starts(with: "FRAME\n".utf8))
    var wrong = 0
    for i in 0..<count {
      let (r, g, b) = (
        Double(bytes[3 * i]) / 255, Double(bytes[3 * i + 1]) / 255, Double(bytes[3 * i + 2]) / 255
      )
      let y = 0.299 * r + 0.587 * g + 0.114 * b
      let wanted = [16 + 219 * y, 128 + 224 * (b - y) / 1.772, 128 + 224 * (r - y) / 1.402]
      for (plane, value) in wanted.enumerated() {
        // At an exact half either neighbour is nearest.
        if abs(Double(frame[6 + plane * count + i]) - value) > 0.5 + 1e-6 { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test func keepsGreyGrey() throws {
    let frame = try Y4M.frame(Pixels(width: 3, height: 1, channels: 1, bytes: [0, 128, 255]))
    #expect(Array(frame.dropFirst(6)) == [16, 126, 235, 128, 128, 128, 128, 128, 128])
  }
}
