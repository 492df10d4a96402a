import CKernels

/// The kernels of one instruction set: the catalogue of what a per-CPU room does.
///
/// Kernels know pointers and counts. They check nothing, allocate nothing and keep nothing; whoever calls
/// them has proved that every range lies in its memory. Unless a requirement says otherwise
/// - sizes are in floats, shapes row-major, and a map is `[row][block][column][lane]`: a block is one
///   vector of channels, so a pixel's channels are `blocks * lanes` floats, of which those without a
///   channel hold finite values that count nowhere;
/// - a planar map is `[row][channel][column]`, its side a multiple of the lanes;
/// - pointers need the alignment of a float (whole cache lines are faster), and outputs and scratch
///   overlap no input;
/// - what an epilogue finishes is `clamp(gain * leakyReLU(sum * factor + noise * strength + bias))`, a
///   missing factor being 1, `row` the first output row and `size` the side of the output, to place the
///   noise.
public protocol KernelSet: AnyObject, Sendable {
  /// Floats of a vector; every channel count is padded to a multiple of it.
  var lanes: Int { get }

  // MARK: Convolutions on blocks of channels

  /// Rows of a convolution by taps, finished.
  ///
  /// The input is prepared rows, `[row][block][column][lane]` with whatever border the taps reach; the
  /// weights are `[pair or single block][tap][channel][lanes of it]`.
  func convActivated(_ conv: kernel_conv, _ epilogue: kernel_epilogue, row: Int, size: Int)

  /// The same of bfloat16, where the processor multiplies pairs of them: words of two channels for input
  /// and weights, `lanes / 2` to a block of a pixel, and `channels` counts words.
  ///
  /// A sum takes the words in their order, the second channel of each first.
  func convPairs(_ conv: kernel_conv, _ epilogue: kernel_epilogue, row: Int, size: Int)

  /// `convActivated` with its sums stored as they are.
  func convRaw(_ conv: kernel_conv)

  /// `convActivated` of a whole map of 4 x 4: the same bits.
  func convSmall(_ conv: kernel_conv, _ epilogue: kernel_epilogue)

  /// The same of half floats in the same order, where `readsHalves`: the bits of those floats.
  func convSmallHalves(
    _ conv: kernel_conv, _ weights: UnsafePointer<UInt16>, _ epilogue: kernel_epilogue)

  /// The same of signed bytes times the scale of their output channel, `[blocks * lanes]`: the bits of
  /// those products.
  func convSmallBytes(
    _ conv: kernel_conv, _ weights: UnsafePointer<Int8>, scales: UnsafePointer<Float>,
    _ epilogue: kernel_epilogue)

  /// Tile rows of a 3x3 convolution by F(4x4, 3x3), finished: 16 outputs of 36 products.
  ///
  /// Weights are `[36][pair or single block][channel][lanes of it]`; a tile reads 6 x 6 prepared pixels.
  func winogradActivated(
    _ winograd: kernel_winograd, _ epilogue: kernel_epilogue, row: Int, size: Int)

  /// Raw rows of a transposed convolution of stride 2 by F(4, 2), without the last row and column.
  ///
  /// 4 x 4 inputs make 8 x 8 raw values of 81 products, even and odd columns in planes of their own.
  func winogradUp(_ up: kernel_winograd_up)

  /// Filters raw rows with [1, 3, 3, 1] along both axes, gain 4, and finishes them.
  ///
  /// Raw rows are `[block][column + 2][lane]`, even and odd columns apart, zeros where there is none;
  /// output row Y reads raw rows Y-1 ... Y+2. `vertical` is scratch.
  func filterActivated(_ filter: kernel_filter, _ epilogue: kernel_epilogue, row: Int, size: Int)

  /// Adds row `y` of a half-size map, upsampled by the same filter, to an output row.
  ///
  /// `map` is `[half][block][half][lane]`; `out`, `[block][2 * half][lane]`, is read and written.
  func addUpsampledRow(
    _ map: UnsafePointer<Float>, y: Int, half: Int, blocks: Int,
    into out: UnsafeMutablePointer<Float>)

  // MARK: Prepared rows

