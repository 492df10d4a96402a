import CKernels

/// The kernels of one instruction set, as a type without values.
///
/// Each per-CPU target has one that conforms. The documentation of a kernel stands with its source.
public protocol KernelSet: SendableMetatype {
  /// Floats of a vector; every channel count is padded to a multiple of it.
  static var lanes: Int { get }
  static func convActivated(
    _ conv: UnsafePointer<kernel_conv>, _ epilogue: UnsafePointer<kernel_epilogue>, row: Int,
    size: Int)
  static func convRaw(_ conv: UnsafePointer<kernel_conv>)
  static func filterActivated(
    _ filter: UnsafePointer<kernel_filter>, _ epilogue: UnsafePointer<kernel_epilogue>, row: Int,
    size: Int)
  static func addUpsampledRow(
    _ map: UnsafePointer<Float>, y: Int, half: Int, blocks: Int,
    into out: UnsafeMutablePointer<Float>)
  static func modulateRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, blocks: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>)
  static func haarRow(
    _ source: UnsafePointer<Float>, up: UnsafePointer<Float>, isLower: Bool, size: Int, blocks: Int,
    style: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>)
  static func depthwiseRow(
    _ rows: UnsafePointer<Float>, rowStride: Int, size: Int, blocks: Int,
    weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>)
  static func depthwiseMapRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, blocks: Int, weights: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>)
  static func imageRow(
    _ image: UnsafePointer<kernel_image>, y: Int, row: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>)
  static func haarImageRows(
    _ bands: UnsafePointer<Float>, first: Int, last: Int, size: Int, blocks: Int, channels: Int,
    into image: UnsafeMutablePointer<Float>)
  static func byteRows(
    _ image: UnsafePointer<Float>, plane: Int, channels: Int, size: Int, first: Int, last: Int,
    into bytes: UnsafeMutablePointer<UInt8>)
  static func dense(
    _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    count: Int, first: Int, last: Int, into out: UnsafeMutablePointer<Float>)
  static func denseActivated(
    _ weights: UnsafePointer<Float>, _ bias: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    count: Int, first: Int, last: Int, into out: UnsafeMutablePointer<Float>)
  static var readsHalves: Bool { get }
  static func denseHalves(
    _ weights: UnsafePointer<UInt16>, _ bias: UnsafePointer<Float>, _ x: UnsafePointer<Float>,
    count: Int, first: Int, last: Int, activated: Bool, into out: UnsafeMutablePointer<Float>)
  static func demodulate(
    _ energy: UnsafePointer<Float>, squares: UnsafePointer<Float>, count: Int, first: Int,
    last: Int, into factors: UnsafeMutablePointer<Float>)
  static func winogradActivated(
    _ winograd: UnsafePointer<kernel_winograd>, _ epilogue: UnsafePointer<kernel_epilogue>,
    row: Int, size: Int)
  static func winogradUp(_ up: UnsafePointer<kernel_winograd_up>)
  static func planarGroup(columns: Int) -> Int
  static func planarRow(_ conv: UnsafePointer<kernel_planar>)
  static func planarModulateRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, channels: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>, stride: Int)
  static func planarModulateBlockedRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, channels: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>, stride: Int)
  static func planarColumn(
    _ weights: UnsafePointer<Float>, _ x: UnsafePointer<Float>, above: UnsafePointer<Float>?,
    channels: Int, stride: Int, outputs: Int, into sums: UnsafeMutablePointer<Float>)
  static func planarWinograd(
    _ winograd: UnsafePointer<kernel_planar_winograd>, _ epilogue: UnsafePointer<kernel_epilogue>,
    row: Int, size: Int)
  static func planarFilter(
    _ filter: UnsafePointer<kernel_filter>, _ epilogue: UnsafePointer<kernel_epilogue>, row: Int,
    size: Int, channels: Int, stride: Int)
  static func planarImageRow(
    _ image: UnsafePointer<kernel_image>, y: Int, row: UnsafePointer<Float>,
    _ epilogue: UnsafePointer<kernel_epilogue>, _ scratch: UnsafeMutablePointer<Float>)
  static var multiplyAddsPerTurn: Int { get }
  static func multiplyAdds(turns: Int) -> Float
  static func triad(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
    count: Int)
}
