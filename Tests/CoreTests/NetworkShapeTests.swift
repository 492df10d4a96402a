import Core
import Testing

struct NetworkShapeTests {
  /// The totals of paper256 and its students, to the unit.
  @Test(arguments: [
    (0, 14_903_009_280, 24_767_458), (500, 3_734_302_720, 8_724_994),
    (700, 1_386_445_024, 4_959_947), (800, 617_773_872, 3_636_512),
    (900, 163_384_512, 2_685_074), (950, 47_497_440, 2_346_059),
  ])
  func countsPaper256(perMille: Int, macs: Int, parameters: Int) {
    let widths = Widths.pruned(Widths.teacher(resolution: 256, base: 16384), perMille: perMille)
    let shape = NetworkShape.styleGAN2Skip(widths: widths)
    #expect(shape.macs() == macs)
    #expect(shape.parameters == parameters)
  }

  @Test func countsConfigF() {
    let shape = NetworkShape.styleGAN2Skip(widths: Widths.teacher(resolution: 256, base: 32768))
    #expect(shape.macs() == 45_124_673_536)
  }

  @Test func keepsThePapersWidths() {
    let full = Widths.teacher(resolution: 256, base: 16384)
    #expect(full == [512, 512, 512, 512, 256, 128, 64])
    #expect(Widths.pruned(full, perMille: 900) == [52, 52, 52, 52, 26, 13, 7])
    #expect(Widths.pruned(full, perMille: 950) == [26, 26, 26, 26, 13, 7, 4])
    #expect(Widths.pruned(full, perMille: 700) == [154, 154, 154, 154, 77, 39, 20])
  }
}
