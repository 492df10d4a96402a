// allocations MODEL: draws faces in every way and counts what they allocate once a generator is warm;
// ends with 1 if that is anything, and says from where (addr2line knows the lines). Release builds only:
// without optimisation closures and iterators are allocated.

import CountedMalloc
import Glibc
import Kernels
import ModelFile
import Obverse

func fail(_ message: String, _ code: Int32) -> Never {
  let line = "allocations: \(message)\n"
  _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
  exit(code)
}

/// Calls of malloc and its kin during `body`, on all threads; `shows` writes where the first came from.
func allocations(shows: Bool, _ body: () throws -> Void) rethrows -> Int {
  count_allocations(shows ? 1 : 0)
  defer { _ = counted_allocations() }
  try body()
  return counted_allocations()
}

guard CommandLine.arguments.count == 2 else { fail("usage: allocations MODEL", 64) }

// A counter that counts nothing would pass.
var grown: [Int] = []
guard allocations(shows: false, { grown.reserveCapacity(1000) }) > 0 else {
  fail("malloc is not counted", 70)
}

var (ways, bad) = (0, 0)
do {
  let description = try ModelFile.read(path: CommandLine.arguments[1])
  for set in InstructionSet.available {
    for forced in [nil] + ConvAlgorithm.allCases {
      let model = try Model(description, instructionSet: set, forced: forced)
      for threads in 1...3 {
        let generator = try Generator(model, threads: threads)
        let w = try generator.map(
          z: generator.latent(seed: 1), label: model.classes > 0 ? 0 : nil)
        let ws = try generator.ws(from: w)
        var pixels: [UInt8] = []
        var planes: [Float] = []
        let noises: [NoiseMode] =
          model.allowsRandomNoise ? [.const, .none, .random(seed: 5)] : [.const, .none]
        for noise in noises {
          func draw() throws {
            try generator.synthesize(ws: ws, noise: noise, into: &pixels)
            try generator.synthesize(ws: ws, noise: noise, into: &planes)
          }
          try draw()
          let count = try allocations(shows: true) { for _ in 0..<3 { try draw() } }
          ways += 1
          guard count > 0 else { continue }
          bad += 1
          let way = forced?.rawValue ?? "chosen"
          print("\(set.rawValue), \(way), \(threads) threads, noise \(noise): \(count) allocations")
        }
      }
    }
  }
} catch {
  fail("\(error)", 65)
}
print("\(ways) ways to draw, \(bad) of them allocate")
exit(bad > 0 ? 1 : 0)
