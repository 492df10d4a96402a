import Core
import Torch

/// The options that every command has.
enum DeviceOptions {
  static let table = [
    Option("device", "NAME", "auto, cpu or cuda; auto"),
    Option("threads", "N", "threads on the CPU; LibTorch's choice"),
    Option("no-tf32", nil, "on a GPU: products and convolutions in full float32, slower"),
    Option("quiet", nil, "says errors only"),
  ]

  /// Settles threads, then the device.
  /// - Throws: `usage`, `request`.
  static func device(_ options: Options) throws(ObverseError) -> Device {
    if let threads = try options.integer("threads", in: 1...1024) { Torch.threads = threads }
    let device = try device(named: options.text("device") ?? "auto")
    if device == .cpu { Torch.keepMemory() }
    if device == .cuda { Torch.setTF32(!options.has("no-tf32")) }
    return device
  }

  /// Says lines to the user, unless `--quiet`.
  static func speaker(_ options: Options) -> (String) -> Void {
    guard options.has("quiet") else { return Program.say }
    return { _ in }
  }

  private static func device(named name: String) throws(ObverseError) -> Device {
    switch name {
    case "auto": return Device.hasCUDA ? .cuda : .cpu
    case "cpu": return .cpu
    case "cuda":
      guard Device.hasCUDA else {
        let why =
          Torch.cudaProblem ?? "CUDA runtime \(Torch.cudaRuntime) was loaded and sees no GPU"
        throw .request("no GPU here: \(why)", hint: "--device cpu trains without one")
      }
      return .cuda
    default: throw .usage("option '--device' is one of auto, cpu, cuda, not '\(name)'", hint: nil)
    }
  }
}
