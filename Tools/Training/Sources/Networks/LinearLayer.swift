import Torch

/// One linear map of a generator and what is around it, for methods that go layer by layer.
///
/// What stands between a map's output and the next map's input is part of the next one's `inputs`.
public struct LinearLayer {
  /// Such as `b64.conv1`, `toimage`.
  public let name: String
  /// `[out, in]` or `[out, in, 3, 3]`.
  public let weight: Tensor
  public let bias: Tensor
  /// Where its input channels are in `GeneratorShape.widths`.
  public let inputWidth: Int
  /// Where its output channels are; nil for a map to the image, which the next layer does not read.
  public let outputWidth: Int?
  /// Side of its output.
  public let side: Int
  /// Makes the styles of its input.
  public let affine: Dense
  /// Whether its output is scaled for each image to what kernels of unit length would make.
  public let isDemodulated: Bool
  /// Whether kernels meet the inputs mirrored: a transposed convolution.
  let isMirrored: Bool
  /// What the map multiplies: styled, filtered, and for 3x3 kernels with the rim that they reach.
  let prepare: (_ x: Tensor, _ ws: Tensor) -> Tensor
  let styles: (_ ws: Tensor) -> Tensor
  let finish: (_ y: Tensor) -> Tensor
}

extension LinearLayer {
  /// Elements of a kernel.
  public var taps: Int { weight.shape.count == 2 ? 1 : 9 }
  public var inputCount: Int { weight.shape[1] }
  public var outputCount: Int { weight.shape[0] }

  /// The inputs from the running map: `[N, in, side, side]`, for 3x3 kernels two rows and columns more.
  public func inputs(_ x: Tensor, _ ws: Tensor) -> Tensor { prepare(x, ws) }

  /// What the map makes of its inputs, before noise and bias: `[N, out, side, side]`.
  public func output(_ inputs: Tensor, _ ws: Tensor) -> Tensor {
    let n = inputs.shape[0]
    let y =
      taps == 1
      ? weight.reshaped([1, outputCount, -1]).expanded([n, -1, -1])
        .times(inputs.reshaped([n, inputCount, -1])).reshaped([n, -1, side, side])
      : inputs.convolved(kernel)
    guard let factors = demodulation(ws) else { return y }
    return y * factors.reshaped([n, -1, 1, 1])
  }

  /// The factors of each image's output channels, `[N, out]`; nil where there are none.
  public func demodulation(_ ws: Tensor) -> Tensor? {
    guard isDemodulated else { return nil }
    let energy = weight.squared.sum(over: [2, 3])
    return (styles(ws).squared.linear(energy) + 1e-8).reciprocalSquareRoot
  }

  /// The next running map from an output: noise, bias, activation.
  public func finished(_ output: Tensor) -> Tensor { finish(output) }

  private var kernel: Tensor {
    isMirrored ? weight.flipped(axis: 2).flipped(axis: 3) : weight
  }

  /// Inputs at some places as rows, and outputs at the same ones.
  ///
  /// - Parameters:
  ///   - inputs: As `inputs` gives them.
  ///   - output: `[N, out, side, side]`.
  ///   - places: Of pixels, row by row.
  /// - Returns: `[N * P, in * taps]` in the order of `flatWeight`'s columns, `[N * P, out]`.
  public func rows(_ inputs: Tensor, _ output: Tensor, at places: [Int]) -> (x: Tensor, y: Tensor) {
    let (n, c, width) = (inputs.shape[0], inputs.shape[1], inputs.shape[3])
    let flat = inputs.reshaped([n, c, -1])
    func picked(_ x: Tensor, _ at: [Int]) -> Tensor {
      x.selected(axis: 2, .indices(at, on: x.device)).reshaped([n, -1, 1, at.count])
    }
    let corners = places.map { $0 / side * width + $0 % side }
    let reach = taps == 1 ? [0] : (0..<9).map { $0 / 3 * width + $0 % 3 }
    let parts = reach.map { step in picked(flat, corners.map { $0 + step }) }
    let x = Tensor.concatenated(parts, axis: 2).permuted([0, 3, 1, 2]).reshaped([-1, c * taps])
    let y = picked(output.reshaped([n, output.shape[1], -1]), places)
    return (x, y.permuted([0, 3, 1, 2]).reshaped([-1, output.shape[1]]))
  }

  /// The weight as a matrix `[out, in * taps]` over the columns of `rows`.
  public var flatWeight: Tensor {
    (taps == 1 ? weight : kernel).detached.reshaped([outputCount, -1])
  }

  /// Takes a matrix of that kind.
  public func assign(flatWeight: Tensor) {
    var new = flatWeight.reshaped(weight.shape)
    if isMirrored { new = new.flipped(axis: 2).flipped(axis: 3) }
    weight.assign(new)
  }
}

extension Generator {
  /// The linear maps in the order of computation: each reads the running map of the last one that is
  /// not a map to the image; the first one reads `synthesis.const`.
  ///
  /// Resnet's shortcuts are no such chain: nil for them and for `orig`.
  public var linearLayers: [LinearLayer]? {
    switch synthesis {
    case let network as MobileSynthesis: network.linearLayers
    case let network as StyleGAN2Synthesis where shape.architecture == .skip: network.linearLayers
    default: nil
    }
  }

  /// What the first linear map reads, `[N, C, 4, 4]`.
  public func firstMap(_ n: Int) -> Tensor {
    synthesis.const.detached.reshaped([1, -1, 4, 4]).expanded([n, -1, -1, -1])
  }
}

