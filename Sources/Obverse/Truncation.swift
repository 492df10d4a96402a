import Kernels

/// Truncation of w in the first style layers: `average + psi (w - average)`.
///
/// Karras et al. 2019, arXiv:1812.04948, appendix B.
struct Truncation {
  let average: FloatBuffer
  let psi: Float
  /// The first style layer that keeps w as it is.
  let cutoff: Int

  /// Element `i` of w.
  func callAsFunction(_ value: Float, _ i: Int) -> Float {
    average[i] + psi * (value - average[i])
  }
}
