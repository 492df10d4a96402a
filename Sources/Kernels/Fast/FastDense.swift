// Matrix times vector on rows: mapping, styles and demodulation.

import CKernels
import Core

/// A dense layer; immutable.
package final class FastDense: Sendable {
  private let fast: Fast
  private let weights: StoredWeights
  private let bias: FloatBuffer
  package let inputs: Int
  package let outputs: Int

  /// Takes `weights` row-major, `[outputs, inputs]`, and reads them in place.
  package init(_ fast: Fast, _ weights: StoredWeights, bias: FloatBuffer) {
    precondition(weights.count % bias.count == 0)
    if case .halves = weights { precondition(fast.kernels.readsHalves) }
    self.fast = fast
    self.weights = weights
    self.bias = bias
    inputs = weights.count / bias.count
    outputs = bias.count
  }

  /// What `run` touches for all rows of `vectors` vectors.
  package func access(input: Int, output: Int, vectors: Int = 1, stride: Int = 0) -> Access {
    var access = Access("")
    for v in 0..<vectors {
      access.read(input + v * stride, inputs)
      access.write(output + v * stride, outputs)
    }
    return access
  }

  /// Rows of `W x + bias`; with `activated`, leaky ReLU 0.2 and √2 behind.
  ///
  /// Of several vectors, x and results lie `stride` floats apart; each row of the weights is fetched once
  /// for all, and each vector gets the bits that it gets alone.
  package func run(
    _ arena: FloatBuffer, input: Int, output: Int, rows: Range<Int>, activated: Bool,
    vectors: Int = 1, stride: Int = 0
  ) {
    let dense = kernel_dense(
      bias: bias.at(0), x: arena.at(input), count: inputs, vectors: vectors, stride: stride,
      first: rows.lowerBound, last: rows.upperBound, activated: activated ? 1 : 0,
      output: arena.base + output)
    switch weights {
    case .floats(let floats): fast.kernels.dense(dense, floats.at(0))
    case .halves(let halves): fast.kernels.denseHalves(dense, halves.base)
    case .bytes(let bytes, let scales):
      fast.kernels.denseBytes(dense, bytes.base, scales: scales.at(0))
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