extension Tensor {
  fileprivate func styled(_ style: Tensor) -> Tensor {
    self * style.reshaped([style.shape[0], -1, 1, 1])
  }

  /// One pixel of zeros on each side.
  fileprivate var rimmed: Tensor { padded(left: 1, right: 1, top: 1, bottom: 1) }
}

extension MobileSynthesis {
  fileprivate var linearLayers: [LinearLayer] {
    var layers = [
      LinearLayer(
        name: "b4.conv1", weight: first.weight, bias: first.bias, inputWidth: 0, outputWidth: 1,
        side: 4, affine: first.affine, isDemodulated: false, isMirrored: false,
        prepare: { [first] x, ws in x.styled(first.affine(ws.element(axis: 1, 0))).rimmed },
        styles: { [first] ws in first.affine(ws.element(axis: 1, 0)) },
        finish: { [self] in finishedFirst($0, hasNoise: true) })
    ]
    for (i, block) in blocks.enumerated() {
      for (conv, name) in [(block.conv1, "conv1"), (block.conv2, "conv2")] {
        let isFirst = name == "conv1"
        let entry = isFirst ? 1 + 3 * i : 2 + 3 * i
        layers.append(
          LinearLayer(
            name: "b\(block.side).\(name)", weight: conv.pointwise, bias: conv.bias,
            inputWidth: isFirst ? 2 * i + 1 : 2 * i + 2,
            outputWidth: isFirst ? 2 * i + 2 : 2 * i + 3,
            side: block.side, affine: conv.affine, isDemodulated: false, isMirrored: false,
            prepare: { [self] x, ws in
              let w = ws.element(axis: 1, entry)
              let map = isFirst ? doubled(x, block, w) : x
              return conv.filtered(map).styled(conv.affine(w))
            },
            styles: { conv.affine($0.element(axis: 1, entry)) },
            finish: { conv.finished($0, hasNoise: true) }))
      }
    }
    let last = shape.wsCount - 1
    layers.append(
      LinearLayer(
        name: "toimage", weight: toImage.weight, bias: toImage.bias,
        inputWidth: shape.widths.count - 1, outputWidth: nil, side: shape.featureSide,
        affine: toImage.affine, isDemodulated: false, isMirrored: false,
        prepare: { [toImage] x, ws in x.styled(toImage.affine(ws.element(axis: 1, last))) },
        styles: { [toImage] ws in toImage.affine(ws.element(axis: 1, last)) },
        finish: { [toImage] in $0 + toImage.bias.overPixels }))
    return layers
  }
}

extension StyleGAN2Synthesis {
  fileprivate var linearLayers: [LinearLayer] {
    var layers: [LinearLayer] = []
    for (i, block) in blocks.enumerated() {
      if let conv0 = block.conv0 {
        layers.append(layer("b\(block.resolution).conv0", conv0, 2 * i - 1))
      }
      layers.append(layer("b\(block.resolution).conv1", block.conv1, 2 * i))
      guard let toRGB = block.toRGB else { continue }
      let gain = 1 / Double(toRGB.weight.shape[1]).squareRoot()
      let entry = 2 * i + 1
      layers.append(
        LinearLayer(
          name: "b\(block.resolution).torgb",
          weight: toRGB.weight.reshaped([shape.imageChannels, -1]), bias: toRGB.bias,
          inputWidth: entry, outputWidth: nil, side: block.resolution, affine: toRGB.affine,
          isDemodulated: false, isMirrored: false,
          prepare: { x, ws in x.styled(toRGB.affine(ws.element(axis: 1, entry)) * gain) },
          styles: { toRGB.affine($0.element(axis: 1, entry)) * gain },
          finish: { $0 + toRGB.bias.overPixels }))
    }
    return layers
  }

  private func layer(_ name: String, _ conv: StyledConv, _ entry: Int) -> LinearLayer {
    LinearLayer(
      name: name, weight: conv.weight, bias: conv.bias, inputWidth: entry, outputWidth: entry + 1,
      side: conv.outSize, affine: conv.affine, isDemodulated: true, isMirrored: conv.doubles,
      prepare: { [filter] x, ws in
        let scaled = x.styled(conv.affine(ws.element(axis: 1, entry)))
        return conv.doubles ? filter.spread(scaled) : scaled.rimmed
      },
      styles: { conv.affine($0.element(axis: 1, entry)) },
      finish: { y in
        activated(
          y + conv.noisePlane * conv.noiseStrength + conv.bias.overPixels, clamp: conv.clamp)
      })
  }
}

extension Filter {
  /// What a transposed convolution's kernel, mirrored, meets so that it gives the filtered result at
  /// once, `[N, C, 2H + 2, 2W + 2]`.
  ///
  /// Zeros between the pixels, then the filter with gain 2 along each axis. Filter and kernel are both convolutions, so their order does not matter.
  fileprivate func spread(_ x: Tensor) -> Tensor {
    let (n, c, side) = (x.shape[0], x.shape[1], x.shape[3])
    let rows = Tensor.concatenated(
      [x.reshaped([n, c, side, 1, side]), .zeros([n, c, side, 1, side], on: x.device)], axis: 3
    ).reshaped([n, c, 2 * side, side, 1])
    let all = Tensor.concatenated(
      [rows, .zeros([n, c, 2 * side, side, 1], on: x.device)], axis: 4
    ).reshaped([n, c, 2 * side, 2 * side])
    let spaced = all.slice(axis: 2, 0..<2 * side - 1).slice(axis: 3, 0..<2 * side - 1)
    return applied(spaced, padding: 3, gain: 2)
  }
}
