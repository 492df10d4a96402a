import Core
import Torch
import Training

/// `obverse-train selftest`.
enum SelfTestCommand: Command {
  static let name = "selftest"
  static let summary = "compares a GPU's pictures, losses and gradients with the CPU's"
  static let usage = "[--no-tf32]"
  static let options = DeviceOptions.table

  /// Shares of a result's length that float32 in another order stays below, and with 10-bit factors.
  private static let tolerances = (exact: 1e-3, rounded: 5e-2)

  static func run(_ options: Options) throws(ObverseError) {
    let device = try DeviceOptions.device(options)
    guard device == .cuda else {
      throw .request(
        "there is nothing to compare the CPU with",
        hint: "--device cuda says why there is no GPU")
    }
    let tolerance = options.has("no-tf32") ? tolerances.exact : tolerances.rounded
    let found = DeviceCheck.differences(.cpu, device)
    for (what, share) in found { Program.say("\(what): differs by \(share) of its length") }
    // Asked this way round, a NaN fails.
    guard found.allSatisfy({ $0.share <= tolerance }) else {
      throw .bug("the GPU differs by more than \(tolerance)")
    }
  }
}
