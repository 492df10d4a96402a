// The file is real FlatBuffers: Debian's flatc reads ours, and we read flatc's.

import Core
import Foundation
import ModelFile
import Support
import Testing

struct FlatcTests {
  @Test(arguments: TinyModel.all)
  func flatcReadsOurValues(_ model: TinyModel) throws {
    let folder = try TemporaryFolder()
    let type: ElementType =
      switch model.architecture {
      case .resnet: .float16
      case .orig: .int8
      case .skip: .float32
      }
    // flatc prints six decimals, so scales are numbers that those hold.
    let description = try model.description.converted(to: type).mapWeights { _, weights in
      Weights(
        type: weights.type, shape: weights.shape, bytes: weights.bytes,
        scales: weights.scales.indices.map { Float($0 + 1) / 8 })
    }
    try ModelFile.write(description, to: "\(folder.path)/face.obv")
    try flatc(
      ["--json", "--raw-binary", "--strict-json", "-o", folder.path, schema, "--"]
        + ["\(folder.path)/face.obv"])
    let found = try JSONSerialization.jsonObject(
      with: Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/face.json")))
    var expected = description.json
    expected["weights_sha256"] = description.hashedWeights
    if let difference = firstDifference(found, expected, at: "model") {
      Issue.record("\(difference)")
    }
  }

  @Test(arguments: TinyModel.all)
  func weReadWhatFlatcWrites(_ model: TinyModel) throws {
    let folder = try TemporaryFolder()
    let description = try model.description.converted(
      to: model.architecture == .orig ? .int8 : .float32)
    var json = description.json
    json["weights_sha256"] = description.hashedWeights
    // Sorted, since flatc wants a union's type beside the union.
    try JSONSerialization.data(withJSONObject: json, options: .sortedKeys)
      .write(to: URL(fileURLWithPath: "\(folder.path)/face.json"))
    try flatc(["-b", "-o", folder.path, schema, "\(folder.path)/face.json"])
    let read = try ModelFile.read(path: "\(folder.path)/face.obv")
    #expect(try ModelFile.encode(read) == ModelFile.encode(description))
  }

  private var schema: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/ModelFile/schema.fbs").standardizedFileURL.path
  }

  private func flatc(_ arguments: [String]) throws {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    guard
      let program = folders.map({ String($0) + "/flatc" }).first(where: { access($0, X_OK) == 0 })
    else {
      throw Failure("flatc is not installed; on Debian: apt-get install flatbuffers-compiler")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure("flatc: \(String(decoding: said, as: UTF8.self))")
    }
  }
}

private struct Failure: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// Where two JSON values differ; numbers are compared as Float, which is what a file holds.
private func firstDifference(_ found: Any?, _ expected: Any?, at path: String) -> String? {
  switch (found, expected) {
  case (nil, nil): return nil
  case (let a as [String: Any], let b as [String: Any]):
    for key in Set(a.keys).union(b.keys).sorted() {
      if let difference = firstDifference(a[key], b[key], at: "\(path).\(key)") {
        return difference
      }
    }
    return nil
  case (let a as [Any], let b as [Any]):
    guard a.count == b.count else { return "\(path) has \(a.count) elements, not \(b.count)" }
    for i in a.indices {
      if let difference = firstDifference(a[i], b[i], at: "\(path)[\(i)]") { return difference }
    }
    return nil
  case (let a as String, let b as String) where a == b: return nil
  case (let a as NSNumber, let b as NSNumber) where a.floatValue == b.floatValue: return nil
  default:
    return
      "\(path) is \(found.map { "\($0)" } ?? "missing"), not \(expected.map { "\($0)" } ?? "there")"
  }
}

// A description in the schema's words, written down a second time and not derived from the writer.

extension ModelDescription {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = [
      "format": ModelFile.format(of: self), "resolution": resolution,
      "image_channels": imageChannels, "z_dim": zDim, "w_dim": wDim, "ws_count": wsCount,
      "c_dim": cDim, "slope": slope,
      "mapping": mapping.map(\.json), "const_input": const.json,
    ]
    object["w_average"] = wAverage?.json
    object["embed"] = embed?.json
    switch synthesis {
    case .styleGAN2(let architecture, let blocks):
      object["synthesis_type"] = "StyleGAN2"
      let names: [BlockArchitecture: String] = [.skip: "Skip", .resnet: "Resnet", .orig: "Orig"]
      object["synthesis"] = [
        "architecture": names[architecture] ?? "", "blocks": blocks.map(\.json),
      ]
    case .mobileStyleGAN(let conv1, let blocks, let toImage):
      object["synthesis_type"] = "MobileStyleGAN"
      object["synthesis"] = [
        "conv1": conv1.json, "blocks": blocks.map(\.json), "to_image": toImage.json,
      ]
    }
    object["provenance"] = [
      "source_kind": provenance.sourceKind, "source_sha256": provenance.sourceSHA256,
      "producer": provenance.producer, "license": provenance.license, "note": provenance.note,
      "w_average_source": provenance.wAverageSource,
      "facts": provenance.facts.map { ["name": $0.name, "value": $0.value] },
    ]
    return object
  }
}

extension Weights {
  fileprivate var json: [String: Any] {
    let names: [ElementType: String] = [.float32: "F32", .float16: "F16", .int8: "I8"]
    var object: [String: Any] = [
      "type": names[type] ?? "", "shape": shape, "data": bytes.array.map { Int($0) },
    ]
    if !scales.isEmpty { object["scales"] = scales }
    return object
  }
}

extension Dense {
  fileprivate var json: [String: Any] { ["weight": weight.json, "bias": bias.json] }
}

extension Noise {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = ["strength": strength]
    object["plane"] = plane?.json
    return object
  }
}

extension Activation {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = ["bias": bias.json, "gain": gain]
    object["clamp"] = clamp
    return object
  }
}

extension StyledConv {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = [
      "weight": weight.json, "affine": affine.json, "activation": activation.json,
    ]
    object["noise"] = noise?.json
    return object
  }
}

extension ToImage {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = [
      "weight": weight.json, "affine": affine.json, "bias": bias.json,
    ]
    object["clamp"] = clamp
    return object
  }
}

extension SynthesisBlock {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = ["conv1": conv1.json]
    object["conv0"] = conv0?.json
    object["to_rgb"] = toRGB?.json
    object["skip"] = skip?.json
    return object
  }
}

extension SeparableConv {
  fileprivate var json: [String: Any] {
    var object: [String: Any] = [
      "affine": affine.json, "depthwise": depthwise.json, "pointwise": pointwise.json,
      "activation": activation.json,
    ]
    object["noise"] = noise?.json
    return object
  }
}

extension MobileBlock {
  fileprivate var json: [String: Any] {
    ["up": up.json, "conv1": conv1.json, "conv2": conv2.json]
  }
}
