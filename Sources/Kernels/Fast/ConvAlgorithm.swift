/// How a 3x3 convolution is computed.
package enum ConvAlgorithm: String, Sendable, CaseIterable {
  /// Tap by tap on blocks of channels.
  case direct
  /// Winograd along both axes on blocks of channels.
  case winograd
  /// Winograd along columns, vectors along rows: no lane is padded.
  case planar
}
