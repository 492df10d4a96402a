import Checkpoint
import Core
import Foundation
import Synchronization
import Testing

import Networks
import Torch

@testable import Training

@Suite(.serialized)
struct ProcessesTests {
  let folder: TemporaryFolder
  let data: String

  init() throws {
    Torch.threads = 1
    folder = try TemporaryFolder()
    data = try RunTests.pictures(in: folder)
  }

  // MARK: What two of them compute

  /// What two threads find that take each other for processes.
  func together<R: Sendable>(_ body: @escaping @Sendable (Processes) -> R) throws -> [R] {
    let port = try freePort()
    let group = DispatchGroup()
    let found = Mutex<[R?]>([nil, nil])
    for rank in 0..<2 {
      group.enter()
      Thread.detachNewThread {
        defer { group.leave() }
        guard
          let processes = try? Processes(
            host: "127.0.0.1", port: port, rank: rank, count: 2, hosts: rank == 0)
        else { return }
        let result = body(processes)
        found.withLock { $0[rank] = result }
        processes.leave(isDone: true)
      }
    }
    group.wait()
    return try found.withLock { $0 }.map { try #require($0) }
  }

  /// What one has is 1 in the one and 3 in the other, in more numbers than travel at a time.
  @Test func sumsAreOverAll() throws {
    let claims = try together { processes in
      let own = Float(2 * processes.rank + 1)
      let (long, short) = ([1 << 20 + 3], [2, 3])
      let means = processes.averaged([
        .full(Double(own), long), .values((0..<6).map { own * Float($0) }, short),
      ])
      let first = [Tensor.full(Double(own), [2]), Tensor.full(Double(own) * 5, long)]
      processes.copyFirst(to: first)
      return [
        "shapes": means.map(\.shape) == [long, short],
        "long": means[0].floats.allSatisfy { $0 == 2 },
        "short": means[1].floats == (0..<6).map { 2 * Float($0) },
        // A third is not exact: what is gathered goes through no division.
        "gathered": processes.gathered(.full(Double(own) / 3, [])).floats == [Float(1) / 3, 1],
        "any": processes.any(own == 1) && processes.any(own == 3),
        "none": !processes.any(own == 2),
        "agree": processes.agree(on: .full(7, [2])),
        "disagree": !processes.agree(on: .full(Double(own), [2])),
        "first": first[0].floats == [1, 1] && first[1].floats.allSatisfy { $0 == 5 },
      ]
    }
    for claim in claims { #expect(claim.filter { !$0.value }.keys.sorted() == []) }
  }

  /// Weights and inputs as numbers, which every thread makes tensors of its own from.
  struct Scene: Sendable {
    static let shape = GeneratorShape(
      zDim: 8, wDim: 8, mappingLayers: 2, widths: GeneratorShape.widths(ofBlocks: [8, 8, 4]))
    var weights: [[Float]] = []
    var z: [Float] = []
    var real: [Float] = []
    var directions: [Float] = []

    init() {
      Torch.seed(7)
      let (generator, discriminator) = Self.networks()
      weights = (generator.parameters + discriminator.parameters).map(\.floats)
      (z, real) = (Tensor.normal([8, 8]).floats, Tensor.normal([8, 3, 16, 16]).floats)
      directions = Tensor.normal([8, 3, 16, 16]).floats
    }

    static func networks() -> (Generator, Discriminator) {
      (Generator(shape), Discriminator(DiscriminatorShape(widths: [8, 8, 4], groupSize: 4)))
    }

    /// Two rounds of all four phases without noise, each with a step of Adam.
    ///
    /// - Parameters:
    ///   - parts: Images of each part, whose mean of path lengths is its own.
    ///   - processes: Over which gradients are averaged.
    /// - Returns: All weights afterwards.
    func trained(_ parts: [[Int]], over processes: Processes?) -> [[Float]] {
      let (generator, discriminator) = Self.networks()
      let parameters = generator.parameters + discriminator.parameters
      for (parameter, floats) in zip(parameters, weights) {
        parameter.assign(.values(floats, parameter.shape))
      }
      let adams = [generator.parameters, discriminator.parameters].map {
        Adam($0, rate: 0.002, beta1: 0, beta2: 0.99)
      }
      for adam in adams { adam.processes = processes }
      func taken(_ floats: [Float], _ shape: [Int], _ images: [Int]) -> Tensor {
        Tensor.values(floats, [8] + shape).selected(axis: 0, .indices(images))
      }
      func ws(_ images: [Int]) -> Tensor {
        generator.broadcast(generator.mapping(taken(z, [8], images)))
      }
      let all = parts.flatMap { $0 }.sorted()
      let means = parts.map { _ in Tensor.zeros([]) }
      for _ in 0..<2 {
        let drawn = generator.synthesis(ws(all), noise: .none)
        adams[0].minimize(Losses.generator(discriminator(drawn)))
        var penalty = Tensor.zeros([])
        for (images, mean) in zip(parts, means) {
          let ws = ws(images)
          let loss = Losses.pathLength(
            generator.synthesis(ws, noise: .none), ws,
            directions: taken(directions, [3, 16, 16], images), mean: mean)
          penalty = penalty + loss * (1 / Double(parts.count))
        }
        adams[0].minimize(penalty)
        let fake = Torch.withoutGradients { generator.synthesis(ws(all), noise: .none) }
        let shown = taken(real, [3, 16, 16], all)
        adams[1].minimize(
          Losses.discriminator(
            fakeScores: discriminator(fake), realScores: discriminator(shown)))
        adams[1].minimize(Losses.r1(discriminator, shown))
      }
      return parameters.map(\.floats)
    }
  }

  /// Each takes half of the images, and both end with what one would have made of all.
  ///
  /// A discriminator's group holds every (N / 4)th image, so that alternate images make halves whose
  /// groups are those of the whole.
  @Test func twoTakeTheStepsOfOne() throws {
    let scene = Scene()
    let halves = [[0, 2, 4, 6], [1, 3, 5, 7]]
    let results = try together { processes in
      scene.trained([halves[processes.rank]], over: processes)
    }
    #expect(results[0] == results[1], "the same bits")
    let one = scene.trained(halves, over: nil)
    #expect(results[0].count == one.count)
    func gap(_ a: [[Float]], _ b: [[Float]]) -> Float {
      zip(a.joined(), b.joined()).map { abs($0 - $1) }.max() ?? .infinity
    }
    // A step of Adam is 0.002 long whatever the gradient: a wrong one shows two hundred times over.
    #expect(gap(results[0], one) < 1e-5)
    #expect(gap(scene.weights, one) > 2e-3)
    #expect(gap(scene.trained([halves[0]], over: nil), one) > 1e-4, "one half alone is not enough")
  }

  // MARK: The program

  /// A program that is one of several, and what it says.
  final class Member {
    let process = Process()
    private let output: String

    init(
      _ words: [String], _ variables: [String: String], saysTo output: String
    ) throws {
      self.output = output
      let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      process.executableURL = URL(filePath: own).deletingLastPathComponent()
        .appending(path: "obverse-train")
      process.arguments = words
      let kept = ProcessInfo.processInfo.environment.filter { $0.key != "WORLD_SIZE" }
      process.environment = kept.merging(variables) { $1 }
      try Data().write(to: URL(filePath: output))
      process.standardError = try FileHandle(forWritingTo: URL(filePath: output))
      try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// Waits for its end; a process that never ends is for whoever runs the tests to notice.
    func ended() throws -> (code: Int32, says: String) {
      process.waitUntilExit()
      let bytes = try Data(contentsOf: URL(filePath: output))
      return (process.terminationStatus, String(decoding: bytes, as: UTF8.self))
    }
  }

  func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = bind(descriptor, address, length)
        _ = getsockname(descriptor, address, &length)
      }
    }
    return UInt16(bigEndian: try #require(address.sin_port == 0 ? nil : address.sin_port))
  }

  func words(_ kimg: Double, to name: String) -> [String] {
    var words = ["teacher", "--data", data, "--size", "16", "--batch", "8", "--group", "4"]
    words += ["--base", "64", "--widest", "8", "--z-dim", "8", "--w-dim", "8"]
    words += ["--mapping-layers", "2", "--threads", "1", "--device", "cpu", "--quiet"]
    words += ["--tick", "0.016", "--snapshot", "2", "--seed", "5"]
    return words + ["--kimg", "\(kimg)", "--out", "\(folder.path)/\(name)"]
  }

  func resumed(_ kimg: Double, _ name: String) -> [String] {
    ["teacher", "--resume", "\(folder.path)/\(name)", "--kimg", "\(kimg)"]
      + ["--threads", "1", "--device", "cpu", "--quiet"]
  }

  func pair(_ words: [String]) throws -> [Member] {
    let port = try freePort()
    return try (0..<2).map { rank in
      try Member(
        words,
        [
          "RANK": "\(rank)", "LOCAL_RANK": "\(rank)", "WORLD_SIZE": "2",
          "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
        ], saysTo: "\(folder.path)/says-\(port)-\(rank)")
    }
  }

  func state(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)/state.safetensors"))
  }

