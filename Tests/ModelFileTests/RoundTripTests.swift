import Core
import Foundation
import ModelFile
import Support
import Testing

struct RoundTripTests {
  @Test(arguments: TinyModel.all)
  func givesBackWhatWasWritten(_ model: TinyModel) throws {
    let written = model.description
    let bytes = try ModelFile.encode(written)
    let read = try ModelFile.read(Bytes(bytes))

    #expect(read.tensors.map(\.name) == written.tensors.map(\.name))
    for (a, b) in zip(read.tensors, written.tensors) {
      #expect(a.weights.shape == b.weights.shape, "\(a.name)")
      #expect(a.weights.type == b.weights.type, "\(a.name)")
      #expect(a.weights.bytes.array == b.weights.bytes.array, "\(a.name)")
    }
    #expect(read.resolution == written.resolution)
    #expect(read.imageChannels == written.imageChannels)
    #expect(read.zDim == written.zDim)
    #expect(read.wDim == written.wDim)
    #expect(read.cDim == written.cDim)
    #expect(read.wsCount == written.wsCount)
    #expect(read.slope == written.slope)
    #expect(read.synthesis.network.form == written.synthesis.network.form)
    #expect(read.provenance == written.provenance)
    #expect(read.weightsSHA256 == written.hashedWeights)
    #expect(read.shape == written.shape)
    // Gains, clamps, strengths and architecture, which the lines above do not compare.
    #expect(try ModelFile.encode(read) == bytes)
  }

  @Test(arguments: TinyModel.all)
  func aFileOnDiskIsTheEncoding(_ model: TinyModel) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/a.obv"
    let hash = try ModelFile.write(model.description, to: path)
    #expect(try Bytes(mapping: path).array == ModelFile.encode(model.description))
    let read = try ModelFile.read(path: path)
    #expect(read.weightsSHA256 == hash)
    #expect(read.hashedWeights == hash)
  }

  @Test(arguments: TinyModel.all)
  func weightsLieInTheFileInOrderAt64Bytes(_ model: TinyModel) throws {
    let file = Bytes(try ModelFile.encode(model.description))
    let base = file.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    var end: UInt = 8
    for (name, weights) in try ModelFile.read(file).tensors {
      let start = weights.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } - base
      #expect(start % 64 == 0, "\(name)")
      #expect(start >= end, "\(name) was copied, or is out of order")
      end = start + UInt(weights.bytes.count)
    }
    #expect(end == UInt(file.count))
  }

  @Test func unalignedMemoryIsCopied() throws {
    let bytes = try ModelFile.encode(TinyModel().description)
    for shift in [1, 4, 32] {
      let moved = Bytes([UInt8](repeating: 7, count: shift) + bytes)
      let file = try #require(moved.slice(at: shift, count: bytes.count))
      let read = try ModelFile.read(file)
      for (name, weights) in read.tensors {
        let address = weights.bytes.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
        #expect(address % 64 == 0, "\(name)")
      }
      #expect(try ModelFile.encode(read) == bytes)
    }
  }

  /// Files that users have must stay readable, whatever the writer does by now.
  @Test func fileOfFormat1StaysReadable() throws {
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/ModelFile/format1.obv").path
    let read = try ModelFile.read(path: fixture)
    #expect(
      read.weightsSHA256 == "0839fd995243c7d734245f4b88562f2fcef9639f5660b9cf7e4f849b65e8776c")
    #expect(read.hashedWeights == read.weightsSHA256)
    #expect(read.provenance.note == "zwölf Boxkämpfer")
    #expect(try ModelFile.encode(read) == ModelFile.encode(TinyModel.all[1].description))
  }

  @Test func f16HalvesAllButVectors() throws {
    for model in TinyModel.all {
      let wide = model.description
      let half = try wide.converted(to: .float16)
      for (a, b) in zip(half.tensors, wide.tensors) {
        #expect(a.weights.shape == b.weights.shape)
        #expect((a.weights.type == .float16) == (a.weights.shape.count > 1), "\(a.name)")
        for (x, y) in zip(a.weights.floats, b.weights.floats) {
          #expect(abs(x - y) <= Float(0x1p-12), "\(a.name)")  // values are below 1
        }
      }
      let read = try ModelFile.read(Bytes(ModelFile.encode(half)))
      let widened = try read.converted(to: .float32)
      #expect(widened.tensors.allSatisfy { $0.weights.type == .float32 })
      // What was rounded once stays as it is.
      #expect(try ModelFile.encode(widened.converted(to: .float16)) == ModelFile.encode(half))
    }
  }

  @Test(arguments: [Float(65520), -.infinity, .nan])
  func f16RefusesWhatItCannotHold(_ value: Float) throws {
    var model = TinyModel().description
    model.const = Weights(floats: [65519] + [Float](repeating: 0, count: 47), [3, 4, 4])
    #expect(try model.converted(to: .float16).const.floats[0] == 65504)
    model.const = Weights(floats: [1, value] + [Float](repeating: 0, count: 46), [3, 4, 4])
    #expect(
      throws: ObverseError.unsupported(
        what: "tensor b4.const", why: "its value \(value) is beyond f16",
        hint: "keep this model in f32")
    ) { try model.converted(to: .float16) }
  }

  @Test func otherTypesAreRefused() {
    #expect(throws: ObverseError.self) { try TinyModel().description.converted(to: .float64) }
  }
}
