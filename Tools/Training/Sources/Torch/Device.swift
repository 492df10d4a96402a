import CTorch

/// Where tensors live and are computed.
public enum Device: String, Sendable, CaseIterable {
  case cpu, cuda

  /// Whether LibTorch finds a GPU; the first question loads its CUDA library.
  public static var hasCUDA: Bool { ct_cuda_available() }

  var code: ct_device { self == .cuda ? CT_CUDA : CT_CPU }
}

/// What holds for the whole program.
public enum Torch {
  /// Starts LibTorch's generators anew, on all devices.
  public static func seed(_ seed: UInt64) { ct_manual_seed(seed) }

  /// Threads of one operation on the CPU.
  ///
  /// Equal numbers give equal bits.
  public static var threads: Int {
    get { Int(ct_threads()) }
    set { ct_set_threads(Int32(newValue)) }
  }

  /// LibTorch's version.
  public static var version: String { String(cString: ct_version()) }

  /// Runs `body` without recording operations for gradients.
  public static func withoutGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let before = ct_set_grad_enabled(false)
    defer { _ = ct_set_grad_enabled(before) }
    return try body()
  }
}
