import Core
import Foundation
import ModelFile
import Support
import Testing

import Obverse

/// The limit that is in force counts, whoever set it.
struct MemoryLimitTests {
  @Test func theLeastLimitCounts() {
    let limit = MemoryLimit(machine: 100 << 20, group: 90 << 20, process: nil)
    #expect(limit.bytes == 90 << 20)
    #expect(throws: Never.self) { try limit.expect(floats: 90 << 18, for: "drawing") }
    let sentence =
      "drawing needs 91 MiB of memory, more than the 90 MiB that this container may have"
    #expect(throws: ObverseError.resources(sentence)) {
      try limit.expect(floats: 90 << 18 + 1, for: "drawing")
    }
    #expect(MemoryLimit(machine: 100, group: nil, process: nil).source == "this machine has")
    #expect(MemoryLimit(machine: 100, group: 200, process: 50).bytes == 50)
    // More is in use than a limit that came later allows.
    #expect(MemoryLimit(machine: 100, group: nil, process: -7).bytes == 0)
  }

  @Test func anHonestModelFitsThisMachine() throws {
    #expect(MemoryLimit.inForce.bytes > 64 << 20)
    _ = try Generator(Model(SyntheticModel.skip.description), threads: 2)
  }

  /// 8192 channels between single ones: some 300 kB that ask for gigabytes.
  @Test func aSmallFileThatWantsTooMuchIsRefused() throws {
    var maker = ModelMaker(random: RandomState(seed: 1))
    maker.hasNoise = false
    let widths = [Int](repeating: 1, count: 7)
    let middles = [1, 1, 1, 1, 1, 1, 8192]
    #expect {
      _ = try Model(maker.styleGAN2(.orig, widths: widths, middles: middles))
    } throws: { error in
      guard case ObverseError.resources(let sentence) = error else { return false }
      return sentence.hasPrefix("drawing needs ")
    }
  }

  /// Scratch for a million workers.
  @Test func tooManyThreadsAreRefused() throws {
    let model = try Model(SyntheticModel.deep.description)
    #expect {
      _ = try Generator(model, threads: 10_000_000)
    } throws: { error in
      guard case ObverseError.resources(let sentence) = error else { return false }
      return sentence.hasPrefix("drawing needs ")
    }
  }
}

/// Version 1 and 2 of control groups, nested or not.
struct ControlGroupTests {
  /// Files of a tree of groups, by path.
  private static func root(_ files: [String: String]) throws -> TemporaryFolder {
    let root = try TemporaryFolder()
    for (path, text) in files {
      let folder = root.path + "/" + path.split(separator: "/").dropLast().joined(separator: "/")
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true)
      try root.write(Array(text.utf8), to: path)
    }
    return root
  }

  @Test func secondVersionsGroupsAreUnderAllAboveThem() throws {
    let root = try Self.root([
      "a/memory.max": "4096\n", "a/b/memory.max": "max\n", "a/b/c/memory.max": "8192\n",
      "a/cpu.max": "50000 100000\n", "a/b/cpu.max": "max 100000\n",
      "a/b/c/cpu.max": "300000 100000\n",
    ])
    let listing = "0::/a/b/c\n"
    let memory = ControlGroup("memory", root: root.path, listing: listing)
    #expect(memory.memory == 4096)
    #expect(ControlGroup("cpu", root: root.path, listing: listing).processors == 0.5)
    #expect(ControlGroup("memory", root: root.path, listing: "0::/\n").memory == nil)
  }

  @Test func firstVersionHasATreeForEachController() throws {
    let root = try Self.root([
      "memory/x/memory.limit_in_bytes": "65536\n",
      "memory/memory.limit_in_bytes": "9223372036854771712\n",
      "cpu,cpuacct/x/cpu.cfs_quota_us": "150000\n",
      "cpu,cpuacct/x/cpu.cfs_period_us": "100000\n",
      "cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    ])
    let listing = "12:pids:/x\n4:memory:/x\n1:cpu,cpuacct:/x\n0::/\n"
    #expect(ControlGroup("memory", root: root.path, listing: listing).memory == 65536)
    #expect(ControlGroup("cpu", root: root.path, listing: listing).processors == 1.5)
  }

  /// A container is told its host's path and sees its own group as the root.
  @Test func aPathThatIsNotThereFallsBackToTheRoot() throws {
    let root = try Self.root(["memory/memory.limit_in_bytes": "1048576\n"])
    let listing = "4:memory:/docker/0123\n"
    #expect(ControlGroup("memory", root: root.path, listing: listing).memory == 1_048_576)
    #expect(ControlGroup("memory", root: root.path, listing: "").memory == nil)
  }
}
