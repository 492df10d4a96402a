import CObverse
import Obverse

/// An `obv_draw_options` in our words.
@safe
struct DrawRequest {
  typealias Progress = (fn: obv_progress_fn, user: UnsafeMutableRawPointer?)

  let psi: Float
  let cutoff: Int?
  let label: Int?
  let noise: NoiseMode
  let progress: Progress?

  /// NULL stands for `OBV_DRAW_OPTIONS_INIT`.
  @unsafe
  init(_ pointer: UnsafePointer<obv_draw_options>?) throws(Failure) {
    let preset = unsafe obv_draw_options(
      size: UInt32(MemoryLayout<obv_draw_options>.size), psi: 1, cutoff: -1, label: -1,
      noise: UInt32(OBV_NOISE_CONST), noise_seed: 0, progress: nil, progress_user: nil)
    let options = try unsafe obv_draw_options.read(pointer, over: preset)
    psi = unsafe options.psi
    cutoff = unsafe options.cutoff < 0 ? nil : Int(options.cutoff)
    label = unsafe options.label < 0 ? nil : Int(options.label)
    switch unsafe Int(options.noise) {
    case OBV_NOISE_CONST: noise = .const
    case OBV_NOISE_RANDOM: noise = unsafe .random(seed: options.noise_seed)
    case OBV_NOISE_NONE: noise = .none
    default:
      throw .argument(
        "noise is \(unsafe options.noise), not OBV_NOISE_CONST, OBV_NOISE_RANDOM or OBV_NOISE_NONE")
    }
    unsafe progress = unsafe options.progress.map { unsafe ($0, options.progress_user) }
  }
}
