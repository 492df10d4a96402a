import Core
import Options
import Torch
import Training

/// `obverse-train selftest`.
enum SelfTestCommand: Command {
  static let name = "selftest"
  static let table = CommandTable(
    name: name,
    purpose: "Compares a GPU's pictures, losses and gradients with the CPU's.",
    usage: "[--no-tf32]",
    examples: ["obverse-train selftest", "obverse-train selftest --no-tf32"], operands: 0...0,
    groups: [DeviceOptions.group])

  /// Shares of a result's length that float32 in another order stays below, and with 10-bit factors.
  private static let tolerances = (exact: 1e-3, rounded: 5e-2)

  static func run(_ options: ParsedOptions) throws(ObverseError) {
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
