import Core

/// A tensor of a model file: row-major, little-endian, canonical axes, used in place.
package struct Weights: Sendable {
  /// `float32`, `float16` or `int8`.
  package let type: ElementType
  package let shape: [Int]
  /// Exactly the product of `shape` times the element size, at a 64-byte boundary of the file.
  package let bytes: Bytes
  /// What multiplies the bytes of an `int8` tensor, a Float for each index of the first axis; else nil.
  package let scaleBytes: Bytes?

  package init(type: ElementType, shape: [Int], bytes: Bytes, scaleBytes: Bytes? = nil) {
    self.type = type
    self.shape = shape
    self.bytes = bytes
    self.scaleBytes = scaleBytes
  }

  /// Elements in the tensor.
  package var count: Int { shape.reduce(1, *) }
}

/// A dense layer `y = W x + b`; every gain is folded in.
package struct Dense: Sendable {
  /// `[out, in]`.
  package var weight: Weights
  /// `[out]`.
  package var bias: Weights

  package init(weight: Weights, bias: Weights) {
    self.weight = weight
    self.bias = bias
  }
}

/// Noise of one layer.
package struct Noise: Sendable {
  /// The stored plane, `[H, W]`, not yet multiplied; nil where the checkpoint has none.
  package var plane: Weights?
  /// The scalar that multiplies any plane, stored or drawn.
  package var strength: Float

  package init(plane: Weights?, strength: Float) {
    self.plane = plane
    self.strength = strength
  }
}

/// What follows a convolution: `clamp(gain * leakyReLU(y + bias), -clamp ... clamp)`.
package struct Activation: Sendable {
  /// `[out]`.
  package var bias: Weights
  /// √2 in StyleGAN2, 1 in the second convolution of a resnet block and in MobileStyleGAN.
  package var gain: Float
  /// Largest magnitude after the gain; nil for none.
  package var clamp: Float?

  package init(bias: Weights, gain: Float, clamp: Float?) {
    self.bias = bias
    self.gain = gain
    self.clamp = clamp
  }
}

/// A modulated 3x3 convolution with demodulation, noise and activation (StyleGAN2, section 2.2).
package struct StyledConv: Sendable {
  /// Canonical `[out, in, 3, 3]`.
  package var weight: Weights
  /// `w -> s`, `[in, wDim]`, the gain folded.
  package var affine: Dense
  /// nil for a layer that never has noise.
  package var noise: Noise?
  package var activation: Activation

  package init(weight: Weights, affine: Dense, noise: Noise?, activation: Activation) {
    self.weight = weight
    self.affine = affine
    self.noise = noise
    self.activation = activation
  }
}

/// A modulated 1x1 convolution to the image, without demodulation and activation.
package struct ToImage: Sendable {
  /// `[imageChannels, in]`, in MobileStyleGAN `[4 * imageChannels, in]`; the gain folded.
  package var weight: Weights
  package var affine: Dense
  /// One for each row of `weight`.
  package var bias: Weights
  package var clamp: Float?

  package init(weight: Weights, affine: Dense, bias: Weights, clamp: Float?) {
    self.weight = weight
    self.affine = affine
    self.bias = bias
    self.clamp = clamp
  }
}

/// Where a model came from; all of it for people, none of it used to draw.
package struct Provenance: Sendable, Equatable {
  /// What was converted, such as `nvlabs-pickle`, `torch-zip`, `safetensors`, `random-face`.
  package var sourceKind = ""
  /// SHA-256 of the source file; empty where there was none.
  package var sourceSHA256 = ""
  /// Program and version that wrote the file.
  package var producer = ""
  package var license = ""
  package var note = ""
  /// Where the mean w is from: `file`, `given`, or `estimated from N seeds`.
  package var wAverageSource = ""
  /// Training facts by name, such as `pruning_ratio` or `kimg`, in file order.
  package var facts: [(name: String, value: String)] = []

  package init() {}

  package static func == (a: Provenance, b: Provenance) -> Bool {
    a.sourceKind == b.sourceKind && a.sourceSHA256 == b.sourceSHA256 && a.producer == b.producer
      && a.license == b.license && a.note == b.note && a.wAverageSource == b.wAverageSource
      && a.facts.elementsEqual(b.facts) { $0 == $1 }
  }
}

