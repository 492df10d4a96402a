import Core
import Options
import Torch

/// The options of commands that compute.
enum DeviceOptions {
  static let group = OptionGroup(
    "where it is computed",
    [
      Option(
        "device", "NAME", "auto, cpu or cuda", preset: "auto", rare: true,
        takes: .words(["auto", "cpu", "cuda"])),
      Option(
        "threads", "N", "threads on the CPU", preset: "LibTorch's choice", short: "t", rare: true),
      Option(
        "no-tf32", nil, "on a GPU: products and convolutions in full float32, slower", rare: true),
    ])

  /// Settles threads, then the device.
  /// - Throws: `usage`, `request`.
  static func device(_ options: ParsedOptions) throws(ObverseError) -> Device {
    if let threads = try options.integer("threads", in: 1...1024) { Torch.threads = threads }
    let device = try device(named: options.text("device") ?? "auto")
    if device == .cpu { Torch.keepMemory() }
    if device == .cuda { Torch.setTF32(!options.has("no-tf32")) }
    return device
  }

  /// Says lines to the user, unless `--quiet`.
  static func speaker(_ options: ParsedOptions) -> (String) -> Void {
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
