// Signed bytes with a scale for each output channel.

import Core
import Foundation
import ModelFile
import Testing

struct QuantizedTests {
  @Test(arguments: TinyModel.all)
  func staysWithinHalfAStep(_ model: TinyModel) throws {
    let wide = model.description
    let bytes = try wide.converted(to: .int8)
    for (a, b) in zip(bytes.tensors, wide.tensors) {
      #expect(a.weights.shape == b.weights.shape)
      // The mapping alone would cost the decibels.
      let halves = a.name.hasPrefix("mapping.") && a.weights.shape.count > 1
      let wanted: ElementType = halves ? .float16 : a.weights.shape.count > 1 ? .int8 : .float32
      #expect(a.weights.type == wanted, "\(a.name)")
      guard wanted == .int8 else {
        let exact = halves ? b.weights.floats.map { Float(Float16($0)) } : b.weights.floats
        #expect(a.weights.floats == exact, "\(a.name)")
        continue
      }
      #expect(a.weights.bytes.count == a.weights.count)
      let rows = a.weights.shape[0]
      #expect(a.weights.scales.count == rows)
      let width = a.weights.count / rows
      let (found, exact) = (a.weights.floats, b.weights.floats)
      for row in 0..<rows {
        let range = row * width..<(row + 1) * width
        let largest = exact[range].reduce(0) { max($0, $1.magnitude) }
        #expect(a.weights.scales[row] == largest / 127, "\(a.name)")
        for i in range {
          // Half a step, and the rounding of a quotient and a product.
          #expect(abs(found[i] - exact[i]) <= a.weights.scales[row] / 2 + 2 * largest.ulp)
        }
      }
    }
    let file = try ModelFile.encode(bytes)
    #expect(try ModelFile.encode(wide).count > file.count)
    let read = try ModelFile.read(Bytes(file))
    #expect(read.weightsSHA256 == bytes.hashedWeights)
    #expect(try ModelFile.encode(read) == file)
    #expect(try ModelFile.encode(read.converted(to: .int8)) == file)
  }

  @Test func takesRowsOfZerosAndOfAlmostNothing() throws {
    var model = TinyModel().description
    var values = [Float](repeating: 0, count: 48)
    values[16] = .leastNonzeroMagnitude
    values[33] = -254
    values[34] = 3
    model.const = Weights(floats: values, [3, 4, 4])
    let const = try model.converted(to: .int8).const
    #expect(const.scales == [1, 1, 2])
    values[16] = 0
    values[34] = 4  // 1.5 steps, away from zero
    #expect(const.floats == values)
  }

