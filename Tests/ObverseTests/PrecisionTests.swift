import Core
import Kernels
import Obverse
import Testing

/// Networks drawn with `Precision.bf16`.
struct PrecisionTests {
  /// Near float32's picture, not the same, and the same bytes whatever the number of threads.
  @Test(
    .enabled(if: Precision.bf16.isAvailable(with: .avx512)),
    arguments: [SyntheticModel.mobile, .largeMobile])
  func drawsNearlyTheSame(kind: SyntheticModel) throws {
    func planes(_ precision: Precision, threads: Int) throws -> [Float] {
      let model = try Model(
        kind.description, instructionSet: .avx512, precision: precision)
      #expect(model.precision == precision)
      let generator = try Generator(model, threads: threads)
      var planes: [Float] = []
      let ws = try generator.ws(from: generator.map(z: generator.latent(seed: 4)))
      try generator.synthesize(ws: ws, into: &planes)
      return planes
    }
    let whole = try planes(.float32, threads: 1)
    let reduced = try planes(.bf16, threads: 1)
    #expect(try planes(.bf16, threads: 2) == reduced && planes(.bf16, threads: 3) == reduced)
    #expect(reduced != whole)
    // A rounding of 2^-9 of each product, seen against the picture's own size.
    let largest = whole.map(abs).max() ?? 0
    let difference = zip(whole, reduced).map { abs($0 - $1) }.max() ?? 0
    #expect(difference < largest / 32, "\(difference) of \(largest)")
    let reports = try Generator(
      Model(kind.description, instructionSet: .avx512, precision: .bf16), threads: 1
    ).stepReports(.input)
    #expect(reports.contains { $0.precision == .bf16 } && reports.contains { $0.precision == nil })
  }

  @Test func isRefusedWhereItIsNotThere() throws {
    for set in InstructionSet.available where !Precision.bf16.isAvailable(with: set) {
      #expect(throws: ObverseError.self) {
        try Model(SyntheticModel.mobile.description, instructionSet: set, precision: .bf16)
      }
    }
    guard Precision.bf16.isAvailable(with: .avx512) else { return }
    #expect(
      throws: ObverseError.request(
        "precision bf16 is for separable networks, and this one is drawn in float32 alone",
        hint: nil)
    ) {
      try Model(SyntheticModel.skip.description, instructionSet: .avx512, precision: .bf16)
    }
  }
}
