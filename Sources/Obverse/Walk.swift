/// A path through w: key frames, and the frames between them.
///
/// A sequence of the frames' w, `[wDim]` each; `Generator.draw` makes the images. A walk that loops
/// comes back to the first key frame, which is not repeated at its end.
public struct Walk: Sendable {
  /// How w moves between key frames.
  public enum Interpolation: String, Sendable, CaseIterable {
    /// A spline with continuous curvature.
    case cubic
    case linear
  }

  /// Frames from one key frame to the next.
  public let framesPerKey: Int
  public let interpolation: Interpolation
  /// Whether the walk ends where it began.
  public let loops: Bool

  private let keys: [[Float]]
  /// The second derivatives of w at the key frames and, in a loop, at the first one's return;
  /// empty where nothing bends.
  private let bends: [[Double]]

  /// Copies of the key frames on each side of a loop, as NVlabs' gen_video.py lays them: the spline's
  /// ends are so far away that the loop closes smoothly.
  private static let wraps = 2

  /// Plans a walk.
  ///
  /// - Parameters:
  ///   - keys: The w of each key frame; at least one, all of one count.
  ///   - framesPerKey: Frames from one key frame to the next, at least 1.
  ///   - interpolation: How w moves between them.
  ///   - loops: Whether the last key frame leads back to the first.
  /// - Throws: `request`, `resources`.
  public init(
    keys: [[Float]], framesPerKey: Int = 120, interpolation: Interpolation = .cubic,
    loops: Bool = true
  ) throws(ObverseError) {
    guard let first = keys.first, keys.allSatisfy({ $0.count == first.count }) else {
      throw .request("a walk needs key frames of one size", hint: nil)
    }
    guard framesPerKey > 0, Int.max / framesPerKey > keys.count else {
      throw .request("a walk cannot have \(framesPerKey) frames a key frame", hint: nil)
    }
    self.keys = keys
    self.framesPerKey = framesPerKey
    self.interpolation = interpolation
    self.loops = loops
    guard interpolation == .cubic, keys.count > 1 else {
      bends = []
      return
    }
    let copies = loops ? 2 * Self.wraps + 1 : 1
    let origin = loops ? Self.wraps * keys.count : 0
    let kept = origin..<(origin + keys.count + (loops ? 1 : 0))
    let numbers = kept.count * first.count + 4 * copies * keys.count
    try Memory.expectRoom(for: numbers * MemoryLayout<Double>.size)
    var bends = kept.map { _ in [Double](repeating: 0, count: first.count) }
    var line = [Double](repeating: 0, count: copies * keys.count)
    for i in first.indices {
      for point in line.indices { line[point] = Double(keys[point % keys.count][i]) }
      let curvature = CubicSpline.secondDerivatives(of: line)
      for point in kept { bends[point - origin][i] = curvature[point] }
    }
    self.bends = bends
  }

  /// The w of a frame, `[wDim]`; at a key frame exactly that key frame's.
  private func w(_ frame: Int) -> [Float] {
    let key = frame / framesPerKey
    guard frame % framesPerKey > 0 else { return keys[key] }
    let next = (key + 1) % keys.count
    // The share of each end: values, then second derivatives.
    let b = Double(frame % framesPerKey) / Double(framesPerKey)
    let a = 1 - b
    guard !bends.isEmpty else {
      return keys[key].indices.map { Float(a * Double(keys[key][$0]) + b * Double(keys[next][$0])) }
    }
    let (c, d) = ((a * a * a - a) / 6, (b * b * b - b) / 6)
    return keys[key].indices.map { i in
      let chord = a * Double(keys[key][i]) + b * Double(keys[next][i])
      return Float(chord + c * bends[key][i] + d * bends[key + 1][i])
    }
  }
}

extension Walk: RandomAccessCollection {
  public var startIndex: Int { 0 }

  /// Frames in all: `framesPerKey` for each key frame of a loop, else one behind the last step.
  public var endIndex: Int {
    loops ? keys.count * framesPerKey : (keys.count - 1) * framesPerKey + 1
  }

  /// The w of a frame, `[wDim]`.
  public subscript(frame: Int) -> [Float] {
    precondition(indices.contains(frame))
    return w(frame)
  }
}

extension Generator {
  /// A walk through the w of seeds.
  ///
  /// - Parameters:
  ///   - seeds: The key frames.
  ///   - framesPerKey: Frames from one to the next.
  ///   - interpolation: How w moves between them.
  ///   - loops: Whether the last leads back to the first.
  ///   - label: A class of a conditional model.
  /// - Returns: The walk; truncation comes when its frames are drawn.
  /// - Throws: `request`, `cancelled`.
  public func walk(
    through seeds: [UInt32], framesPerKey: Int = 120,
    interpolation: Walk.Interpolation = .cubic, loops: Bool = true, label: Int? = nil
  ) throws(ObverseError) -> Walk {
    let keys = try map(seeds.map { latent(seed: $0) }, labels: seeds.map { _ in label })
    return try Walk(
      keys: keys, framesPerKey: framesPerKey, interpolation: interpolation, loops: loops)
  }

  /// Draws one frame of a walk as bytes, channels interleaved, rows from the top.
  ///
  /// - Parameters:
  ///   - walk: Through this model's w.
  ///   - frame: From 0 to `walk.count - 1`.
  ///   - psi: Truncation; 1 for none.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  ///   - noise: Where the noise comes from; the same in all frames, or the picture flickers.
  ///   - pixels: Receives `resolution² * imageChannels` bytes; kept if it has them.
  /// - Throws: `request`, `cancelled`.
  public func draw(
    _ walk: Walk, frame: Int, psi: Float = 1, cutoff: Int? = nil, noise: NoiseMode = .const,
    into pixels: inout [UInt8]
  ) throws(ObverseError) {
    try synthesize(
      ws: ws(from: walk[frame], psi: psi, cutoff: cutoff), noise: noise, into: &pixels)
  }
}