  @Test(arguments: [Float.infinity, .nan])
  func refusesWhatIsNotFinite(_ value: Float) throws {
    var model = TinyModel().description
    model.const = Weights(floats: [1, value] + [Float](repeating: 0, count: 46), [3, 4, 4])
    #expect(
      throws: ObverseError.unsupported(
        what: "tensor b4.const", why: "its value \(value) is beyond i8",
        hint: "keep this model in f32")
    ) { try model.converted(to: .int8) }
  }

  @Test(arguments: [Float(0), -1, .infinity, .nan])
  func refusesBadScales(_ scale: Float) throws {
    var model = try TinyModel().description.converted(to: .int8)
    let old = model.const
    model.const = Weights(type: .int8, shape: old.shape, bytes: old.bytes, scales: [1, scale, 1])
    #expect(
      throws: ObverseError.malformed(
        what: "tensor b4.const", why: "its scale \(scale) is not a finite number above 0")
    ) { try ModelFile.encode(model) }
    // The same in a file: the bits of the scale that was 2.
    model.const = Weights(type: .int8, shape: old.shape, bytes: old.bytes, scales: [1, 2.5, 1])
    var file = try ModelFile.encode(model)
    let pattern: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0x20, 0x40, 0, 0, 0x80, 0x3f]
    let at = try #require(
      (0..<file.count - 12).first { Array(file[$0..<$0 + 12]) == pattern })
    for i in 0..<4 { file[at + 4 + i] = UInt8(truncatingIfNeeded: scale.bitPattern >> (8 * i)) }
    #expect(
      throws: ObverseError.malformed(
        what: "tensor b4.const", why: "its scale \(scale) is not a finite number above 0")
    ) { try ModelFile.read(Bytes(file)) }
  }

  @Test func countsScales() throws {
    var model = try TinyModel().description.converted(to: .int8)
    let old = model.const
    for scales in [[], [1], [1, 1, 1, 1]] as [[Float]] {
      model.const = Weights(type: .int8, shape: old.shape, bytes: old.bytes, scales: scales)
      #expect(
        throws: ObverseError.malformed(
          what: "tensor b4.const",
          why: "it has \(scales.count) scales, [3,4,4] of i8 takes 3")
      ) { try ModelFile.encode(model) }
    }
    var wide = TinyModel().description
    wide.const = Weights(
      type: .float32, shape: wide.const.shape, bytes: wide.const.bytes, scales: [1, 1, 1])
    #expect(
      throws: ObverseError.malformed(
        what: "tensor b4.const", why: "it has 3 scales, [3,4,4] of f32 takes 0")
    ) { try ModelFile.encode(wide) }
  }

  // Readers of format 1 must see at once that they cannot read a file with bytes.
  @Test func saysFormatTwoOnlyWhereBytesAre() throws {
    func format(_ model: ModelDescription) throws -> UInt8 {
      let file = Bytes(try ModelFile.encode(model))
      let root = Int(file.load(UInt32.self, at: 0) ?? 0)
      let vtable = root - Int(file.load(Int32.self, at: root) ?? 0)
      return try #require(
        file.load(UInt8.self, at: root + Int(file.load(UInt16.self, at: vtable + 4) ?? 0)))
    }
    let model = TinyModel().description
    #expect(try format(model) == 1)
    #expect(try format(model.converted(to: .float16)) == 1)
    #expect(try format(model.converted(to: .int8)) == 2)
    #expect(try format(model.converted(to: .int8).converted(to: .float32)) == 1)
  }

  /// Files that users have must stay readable, whatever the writer does by now.
  @Test func fileOfFormat2StaysReadable() throws {
    let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../Fixtures/ModelFile/format2.obv").path
    let read = try ModelFile.read(path: fixture)
    #expect(
      read.weightsSHA256 == "93aafd1cf6a90e3bbc36d21f38a87649295815760f8a55cd6be165eeb8406b43")
    #expect(read.hashedWeights == read.weightsSHA256)
    #expect(read.const.type == .int8)
  }

  @Test func hashesScalesToo() throws {
    var model = try TinyModel().description.converted(to: .int8)
    let (old, hash) = (model.const, model.hashedWeights)
    model.const = Weights(
      type: .int8, shape: old.shape, bytes: old.bytes, scales: old.scales.map { $0 * 2 })
    #expect(model.hashedWeights != hash)
  }

  @Test func survivesEveryByteChanged() throws {
    let tiny = TinyModel(widths: [1, 1], mappingLayers: 1, zDim: 1, wDim: 1)
    let file = try ModelFile.encode(tiny.description.converted(to: .int8))
    var (read, refused) = (0, 0)
    for at in file.indices {
      for value in [0, 0x7f, 0x80, 0xff, file[at] &+ 1] where value != file[at] {
        var broken = file
        broken[at] = value
        do throws(ObverseError) {
          let model = try ModelFile.read(Bytes(broken))
          model.forEachWeights { (_, weights) in _ = weights.floats.count }
          read += 1
        } catch {
          if error.exitCode != 65 { Issue.record("\(error)") }
          refused += 1
        }
      }
    }
    #expect(read > 0 && refused > 0)
  }
}
