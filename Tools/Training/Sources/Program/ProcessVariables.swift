import Core
import Glibc
import Torch

/// What torchrun tells each process that it starts: `RANK`, `WORLD_SIZE` and where to meet.
struct ProcessVariables: Equatable {
  let rank: Int
  let count: Int
  /// The number among the processes of this machine.
  let localRank: Int
  let host: String
  let port: UInt16
  /// Whether process 0 opens the place; torchrun has one already.
  let hosts: Bool

  /// Reads the variables.
  ///
  /// - Parameter value: The environment.
  /// - Returns: nil where this process trains alone.
  /// - Throws: `usage`.
  static func read(
    _ value: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
  ) throws(ObverseError) -> ProcessVariables? {
    func number(_ name: String, _ range: ClosedRange<Int>) throws(ObverseError) -> Int {
      guard let text = value(name) else {
        throw .usage("WORLD_SIZE is set and \(name) is not; torchrun sets both", hint: nil)
      }
      guard let number = Int(text), range.contains(number) else {
        throw .usage(
          "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'",
          hint: nil)
      }
      return number
    }
    guard value("WORLD_SIZE") != nil else { return nil }
    let count = try number("WORLD_SIZE", 1...4096)
    guard count > 1 else { return nil }
    let rank = try number("RANK", 0...count - 1)
    guard let host = value("MASTER_ADDR"), !host.isEmpty else {
      throw .usage("WORLD_SIZE is set and MASTER_ADDR is not; torchrun sets both", hint: nil)
    }
    return ProcessVariables(
      rank: rank, count: count, localRank: try number("LOCAL_RANK", 0...count - 1), host: host,
      port: UInt16(try number("MASTER_PORT", 1...65_535)),
      hosts: rank == 0 && value("TORCHELASTIC_USE_AGENT_STORE") != "True")
  }

  /// Takes this process's GPU, and meets the others.
  ///
  /// - Parameters:
  ///   - device: Where it computes.
  ///   - say: Receives a line for the user, who may have to wait.
  /// - Returns: What the others are reached by.
  /// - Throws: `request`, `resources`.
  func join(_ device: Device, _ say: (String) -> Void) throws(ObverseError) -> Processes {
    if device == .cuda {
      guard localRank < Device.gpuCount else {
        throw .request(
          "process \(rank) is number \(localRank) on its machine, which has"
            + " \(Device.gpuCount) GPUs, counted from 0", hint: "torchrun --nproc-per-node")
      }
      Device.selectGPU(localRank)
    }
    say("process \(rank) of \(count) meets the others at \(host):\(port)")
    do throws(Processes.JoinFailure) {
      return try Processes(host: host, port: port, rank: rank, count: count, hosts: hosts)
    } catch {
      throw .resources(
        "process \(rank) of \(count) does not meet the others at \(host):\(port): \(error.why)")
    }
  }
}