  /// Eight steps at once, and four, then four more by new programs: the same state to the bit.
  @Test func aRunOfTwoResumesToTheBit() throws {
    for words in [words(0.064, to: "whole"), words(0.032, to: "half"), resumed(0.064, "half")] {
      for member in try pair(words) {
        let (code, says) = try member.ended()
        #expect(code == 0 && says.isEmpty, "\(says)")
      }
    }
    #expect(try state("half") == (try state("whole")))
    let path = folder.path + "/whole"
    let log = try String(contentsOfFile: path + "/log.jsonl", encoding: .utf8)
    let records = try log.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(records.compactMap { $0["step"] as? Int } == [2, 4, 6, 8])
    #expect(records.compactMap { $0["images"] as? Int } == [16, 32, 48, 64])
    for name in ["loss_g", "loss_d"] {
      #expect(records.allSatisfy { ($0[name] as? Double)?.isFinite == true }, "\(name)")
    }
    let origin = try String(contentsOfFile: path + "/origin.jsonl", encoding: .utf8)
    #expect(origin.contains("\"processes\":\"2\"") && origin.split(separator: "\n").count == 1)

    // Each process's mean of path lengths is its own, from latents of its own.
    let file = try CheckpointFile.open(path + "/state.safetensors")
    let means = try #require(file.tensors.first { $0.name == "path.means" }).tensor.floats
    #expect(means.count == 2 && means[0] > 0 && means[1] > 0 && means[0] != means[1])

    // Another number of processes may go on as well.
    let alone = try Member(resumed(0.08, "half"), [:], saysTo: folder.path + "/says")
    let (code, says) = try alone.ended()
    #expect(code == 0, "\(says)")
    #expect(try state("half") != (try state("whole")))
  }

