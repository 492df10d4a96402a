import Foundation
import Support
import Testing

/// `convert --type i8`, with `compare` as its gate.
struct QuantizedTests {
  // 38 dB is a difference of about 3 of 255 (root mean square): hardly visible side by side.
  @Test(arguments: Fixture.all)
  func staysAbove38dB(_ fixture: Fixture) throws {
    let model = try ModelFolder(fixture.name)
    let convert = try model.run(["convert", "net.obv", "-o", "i8.obv", "--type", "i8"])
    #expect(convert.code == 0, "\(convert.errors)")
    let gate = try model.run(["compare", "net.obv", "i8.obv", "--psnr", "38"])
    #expect(gate.code == 0, "\(gate.errors)")
    let (small, large) = (try model.data("i8.obv").count, try model.data("net.obv").count)
    // Bytes are a quarter, the mapping a half; these are so small that tables, scales and biases count.
    #expect(Double(small) / Double(large) <= 0.36)
    let inspect = try model.run(["inspect", "i8.obv", "--tensors"])
    #expect(inspect.lines.first?.contains("obv 2") == true)
  }
}