/// A whole generator as a model file holds it: plain values over borrowed weights.
///
/// The converter makes one from a checkpoint, the reader from a file; the writer and the engine
/// take either.
package struct ModelDescription: Sendable {
  package var resolution: Int
  package var imageChannels: Int
  package var zDim: Int
  package var wDim: Int
  /// Class labels; 0 for an unconditional model.
  package var cDim: Int
  /// Entries of ws, as many as the family's network reads.
  package var wsCount: Int
  /// `[wDim]`; nil where nobody knows it (truncation is refused then).
  package var wAverage: Weights?
  /// Class embedding `[wDim, cDim]`, in conditional models alone.
  package var embed: Dense?
  /// fc0 …; the first reads `zDim`, plus `wDim` with an embedding; leaky ReLU 0.2 and √2 follow each.
  package var mapping: [Dense]
  /// `[C, 4, 4]`.
  package var const: Weights
  package var synthesis: Synthesis
  /// Negative slope of the synthesis network's leaky ReLUs.
  package var slope: Float
  package var provenance: Provenance
  /// SHA-256 of all weights as stored, in the file's order; empty until written.
  package var weightsSHA256: String

  package init(
    resolution: Int, imageChannels: Int, zDim: Int, wDim: Int, cDim: Int, wsCount: Int,
    wAverage: Weights?, embed: Dense?, mapping: [Dense], const: Weights, synthesis: Synthesis,
    slope: Float = 0.2, provenance: Provenance = Provenance(), weightsSHA256: String = ""
  ) {
    self.resolution = resolution
    self.imageChannels = imageChannels
    self.zDim = zDim
    self.wDim = wDim
    self.cDim = cDim
    self.wsCount = wsCount
    self.wAverage = wAverage
    self.embed = embed
    self.mapping = mapping
    self.const = const
    self.synthesis = synthesis
    self.slope = slope
    self.provenance = provenance
    self.weightsSHA256 = weightsSHA256
  }
}

// Layers, parameters and multiply-adds of a description.

extension ModelDescription {
  /// The network's shape; the description must be valid.
  ///
  /// Parameters are what training learns: stored noise planes and the mean w are not among them,
  /// the strength of a layer's noise is.
  package var shape: NetworkShape {
    var layers: [LayerShape] = []
    if let embed { layers.append(.dense("embed", embed)) }
    for (i, layer) in mapping.enumerated() { layers.append(.dense("fc\(i)", layer)) }
    layers += synthesis.network.layers(resolution: resolution)
    return NetworkShape(
      resolution: resolution, imageChannels: imageChannels, zDim: zDim, wDim: wDim,
      layers: layers, constParameters: const.count)
  }
}

extension Dense {
  /// Numbers that training learns.
  package var count: Int { weight.count + bias.count }
}

extension LayerShape {
  fileprivate static func dense(_ name: String, _ layer: Dense) -> LayerShape {
    LayerShape(
      name: name, kind: .dense, inChannels: layer.weight.shape[1],
      outChannels: layer.weight.shape[0], inSize: 1, outSize: 1, styleWidth: 0,
      parameters: layer.count)
  }

  static func styled(
    _ name: String, _ kind: Kind, _ conv: StyledConv, from: Int, to: Int
  ) -> LayerShape {
    LayerShape(
      name: name, kind: kind, inChannels: conv.weight.shape[1], outChannels: conv.weight.shape[0],
      inSize: from, outSize: to, styleWidth: conv.affine.bias.count,
      parameters: conv.weight.count + conv.activation.bias.count + conv.affine.count
        + (conv.noise == nil ? 0 : 1))
  }

  static func separable(
    _ name: String, _ conv: SeparableConv, _ size: Int
  ) -> LayerShape {
    LayerShape(
      name: name, kind: .separable, inChannels: conv.pointwise.shape[1],
      outChannels: conv.pointwise.shape[0], inSize: size, outSize: size,
      styleWidth: conv.affine.bias.count,
      parameters: conv.depthwise.count + conv.pointwise.count + conv.activation.bias.count
        + conv.affine.count + (conv.noise == nil ? 0 : 1))
  }

  static func toImage(_ name: String, _ layer: ToImage, _ size: Int) -> LayerShape {
    LayerShape(
      name: name, kind: .conv1x1, inChannels: layer.weight.shape[1],
      outChannels: layer.weight.shape[0], inSize: size, outSize: size,
      styleWidth: layer.affine.bias.count,
      parameters: layer.weight.count + layer.bias.count + layer.affine.count)
  }
}