  /// Whoever is left says so and ends; what was saved is whole.
  @Test func aKilledProcessEndsTheRun() throws {
    let pairs = try (0..<2).map { try pair(words(1000, to: "killed\($0)")) }
    for i in 0..<2 {
      while !FileManager.default.fileExists(atPath: "\(folder.path)/killed\(i)/state.safetensors") {
        try #require(pairs[i].filter { $0.process.isRunning }.count == 2)
        usleep(100_000)
      }
    }
    for i in 0..<2 { kill(pairs[i][i].process.processIdentifier, SIGKILL) }
    for (i, sentence) in [
      "the process where all others meet has gone", "process 1 of 2 no longer answers",
    ].enumerated() {
      let (code, says) = try pairs[i][1 - i].ended()
      #expect(code == 71)
      #expect(
        says == """
          obverse-train: error: \(sentence); what was saved before stays
          hint: --resume goes on from the last state

          """)
      pairs[i][i].process.waitUntilExit()
      let file = try CheckpointFile.open("\(folder.path)/killed\(i)/state.safetensors")
      #expect(file.tensors.map(\.name).contains("path.means"))
    }
  }

  /// Errors of one process, and of what it was told, are sentences too.
  @Test func whatCannotWorkIsSaid() throws {
    var variables = ["WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"]
    for (rank, sentence) in [
      (nil, "WORLD_SIZE is set and RANK is not; torchrun sets both"),
      ("2", "RANK is a whole number from 0 to 1, not '2'"),
    ] {
      variables["RANK"] = rank
      let (code, says) = try Member(
        words(1, to: "none"), variables, saysTo: folder.path + "/says"
      ).ended()
      #expect(code == 64 && says == "obverse-train: error: \(sentence)\n", "\(says)")
    }
    let odd = try pair(words(1, to: "none") + ["--batch", "9"])
    for member in odd {
      let (code, says) = try member.ended()
      #expect([64, 71].contains(code))
      #expect(
        says.contains("a batch of 9 does not divide among 2 processes")
          || says.contains("ended with an error") || says.contains("has gone"), "\(says)")
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/none"))
  }
}
