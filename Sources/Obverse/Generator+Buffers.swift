// Drawing between a caller's buffers, as the C library does: nothing here allocates.

import Kernels

extension Model {
  /// Writes the input latent of a seed: NumPy's `RandomState(seed).randn` as float32.
  ///
  /// - Parameters:
  ///   - seed: Gives the face.
  ///   - z: Receives `zDim` floats.
  package func latent(seed: UInt32, into z: inout MutableSpan<Float>) {
    precondition(z.count == zDim)
    var random = RandomState(seed: seed)
    for i in z.indices { z[i] = Float(random.nextNormal()) }
  }
}

extension Generator {
  /// Parts of one face between which it can be cancelled.
  package var stepCount: Int { schedule.turns.count }

  /// Maps `z` to one truncated w for each style layer.
  ///
  /// - Parameters:
  ///   - z: `[zDim]`.
  ///   - label: A class of a conditional model.
  ///   - psi: Truncation; 1 for none.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  ///   - ws: Receives `wsCount * wDim` floats.
  /// - Throws: `request`.
  package func map(
    z: Span<Float>, label: Int?, psi: Float, cutoff: Int?, into ws: inout MutableSpan<Float>
  ) throws(ObverseError) {
    precondition(z.count == model.zDim && ws.count == model.wsCount * model.wDim)
    try place(label, psi, cutoff) { z[$0] }
    run.synthesizes = false
    try start()
    for i in ws.indices { ws[i] = arena[model.plan.ws + i] }
  }

  /// Draws the face of a seed.
  ///
  /// - Parameters:
  ///   - seed: Gives the face.
  ///   - label: A class of a conditional model.
  ///   - psi: Truncation; 1 for none.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  ///   - noise: Where the noise comes from.
  ///   - bytes: Receives `resolution² * imageChannels` bytes; nil leaves the planes alone.
  /// - Throws: `request`, `cancelled`.
  @unsafe
  package func draw(
    seed: UInt32, label: Int?, psi: Float, cutoff: Int?, noise: NoiseMode,
    into bytes: UnsafeMutablePointer<UInt8>?
  ) throws(ObverseError) {
    let noise = try checked(noise)
    var random = RandomState(seed: seed)
    try place(label, psi, cutoff) { _ in Float(random.nextNormal()) }
    try unsafe draw(noise, bytes)
  }

  /// Draws the image of `ws`.
  ///
  /// - Parameters:
  ///   - ws: `[wsCount * wDim]`.
  ///   - noise: Where the noise comes from.
  ///   - bytes: Receives `resolution² * imageChannels` bytes; nil leaves the planes alone.
  /// - Throws: `request`, `cancelled`.
  @unsafe
  package func draw(
    ws: Span<Float>, noise: NoiseMode, into bytes: UnsafeMutablePointer<UInt8>?
  ) throws(ObverseError) {
    precondition(ws.count == model.wsCount * model.wDim)
    let noise = try checked(noise)
    run.maps = 0
    for i in ws.indices { arena[model.plan.ws + i] = ws[i] }
    try unsafe draw(noise, bytes)
  }

  /// Lends the last image that was drawn without bytes, `[imageChannels, H, W]`, not clamped.
  package func withPlanes<R>(_ body: (Span<Float>) -> R) -> R {
    let count = model.imageChannels * model.resolution * model.resolution
    defer { withExtendedLifetime(arena) {} }
    return unsafe body(
      UnsafeBufferPointer(start: arena.base + model.plan.image, count: count).span)
  }

  /// Puts a normalised z, and a label's normalised embedding behind it, at the mapping's input.
  ///
  /// - Parameters:
  ///   - label: A class of a conditional model.
  ///   - psi: Truncation; 1 for none.
  ///   - cutoff: Truncates the first `cutoff` layers only; nil all.
  ///   - number: Which of the vectors that are mapped together it is.
  ///   - element: Gives z from its first element to its last.
  /// - Throws: `request` for a missing or an impossible label, and for a truncation that cannot be.
  func place(
    _ label: Int?, _ psi: Float, _ cutoff: Int?, number: Int = 0, _ element: (Int) -> Float
  ) throws(ObverseError) {
    if model.embedding == nil, label != nil {
      throw .request("this model has no classes", hint: nil)
    }
    if model.embedding != nil {
      guard let label else {
        throw .request(
          "this model draws by class, 0 to \(model.classes - 1), and none was given",
          hint: nil)
      }
      guard (0..<model.classes).contains(label) else {
        throw .request("class \(label) is not in 0 to \(model.classes - 1)", hint: nil)
      }
    }
    run.truncation = try truncation(psi, cutoff)
    run.maps = 1
    let first = model.plan.mapped.0 + number * model.plan.mappedStride
    for i in 0..<model.zDim { arena[first + i] = element(i) }
    normalize(first, model.zDim)
    if let embed = model.embedding, let label {
      // A one-hot label picks a column.
      let second = first + model.zDim
      for i in 0..<embed.bias.count {
        arena[second + i] = embed.weight[i * model.classes + label] + embed.bias[i]
      }
      normalize(second, embed.bias.count)
    }
  }

  /// `Reference.normalized` in place.
  private func normalize(_ place: Int, _ count: Int) {
    var mean = 0.0
    for i in 0..<count { mean += Double(arena[place + i]) * Double(arena[place + i]) }
    let scale = 1 / (mean / Double(count) + 1e-8).squareRoot()
    for i in 0..<count { arena[place + i] = Float(Double(arena[place + i]) * scale) }
  }

  private func draw(_ noise: NoiseMode, _ bytes: UnsafeMutablePointer<UInt8>?) throws(ObverseError)
  {
    run.noise = noise
    run.synthesizes = true
    unsafe run.bytes = bytes
    defer { unsafe run.bytes = nil }
    try start()
  }
}
