// Picks the kernels of one instruction set.

import CKernels
import KernelSet
import KernelsAVX2
import KernelsAVX512
import KernelsBaseline

/// Which compiled copy of the kernels runs.
package enum Target: String, Sendable, CaseIterable {
  case baseline, avx2, avx512

  /// Those that this processor has, best last.
  package static var available: [Target] {
    var found: [Target] = [.baseline]
    if cpu_has_avx2() != 0 { found.append(.avx2) }
    if cpu_has_avx512() != 0 { found.append(.avx512) }
    return found
  }
}

/// The kernels of one instruction set; each function does rows of a layer and allocates nothing.
package struct Fast: Sendable {
  package let target: Target
  let kernels: any KernelSet.Type

  package init(_ target: Target) {
    precondition(Target.available.contains(target))
    self.target = target
    kernels =
      switch target {
      case .baseline: KernelsBaseline.Vectorized.self
      case .avx2: KernelsAVX2.Vectorized.self
      case .avx512: KernelsAVX512.Vectorized.self
      }
  }

  /// Channels of a block: every map and vector is padded to a multiple of it.
  package var lanes: Int {
    kernels.lanes
  }

  /// Blocks that hold `channels`.
  package func blocks(_ channels: Int) -> Int {
    (channels + lanes - 1) / lanes
  }

  func convActivated(_ conv: kernel_conv, _ epilogue: kernel_epilogue, row: Int, size: Int) {
    withUnsafePointer(to: conv) { c in
      withUnsafePointer(to: epilogue) { e in
        kernels.convActivated(c, e, row: row, size: size)
      }
    }
  }

  func convRaw(_ conv: kernel_conv) {
    withUnsafePointer(to: conv) { c in
      kernels.convRaw(c)
    }
  }

  func winogradActivated(
    _ winograd: kernel_winograd, _ epilogue: kernel_epilogue, row: Int, size: Int
  ) {
    withUnsafePointer(to: winograd) { w in
      withUnsafePointer(to: epilogue) { e in
        kernels.winogradActivated(w, e, row: row, size: size)
      }
    }
  }

  func winogradUp(_ up: kernel_winograd_up) {
    withUnsafePointer(to: up) { u in
      kernels.winogradUp(u)
    }
  }

  /// Most output channels that go together in planar rows of `columns`.
  func planarGroup(columns: Int) -> Int {
    kernels.planarGroup(columns: columns)
  }

  func planarRow(_ conv: kernel_planar) {
    withUnsafePointer(to: conv) { c in
      kernels.planarRow(c)
    }
  }

  func planarWinograd(
    _ winograd: kernel_planar_winograd, _ epilogue: kernel_epilogue, row: Int, size: Int
  ) {
    withUnsafePointer(to: winograd) { w in
      withUnsafePointer(to: epilogue) { e in
        kernels.planarWinograd(w, e, row: row, size: size)
      }
    }
  }

  func planarModulateRow(
    _ map: Floats, y: Int, size: Int, channels: Int, isPlanar: Bool, style: Floats,
    into row: Scratch, stride: Int
  ) {
    guard isPlanar else {
      kernels.planarModulateBlockedRow(
        map, y: y, size: size, channels: channels, style: style, into: row, stride: stride)
      return
    }
    kernels.planarModulateRow(
      map, y: y, size: size, channels: channels, style: style, into: row, stride: stride)
  }

  func planarColumn(
    _ weights: Floats, _ x: Floats, above: Floats?, channels: Int, stride: Int, outputs: Int,
    into sums: Scratch
  ) {
    kernels.planarColumn(
      weights, x, above: above, channels: channels, stride: stride, outputs: outputs, into: sums)
  }

  func planarFilter(
    _ filter: kernel_filter, _ epilogue: kernel_epilogue, row: Int, size: Int, channels: Int,
    stride: Int
  ) {
    withUnsafePointer(to: filter) { f in
      withUnsafePointer(to: epilogue) { e in
        kernels.planarFilter(f, e, row: row, size: size, channels: channels, stride: stride)
      }
    }
  }

  func planarImageRow(
    _ image: kernel_image, y: Int, row: Floats, _ epilogue: kernel_epilogue, _ scratch: Scratch
  ) {
    withUnsafePointer(to: image) { i in
      withUnsafePointer(to: epilogue) { e in
        kernels.planarImageRow(i, y: y, row: row, e, scratch)
      }
    }
  }

  func modulateRow(_ map: Floats, y: Int, size: Int, blocks: Int, style: Floats, into row: Scratch)
  {
    kernels.modulateRow(map, y: y, size: size, blocks: blocks, style: style, into: row)
  }

  func haarRow(
    _ source: Floats, up: Floats, isLower: Bool, size: Int, blocks: Int, style: Floats,
    into row: Scratch
  ) {
    kernels.haarRow(
      source, up: up, isLower: isLower, size: size, blocks: blocks, style: style, into: row)
  }

  func depthwiseRow(
    _ rows: Floats, rowStride: Int, size: Int, blocks: Int, weights: Floats, into out: Scratch
  ) {
    kernels.depthwiseRow(
      rows, rowStride: rowStride, size: size, blocks: blocks, weights: weights, into: out)
  }

  func depthwiseMapRow(
    _ map: Floats, y: Int, size: Int, blocks: Int, weights: Floats, into out: Scratch
  ) {
    kernels.depthwiseMapRow(map, y: y, size: size, blocks: blocks, weights: weights, into: out)
  }

  func filterActivated(
    _ filter: kernel_filter, _ epilogue: kernel_epilogue, row: Int, size: Int
  ) {
    withUnsafePointer(to: filter) { f in
      withUnsafePointer(to: epilogue) { e in
        kernels.filterActivated(f, e, row: row, size: size)
      }
    }
  }

  func addUpsampledRow(_ map: Floats, y: Int, half: Int, blocks: Int, into out: Scratch) {
    kernels.addUpsampledRow(map, y: y, half: half, blocks: blocks, into: out)
  }

  func imageRow(_ image: kernel_image, y: Int, row: Floats, _ scratch: Scratch) {
    withUnsafePointer(to: image) { i in
      kernels.imageRow(i, y: y, row: row, scratch)
    }
  }

  func haarImageRows(
    _ bands: Floats, first: Int, last: Int, size: Int, blocks: Int, channels: Int,
    into image: Scratch
  ) {
    kernels.haarImageRows(
      bands, first: first, last: last, size: size, blocks: blocks, channels: channels, into: image)
  }

  /// Rows `first ..< last` of planes that lie `plane` floats apart as bytes, channels interleaved.
  package func byteRows(
    _ image: Floats, plane: Int, channels: Int, size: Int, first: Int, last: Int,
    into bytes: UnsafeMutablePointer<UInt8>
  ) {
    kernels.byteRows(
      image, plane: plane, channels: channels, size: size, first: first, last: last, into: bytes)
  }

  /// Rows `first ..< last` of `out = W x + bias`; with `activated`, leaky ReLU 0.2 and √2 behind.
  package func dense(
    _ weights: Floats, _ bias: Floats, _ x: Floats, count: Int, rows: Range<Int>, activated: Bool,
    into out: Scratch
  ) {
    let (first, last) = (rows.lowerBound, rows.upperBound)
    if activated {
      kernels.denseActivated(weights, bias, x, count: count, first: first, last: last, into: out)
    } else {
      kernels.dense(weights, bias, x, count: count, first: first, last: last, into: out)
    }
  }

  /// Whether `denseHalves` can be called.
  package var readsHalves: Bool { kernels.readsHalves }

  /// The same of half floats.
  func denseHalves(
    _ weights: UnsafePointer<UInt16>, _ bias: Floats, _ x: Floats, count: Int, rows: Range<Int>,
    activated: Bool, into out: Scratch
  ) {
    kernels.denseHalves(
      weights, bias, x, count: count, first: rows.lowerBound, last: rows.upperBound,
      activated: activated, into: out)
  }

  /// Demodulation factors `rows` from `squares`, the squared style.
  package func demodulate(
    _ energy: Floats, squares: Floats, count: Int, rows: Range<Int>, into factors: Scratch
  ) {
    let (first, last) = (rows.lowerBound, rows.upperBound)
    kernels.demodulate(
      energy, squares: squares, count: count, first: first, last: last, into: factors)
  }
}

package typealias Floats = UnsafePointer<Float>
package typealias Scratch = UnsafeMutablePointer<Float>
