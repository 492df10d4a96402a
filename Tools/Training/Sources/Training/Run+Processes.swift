import Core
import FoundationEssentials
import Torch

// A run of several processes: each has all of it in memory, and the first one writes.
extension Run {
  /// Whether this process is the one that writes.
  var isFirst: Bool { trainer.processes?.rank ?? 0 == 0 }

  /// Whether it is so here or in another process.
  func any(_ isTrue: Bool) -> Bool { trainer.processes?.any(isTrue) ?? isTrue }

  /// The mean of each loss since the last tick, over all processes.
  func means() -> [Double] {
    let own = sums.map { $0.sum.item / Double($0.count) }
    guard let processes = trainer.processes, !own.isEmpty else { return own }
    let all = processes.averaged([.values(own.map(Float.init), [own.count])])
    return all[0].floats.map(Double.init)
  }

  /// Makes sure that all processes train the same, from the same state on.
  ///
  /// Else they would wait for each other in vain, or average what does not belong together.
  /// - Throws: `request`.
  func beginTogether() throws(ObverseError) {
    guard let processes = trainer.processes else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let json = (try? encoder.encode(trainer.settings)) ?? Data()
    // FNV-1a, in parts that a float holds.
    let hash = json.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    let parts = (0..<4).map { Float(hash >> (16 * $0) & 0xffff) }
    guard processes.agree(on: .values(parts, [4])) else {
      throw .request("the processes were given different options", hint: nil)
    }
    let place = [Float(trainer.step & 0xfffff), Float(trainer.step >> 20), Float(ticks)]
    guard processes.agree(on: .values(place, [3])) else {
      throw .request(
        "the processes do not find the same state in '\(folder)'",
        hint: "--resume needs a folder that all machines share")
    }
    trainer.takeFirst()
  }
}
