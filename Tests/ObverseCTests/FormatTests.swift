import CObverse
import ModelFile
import Obverse
import ObverseC
import Testing

/// The C functions against the Swift interface, for images of every channel count.
struct FormatTests {
  @Test(arguments: [SyntheticModel.skip, .grey, .rgba, .conditional, .mobile])
  func drawsWhatTheSwiftInterfaceDraws(kind: SyntheticModel) throws {
    let bytes = try ModelFile.encode(kind.description)
    let model = try Model(bytes: Bytes(bytes))
    let label = model.classes > 0 ? 1 : nil
    let wanted = try Generator(model, threads: 1).face(seed: 5, psi: 0.7, label: label)

    let opened = try CModel(bytes)
    let context = try CContext(opened, threads: 2)
    var options = obv_draw_options_default()
    options.psi = 0.7
    options.label = Int32(label ?? -1)
    let side = model.resolution
    let channels = model.imageChannels
    for (format, order) in [
      (OBV_RGB8, [0, 1, 2]), (OBV_RGBA8, [0, 1, 2]), (OBV_BGRA8, [2, 1, 0]),
    ] {
      let size = format == OBV_RGB8 ? 3 : 4
      var pixels = [UInt8](repeating: 7, count: side * side * size)
      #expect(
        obv_generate(context.pointer, 5, &options, &pixels, side * size, UInt32(format))
          == OBV_OK)
      for i in 0..<(side * side) {
        let source = wanted.pixels[(i * channels)..<((i + 1) * channels)]
        let first = source.startIndex
        for c in 0..<3 {
          let value = source[channels < 3 ? first : first + c]
          #expect(pixels[i * size + order[c]] == value)
        }
        if size == 4 {
          #expect(pixels[i * size + 3] == (channels % 2 == 0 ? source[first + channels - 1] : 255))
        }
      }
    }

    var floats = [Float](repeating: .nan, count: side * side * 3)
    #expect(
      obv_generate(context.pointer, 5, &options, &floats, side * 12, UInt32(OBV_RGBF32)) == OBV_OK)
    for (i, value) in floats.enumerated() {
      // The byte rule of the network, and grey for all three colours.
      let byte = UInt8(min(max(value * 127.5 + 128, 0), 255))
      let c = channels < 3 ? 0 : i % 3
      #expect(byte == wanted.pixels[i / 3 * channels + c])
    }
  }

  @Test func aConditionalModelNeedsALabel() throws {
    let bytes = try ModelFile.encode(SyntheticModel.conditional.description)
    let context = try CContext(CModel(bytes), threads: 1)
    var pixels = [UInt8](repeating: 0, count: 8 * 8 * 3)
    #expect(obv_generate(context.pointer, 5, nil, &pixels, 24, UInt32(OBV_RGB8)) == OBV_REQUEST)
  }
}

/// A model of the C interface that closes itself.
final class CModel: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ bytes: [UInt8]) throws {
    var pointer: OpaquePointer?
    let status = obv_model_open_memory(bytes, bytes.count, UInt32(OBV_COPY), &pointer)
    try #require(status == OBV_OK, "\(String(cString: obv_last_error()))")
    self.pointer = try #require(pointer)
  }

  deinit { obv_model_close(pointer) }
}

/// A context of the C interface that destroys itself.
final class CContext: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ model: CModel, threads: UInt32) throws {
    var pointer: OpaquePointer?
    var options = obv_context_options(
      size: UInt32(MemoryLayout<obv_context_options>.size), threads: threads,
      isa: UInt32(OBV_ISA_MODEL), precision: UInt32(OBV_PRECISION_FLOAT32))
    try #require(obv_context_create(model.pointer, &options, &pointer) == OBV_OK)
    self.pointer = try #require(pointer)
  }

  deinit { obv_context_destroy(pointer) }
}
