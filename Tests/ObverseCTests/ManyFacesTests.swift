import CObverse
import ModelFile
import Obverse
import ObverseC
import Testing

/// `obv_generate_many` against `obv_generate`.
struct ManyFacesTests {
  private static let seeds: [UInt32] = [5, 0, 4_294_967_295, 7, 5, 3, 11]

  @Test(
    arguments: [SyntheticModel.skip, .grey, .rgba, .mobile],
    [OBV_RGB8, OBV_RGBA8, OBV_BGRA8, OBV_RGBF32])
  func drawsWhatOneByOneDraws(kind: SyntheticModel, format: Int) throws {
    let model = try CModel(ModelFile.encode(kind.description))
    let side = kind.description.resolution
    // Gaps between rows and between pictures stay as they are.
    let row = side * [3, 4, 4, 12][format] + 8
    let picture = side * row + 16
    let random = UInt32(kind == .mobile ? OBV_NOISE_CONST : OBV_NOISE_RANDOM)
    for threads in 1...3 {
      let context = try CContext(model, threads: UInt32(threads))
      for count in [0, 1, Self.seeds.count] {
        var options = obv_draw_options_default()
        options.psi = 0.8
        options.noise = random
        var (found, wanted) = (
          [UInt8](repeating: 7, count: count * picture + 4),
          [UInt8](repeating: 7, count: count * picture + 4)
        )
        #expect(
          obv_generate_many(
            context.pointer, Self.seeds, count, &options, &found, picture, row,
            UInt32(format)) == OBV_OK)
        for (i, seed) in Self.seeds.prefix(count).enumerated() {
          options.noise_seed = seed
          wanted.withUnsafeMutableBytes {
            #expect(
              obv_generate(
                context.pointer, seed, &options, $0.baseAddress.map { $0 + i * picture }, row,
                UInt32(format)) == OBV_OK)
          }
        }
        #expect(found == wanted, "\(threads) threads, \(count) faces")
      }
    }
  }

  @Test func refusesWhatCannotBe() throws {
    let model = try CModel(ModelFile.encode(SyntheticModel.skip.description))
    let context = try CContext(model, threads: 2)
    let side = SyntheticModel.skip.description.resolution
    let picture = side * side * 3
    var pixels = [UInt8](repeating: 0, count: 2 * picture)
    func says(_ words: String, _ count: Int, _ imageStride: Int) {
      let status = obv_generate_many(
        context.pointer, Self.seeds, count, nil, &pixels, imageStride, 3 * side,
        UInt32(OBV_RGB8))
      #expect(status == OBV_ARGUMENT)
      #expect(String(cString: obv_last_error()).contains(words))
    }
    says("image_stride is \(picture - 1), less than the \(picture) bytes", 2, picture - 1)
    says("more than memory can hold", .max / 2, picture)
    says("more than memory can hold", 2, -1)
    #expect(
      obv_generate_many(context.pointer, nil, 1, nil, &pixels, picture, 3 * side, 0)
        == OBV_ARGUMENT)
    let conditional = try CModel(ModelFile.encode(SyntheticModel.conditional.description))
    let other = try CContext(conditional, threads: 2)
    #expect(
      obv_generate_many(
        other.pointer, Self.seeds, 2, nil, &pixels, picture, 3 * side,
        0) == OBV_REQUEST)
  }

  /// Progress counts faces, in the calling thread, and ends them all.
  ///
  /// How many of two threads' faces the calling one draws is chance, so that only its first word is sure.
  @Test(arguments: [(1, 4), (2, 0)])
  func tellsOfFacesAndStops(threads: UInt32, last: UInt32) throws {
    let model = try CModel(ModelFile.encode(SyntheticModel.skip.description))
    let context = try CContext(model, threads: threads)
    let side = SyntheticModel.skip.description.resolution
    let picture = side * side * 3
    var pixels = [UInt8](repeating: 0, count: 40 * picture)
    let seeds = (0..<40).map { UInt32($0) }
    final class Seen {
      var done: [UInt32] = []
      var last: UInt32 = 0
    }
    let seen = Seen()
    seen.last = last
    var options = obv_draw_options_default()
    options.progress_user = Unmanaged.passUnretained(seen).toOpaque()
    options.progress = { user, done, total in
      guard let user else { return 1 }
      let seen = Unmanaged<Seen>.fromOpaque(user).takeUnretainedValue()
      seen.done.append(done)
      return total == 40 && done < seen.last ? 0 : 1
    }
    func draw() -> obv_status {
      obv_generate_many(
        context.pointer, seeds, 40, &options, &pixels, picture, 3 * side, UInt32(OBV_RGB8))
    }
    #expect(draw() == OBV_CANCELLED)
    #expect(seen.done == seen.done.sorted() && seen.done.first == 0 && seen.done.last == last)
    options.progress = nil
    #expect(draw() == OBV_OK)
  }
}

/// `obv_context_options.precision`.
struct PrecisionTests {
  @Test func isRefusedWhereItIsNotThere() throws {
    func create(_ kind: SyntheticModel, _ precision: Int) throws -> (obv_status, String) {
      let model = try CModel(ModelFile.encode(kind.description))
      var options = obv_context_options(
        size: UInt32(MemoryLayout<obv_context_options>.size), threads: 1,
        isa: UInt32(OBV_ISA_MODEL), precision: UInt32(precision))
      var context: OpaquePointer?
      let status = obv_context_create(model.pointer, &options, &context)
      obv_context_destroy(context)
      return (status, status == OBV_OK ? "" : String(cString: obv_last_error()))
    }
    #expect(try create(.mobile, OBV_PRECISION_FLOAT32).0 == OBV_OK)
    #expect(try create(.mobile, 2).0 == OBV_ARGUMENT)
    let model = try Model(SyntheticModel.mobile.description)
    let isHere = Precision.bf16.isAvailable(with: model.instructionSet)
    let (status, words) = try create(.mobile, OBV_PRECISION_BF16)
    #expect(status == (isHere ? OBV_OK : OBV_USAGE))
    #expect(isHere || words.contains("AVX512-BF16"))
    let (other, why) = try create(.skip, OBV_PRECISION_BF16)
    #expect(other == (isHere ? OBV_REQUEST : OBV_USAGE))
    #expect(!isHere || why.contains("is for separable networks"))
  }
}
