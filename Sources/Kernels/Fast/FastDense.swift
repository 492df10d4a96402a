// Matrix times vector on rows: mapping, styles and demodulation.

import Core

/// A dense layer; immutable.
package final class FastDense: Sendable {
  private let fast: Fast
  private let weights: Weights
  private let bias: FloatBuffer
  package let inputs: Int
  package let outputs: Int

  private enum Weights {
    case floats(FloatBuffer)
    case halves(HalfBuffer)
  }

  /// Takes `weights` row-major, `[outputs, inputs]`.
  package init(_ fast: Fast, weights: FloatBuffer, bias: FloatBuffer) {
    precondition(weights.count % bias.count == 0)
    self.fast = fast
    self.weights = .floats(weights)
    self.bias = bias
    inputs = weights.count / bias.count
    outputs = bias.count
  }

  /// The same of half floats, which are read in place: half as much to fetch for each face.
  package init(_ fast: Fast, halves: HalfBuffer, bias: FloatBuffer) {
    precondition(fast.kernels.readsHalves && halves.count % bias.count == 0)
    self.fast = fast
    weights = .halves(halves)
    self.bias = bias
    inputs = halves.count / bias.count
    outputs = bias.count
  }

  /// What `run` touches for all rows.
  package func access(input: Int, output: Int) -> Access {
    var access = Access("")
    access.read(input, inputs)
    access.write(output, outputs)
    return access
  }

  /// Rows of `W x + bias`; with `activated`, leaky ReLU 0.2 and √2 behind.
  package func run(
    _ arena: FloatBuffer, input: Int, output: Int, rows: Range<Int>, activated: Bool
  ) {
    switch weights {
    case .floats(let weights):
      fast.kernels.dense(
        weights.at(0), bias.at(0), arena.at(input), count: inputs, first: rows.lowerBound,
        last: rows.upperBound, activated: activated, into: arena.base + output)
    case .halves(let halves):
      fast.kernels.denseHalves(
        halves.base, bias.at(0), arena.at(input), count: inputs, first: rows.lowerBound,
        last: rows.upperBound, activated: activated, into: arena.base + output)
    }
  }
}

/// Demodulation factors of one layer from its style; immutable.
package final class FastDemodulation: Sendable {
  private let fast: Fast
  private let inChannels: Int
  private let energy: FloatBuffer
  private let slots: ChannelSlots

  /// Sums the squares of `weight`, `[out, in, kernelSize]`.
  ///
  /// - Throws: `resources`.
  package init(
    _ fast: Fast, weight: FloatBuffer, inChannels: Int, kernelSize: Int, outputs: ChannelSlots
  ) throws(ObverseError) {
    self.fast = fast
    self.inChannels = inChannels
    slots = outputs
    energy = try FloatBuffer(zeros: outputs.count * inChannels)
    for slot in 0..<outputs.count {
      guard let o = outputs[slot] else { continue }
      for i in 0..<inChannels {
        var sum = 0.0
        for k in 0..<kernelSize {
          let w = Double(weight[(o * inChannels + i) * kernelSize + k])
          sum += w * w
        }
        energy.base[slot * inChannels + i] = Float(sum)
      }
    }
  }

  /// Rows to deal out: one for each lane of the output.
  package var rows: Int { slots.count }

  /// What `square` touches.
  package func squareAccess(style: Int, into squares: Int) -> Access {
    var access = Access("")
    access.read(style, inChannels)
    access.write(squares, inChannels)
    return access
  }

  /// What `run` touches for all rows.
  package func access(squares: Int, output: Int) -> Access {
    var access = Access("")
    access.read(squares, inChannels)
    access.write(output, rows)
    return access
  }

  /// Writes `style²`, which `run` reads.
  package func square(_ arena: FloatBuffer, style: Int, into squares: Int) {
    for i in 0..<inChannels {
      arena.base[squares + i] = arena.base[style + i] * arena.base[style + i]
    }
  }

  /// Writes factors; an unused lane gets what no one reads.
  package func run(_ arena: FloatBuffer, squares: Int, output: Int, rows: Range<Int>) {
    fast.kernels.demodulate(
      Floats(energy.base), squares: arena.at(squares), count: inChannels,
      first: rows.lowerBound, last: rows.upperBound, into: arena.base + output)
  }
}