  /// Row `y` of a map times the style, `[block][size + 2][lane]`, a zero pixel on each side; all zeros
  /// where the map has no such row.
  ///
  /// `style` is `[blocks * lanes]`.
  func modulateRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, blocks: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>)

  /// One of the two rows that an inverse Haar transform makes of a row of a modulated map, prepared as
  /// `modulateRow` does: `[blocks][2 * size + 2][lane]`.
  ///
  /// `source` is `[4 * blocks][size][lane]`: low-pass, then the three details; `up`,
  /// `[4 * blocks * lanes]`, modulates in front of the transform, `style`, `[blocks * lanes]`, behind.
  func haarRow(
    _ source: UnsafePointer<Float>, up: UnsafePointer<Float>, isLower: Bool, size: Int, blocks: Int,
    style: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>)

  // MARK: Depthwise convolutions

  /// A depthwise 3x3 over three prepared rows, to `[block][size][lane]`.
  ///
  /// `weights` is `[9][blocks * lanes]`.
  func depthwiseRow(
    _ above: UnsafePointer<Float>, _ here: UnsafePointer<Float>, _ below: UnsafePointer<Float>,
    size: Int, blocks: Int, weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>)

  /// The same straight from rows of a map, `[block][size][lane]`, zeros outside; nil for a row that the
  /// map does not have, and the style is in the weights.
  func depthwiseMapRow(
    _ above: UnsafePointer<Float>?, _ here: UnsafePointer<Float>,
    _ below: UnsafePointer<Float>?, size: Int, blocks: Int, weights: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>)

  /// Both, rounded to bfloat16 for `convPairs`: `[block][size][lanes / 2]` words.
  func depthwiseRowPairs(
    _ above: UnsafePointer<Float>, _ here: UnsafePointer<Float>, _ below: UnsafePointer<Float>,
    size: Int, blocks: Int, weights: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>)

  func depthwiseMapRowPairs(
    _ above: UnsafePointer<Float>?, _ here: UnsafePointer<Float>,
    _ below: UnsafePointer<Float>?, size: Int, blocks: Int, weights: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>)

  // MARK: Planar layers

  /// Output channels that go together in planar rows of `columns`; the packing of weights depends on it.
  func planarGroup(columns: Int) -> Int

  /// One row of a convolution by taps, its sums stored as they are.
  ///
  /// Input channels lie `input_channel` apart, with whatever border the taps reach; the weights are
  /// `[group][channel][tap][output channel of it]`.
  func planarRow(_ conv: kernel_planar)

  /// Row `y` of a planar map times the style, `[channel][stride]` from column 0; zeros where the map has
  /// no such row.
  ///
  /// Columns beside the map's are left alone. `style` is `[channels]`.
  func planarModulateRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, channels: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>, stride: Int)

  /// The same from a map of blocks.
  func planarModulateBlockedRow(
    _ map: UnsafePointer<Float>, y: Int, size: Int, channels: Int, style: UnsafePointer<Float>,
    into row: UnsafeMutablePointer<Float>, stride: Int)

  /// One column: `sums[o] = weights[0][i][o] x[i] (+ weights[1][i][o] above[i])`.
  ///
  /// Input channels lie `stride` apart; `outputs` is padded to whole vectors, in `sums` too.
  func planarColumn(
    _ weights: UnsafePointer<Float>, _ x: UnsafePointer<Float>, above: UnsafePointer<Float>?,
    channels: Int, stride: Int, outputs: Int, into sums: UnsafeMutablePointer<Float>)

  /// Four rows of a 3x3 convolution by F(4, 3) along columns, finished: 4 outputs of 18 products.
  ///
  /// Reads the map itself and modulates it; `transformed` has zeros beside its columns already.
  func planarWinograd(
    _ winograd: kernel_planar_winograd, _ epilogue: kernel_epilogue, row: Int, size: Int)

  /// Filters raw rows as `filterActivated` does, and finishes them.
  ///
  /// A raw row is `[channel][even, odd][stride]`, zeros on either side of both.
  func planarFilter(
    _ filter: kernel_filter, _ epilogue: kernel_epilogue, row: Int, size: Int, channels: Int,
    stride: Int)

  // MARK: Images

  /// Row `y` of `image = upsampled(previous) + row`, the contribution `[size][lane]`, image channels in
  /// the first lanes.
  ///
  /// `scratch` holds `size / 2 + 2` floats.
  func imageRow(
    _ image: kernel_image, y: Int, row: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>)

  /// Row `y` of `image = upsampled(previous) + clamp(row + bias)`, the sums `[channel][size]`.
  ///
  /// `scratch` holds `size / 2 + 2 * lanes` floats.
  func planarImageRow(
    _ image: kernel_image, y: Int, row: UnsafePointer<Float>, _ epilogue: kernel_epilogue,
    _ scratch: UnsafeMutablePointer<Float>)

  /// A row of an inverse Haar transform straight to two rows of image planes.
  ///
  /// `bands` holds `4 * channels` values a pixel, low-pass first, as `[block][size][lane]`; `image` is
  /// the upper row of channel 0, `2 * size` long, and channels lie `plane` floats apart.
  func haarImageRow(
    _ bands: UnsafePointer<Float>, size: Int, blocks: Int, channels: Int,
    into image: UnsafeMutablePointer<Float>, plane: Int)

  /// Rows `first ..< last` as bytes, channels interleaved: `clamp(127.5 x + 128, 0, 255)`, truncated;
  /// NaN becomes 0.
  ///
  /// `image` is row 0 of channel 0, channels lie `plane` floats apart; `bytes` is row 0 of the picture.
  func byteRows(
    _ image: UnsafePointer<Float>, plane: Int, channels: Int, size: Int, first: Int, last: Int,
    into bytes: UnsafeMutablePointer<UInt8>)

  // MARK: Dense layers

  /// Rows of `W x + bias` of one vector or several, each row of the weights read once for all.
  ///
  /// `weights` is `[rows][count]`; the order of a row's sum depends on `count` alone.
  func dense(_ dense: kernel_dense, _ weights: UnsafePointer<Float>)

  /// Whether half floats can be read in place: the instruction set converts them.
  var readsHalves: Bool { get }

  /// The same of half floats, where `readsHalves`: the bits of those floats.
  func denseHalves(_ dense: kernel_dense, _ weights: UnsafePointer<UInt16>)

  /// The same of signed bytes times the scale of their row, `[rows]`: the bits of those products.
  func denseBytes(
    _ dense: kernel_dense, _ weights: UnsafePointer<Int8>, scales: UnsafePointer<Float>)

  /// Demodulation factors `first ..< last`: `rsqrt(energy[o] · squares + 1e-8)`.
  ///
  /// `energy` is `[outputs][count]`, `squares` the squared style, `[count]`.
  func demodulate(
    _ energy: UnsafePointer<Float>, squares: UnsafePointer<Float>, count: Int, first: Int,
    last: Int, into factors: UnsafeMutablePointer<Float>)

  // MARK: Ceilings

  /// Vectors of multiply-adds that a turn of `multiplyAdds` does.
  var multiplyAddsPerTurn: Int { get }

  /// Nothing but multiply-adds on registers; the result only keeps them from being left out.
  func multiplyAdds(turns: Int) -> Float

  /// `out = a + 0.5 b`: two floats read and one written for each of `count`, a multiple of the lanes.
  func triad(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>,
    count: Int)
}
