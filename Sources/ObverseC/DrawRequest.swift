import CObverse
import Obverse

/// An `obv_draw_options` in our words.
@safe
struct DrawRequest: @unchecked Sendable {
  typealias Progress = (fn: obv_progress_fn, user: UnsafeMutableRawPointer?)

  let psi: Float
  let cutoff: Int?
  let label: Int?
  let noise: NoiseMode
  let progress: Progress?
  /// For `obv_cancel_job`; 0 for none.
  let job: UInt32

  /// NULL stands for `OBV_DRAW_OPTIONS_INIT`.
  @unsafe
  init(_ pointer: UnsafePointer<obv_draw_options>?) throws(Failure) {
    // A struct without `zeros` keeps the preset's: in 0.1.0 a zero was a zero.
    let preset = unsafe obv_draw_options.preset
    var options = try unsafe obv_draw_options.read(pointer, over: preset)
    switch unsafe Int(options.zeros) {
    case OBV_ZERO_IS_ZERO: break
    case OBV_ZERO_IS_PRESET:
      if unsafe options.psi == 0 { unsafe options.psi = preset.psi }
      if unsafe options.cutoff == 0 { unsafe options.cutoff = preset.cutoff }
      if unsafe options.label == 0 { unsafe options.label = preset.label }
    default:
      throw .argument(
        "zeros is \(unsafe options.zeros), not OBV_ZERO_IS_PRESET or OBV_ZERO_IS_ZERO")
    }
    psi = unsafe options.psi
    cutoff = unsafe options.cutoff < 0 ? nil : Int(options.cutoff)
    label = unsafe options.label < 0 ? nil : Int(options.label)
    job = unsafe options.job
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

extension obv_draw_options {
  /// `OBV_DRAW_OPTIONS_INIT`.
  static var preset: obv_draw_options {
    unsafe obv_draw_options(
      size: UInt32(MemoryLayout<obv_draw_options>.size), psi: 1, cutoff: -1, label: -1,
      noise: UInt32(OBV_NOISE_CONST), noise_seed: 0, progress: nil, progress_user: nil,
      zeros: UInt32(OBV_ZERO_IS_ZERO), job: 0)
  }
}

@c @implementation
public func obv_draw_options_default() -> obv_draw_options {
  unsafe .preset
}
