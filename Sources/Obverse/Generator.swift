/// Where the noise inputs of the synthesis network come from.
public enum NoiseMode: Sendable, Equatable {
  /// The planes stored with the model.
  case const
  /// Fresh normals, the same for the same seed whatever the thread count.
  case random(seed: UInt32)
  case none
}

/// Draws faces from one model: scratch memory and worker threads, for one task at a time.
public final class Generator {
  public let model: Model
  /// Workers in use, the calling thread among them.
  public let threads: Int
  /// Ends a running face at its next layer; from any thread or a signal handler.
  public let cancellation = Cancellation()

  /// - Parameters:
  ///   - threads: 0 takes the physical cores within the affinity mask and the cgroup's quota.
  /// - Throws: `resources`.
  public init(_ model: Model, threads: Int = 0) throws(ObverseError) {
    self.model = model
    self.threads = max(threads, 1)
  }

  /// The input latent of a seed, `[zDim]`: NumPy's `RandomState(seed).randn` as float32.
  public func latent(seed: UInt32) -> [Float] { fatalError("not yet") }

  /// Maps `z` to `w`, `[wDim]`.
  ///
  /// - Throws: `request` for a wrong count, a missing or an impossible label.
  public func map(z: [Float], label: Int? = nil) throws(ObverseError) -> [Float] {
    fatalError("not yet")
  }

  /// One w for each style layer, truncated: `[wsCount * wDim]`.
  ///
  /// - Parameters:
  ///   - psi: 1 leaves w untouched, 0 gives the average face.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  /// - Throws: `request` where truncation needs a w average that the model lacks.
  public func ws(
    from w: [Float], psi: Float = 1, cutoff: Int? = nil
  ) throws(ObverseError) -> [Float] { fatalError("not yet") }

  /// Draws the image of `ws` as bytes, channels interleaved, rows from the top.
  ///
  /// - Parameters:
  ///   - ws: `[wsCount * wDim]`.
  ///   - pixels: Receives `resolution² * imageChannels` bytes.
  /// - Throws: `request`, `cancelled`.
  public func synthesize(
    ws: [Float], noise: NoiseMode = .const, into pixels: inout [UInt8]
  ) throws(ObverseError) { fatalError("not yet") }

  /// Draws the image of `ws` as planes, `[imageChannels, H, W]`, nominally -1 ... 1, not clamped.
  public func synthesize(
    ws: [Float], noise: NoiseMode = .const, into planes: inout [Float]
  ) throws(ObverseError) { fatalError("not yet") }

  /// Draws the face of a seed.
  public func face(
    seed: UInt32, psi: Float = 1, cutoff: Int? = nil, label: Int? = nil,
    noise: NoiseMode = .const
  ) throws(ObverseError) -> Image { fatalError("not yet") }
}

/// An image of 8-bit channels, interleaved, rows from the top.
public struct Image: Sendable, Equatable {
  public let width: Int
  public let height: Int
  public let channels: Int
  public let pixels: [UInt8]
}
