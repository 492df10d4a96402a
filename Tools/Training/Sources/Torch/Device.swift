import CTorch

/// Where tensors live and are computed.
public enum Device: String, Sendable, CaseIterable {
  case cpu, cuda

  /// Whether LibTorch finds a GPU; the first question loads its CUDA library.
  public static var hasCUDA: Bool { ct_cuda_available() }

  /// GPUs that LibTorch finds.
  public static var gpuCount: Int { Int(ct_gpu_count()) }

  /// Makes this thread compute on the GPU of that number, counted from 0.
  public static func selectGPU(_ index: Int) {
    precondition((0..<gpuCount).contains(index), "GPU \(index) of \(gpuCount)")
    Failure.check(ct_select_gpu(Int32(index)))
  }

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

  /// Keeps freed memory for the next step, which asks for the same again.
  public static func keepMemory() { ct_keep_memory() }

  /// LibTorch's version.
  public static var version: String { String(cString: ct_version()) }

  /// The CUDA runtime behind LibTorch, such as 13000; 0 where it was not loaded.
  public static var cudaRuntime: Int { Int(ct_cuda_runtime()) }

  /// Why LibTorch's CUDA library cannot be loaded; nil where it can.
  public static var cudaProblem: String? { ct_cuda_problem().map { String(cString: $0) } }

  /// Whether products and convolutions on a GPU may round their factors to 10 bits.
  public static func setTF32(_ value: Bool) { ct_set_tf32(value) }

  /// Runs `body` with bfloat16 factors in products and convolutions if `isOn`, else without.
  public static func withBFloat16<R, E: Error>(
    _ isOn: Bool, _ body: () throws(E) -> R
  ) throws(E) -> R {
    let before = ct_set_bfloat16(isOn)
    defer { _ = ct_set_bfloat16(before) }
    return try body()
  }

  /// Runs `body` without recording operations for gradients.
  public static func withoutGradients<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    let before = ct_set_grad_enabled(false)
    defer { _ = ct_set_grad_enabled(before) }
    return try body()
  }
}
