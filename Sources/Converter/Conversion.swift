import Core
import ModelFile

/// What the user asked for beside the file's name.
package struct ConversionRequest: Sendable {
  /// The generator to take, such as `g_ema` or `generator`; nil for the averaged one, or the only one.
  package var key: String?
  /// The mean w, `[wDim]`, for files that have none; it wins over the file's own.
  package var wAverage: [Float]?
  /// Seeds 0 ..< N whose mean w is taken where neither file nor request has one.
  package var wAverageSamples: Int
  /// As rosinality's tools take; of wider mapping networks than StyleGAN2's own it takes fewer.
  package static let presetSamples = 4096
  /// For state dicts, which cannot say what their generator was trained with (NVlabs: 256).
  package var convClamp: Float?
  /// Type of the weights to be written.
  package var type: ElementType
  /// nil takes what the file says, if it says anything.
  package var license: String?
  package var note: String?
  /// Whether the source file is hashed for the provenance.
  package var hashesSource: Bool

  package init(
    key: String? = nil, wAverage: [Float]? = nil, wAverageSamples: Int = presetSamples,
    convClamp: Float? = nil, type: ElementType = .float32, license: String? = nil,
    note: String? = nil, hashesSource: Bool = true
  ) {
    self.key = key
    self.wAverage = wAverage
    self.wAverageSamples = wAverageSamples
    self.convClamp = convClamp
    self.type = type
    self.license = license
    self.note = note
    self.hashesSource = hashesSource
  }
}

/// A generator ready to be written, and how it came to be.
package struct Conversion: Sendable {
  package let description: ModelDescription
  package let report: ConversionReport

  package init(description: ModelDescription, report: ConversionReport) {
    self.description = description
    self.report = report
  }
}

/// What a request for a conversion may change after an error, in words that belong to no program.
package enum NextStep: String, CaseIterable {
  case giveWAverage = "give the mean w to take"
  case takeTheAverage = "ask for no generator by name to take the average"
}
