import CSystem
import Kernels

/// What this machine does at best with one instruction set on some threads: the two ceilings of a
/// roofline.
package struct MachineRoof: Sendable {
  /// Floating-point operations a second; a multiply-add is two.
  package let flopsPerSecond: Double
  /// Bytes a second that are read from memory and written to it, two to one.
  package let bytesPerSecond: Double

  package init(flopsPerSecond: Double, bytesPerSecond: Double) {
    self.flopsPerSecond = flopsPerSecond
    self.bytesPerSecond = bytesPerSecond
  }

  /// Measures both, in about half a second.
  ///
  /// - Parameters:
  ///   - instructionSet: Its vectors and its multiply-adds, or multiplications and additions.
  ///   - threads: At least 1; all do the same at once.
  /// - Throws: `resources`; `usage` for an instruction set that this processor lacks.
  package init(measuring instructionSet: InstructionSet, threads: Int) throws(ObverseError) {
    let fast = try instructionSet.kernels()
    let workers = try Workers(threads)
    defer { workers.stop() }
    // The best of some attempts: the machine's other work only ever takes away.
    func best(_ attempts: Int, _ work: any SharedWork) -> Double {
      (0..<attempts).map { _ in
        let start = Self.now
        workers.run(work)
        return max(Double(Self.now - start), 1) / 1e9
      }.min() ?? 1
    }
    let adding = try Adding(fast)
    let operations = 2 * fast.multiplyAddsPerTurn * Adding.turns * threads
    flopsPerSecond = Double(operations) / best(60, adding)

    let streaming = try Streaming(fast)
    workers.run(streaming)  // the first touch of a page costs more than the page
    bytesPerSecond = Double(3 * streaming.count * MemoryLayout<Float>.size) / best(5, streaming)
  }

  private static var now: Int64 { clock_nanoseconds() }

  /// The ratio at which the ceilings meet: operations a byte.
  package var ridge: Double { flopsPerSecond / bytesPerSecond }

  /// Nanoseconds that the slower of the two needs.
  package func leastNanoseconds(flops: Double, bytes: Double) -> Double {
    max(flops / flopsPerSecond, bytes / bytesPerSecond) * 1e9
  }
}

/// Multiply-adds on registers.
private final class Adding: SharedWork {
  /// About a millisecond: some of many so short attempts fall between what else the machine does.
  static let turns = 400_000

  private let fast: Fast
  private let sum: FloatBuffer

  init(_ fast: Fast) throws(ObverseError) {
    self.fast = fast
    sum = try FloatBuffer(zeros: 1024 * 16)
  }

  func work(_ index: Int, _ workers: Workers) {
    // A cache line for each worker.
    sum[index % 1024 * 16] = fast.kernels.multiplyAdds(turns: Self.turns)
  }
}

/// Three arrays that no cache holds.
private final class Streaming: SharedWork {
  /// Floats of each array.
  let count: Int

  private let fast: Fast
  private let a: FloatBuffer
  private let b: FloatBuffer
  private let out: FloatBuffer

  init(_ fast: Fast) throws(ObverseError) {
    self.fast = fast
    // Four times the last cache in all, so that none of it is there when it is wanted again. Within
    // reason: virtual machines show all of their host's cache. And a small part of the memory.
    let bytes = min(max(4 * memory_of_cache(), 96 << 20), 256 << 20, memory_of_machine() / 8)
    count = bytes / (3 * MemoryLayout<Float>.size) / 16 * 16
    a = try FloatBuffer(zeros: count)
    b = try FloatBuffer(zeros: count)
    out = try FloatBuffer(zeros: count)
  }

  func work(_ index: Int, _ workers: Workers) {
    let lines = count / 16
    fast.triad(
      a, b, into: out,
      (lines * index / workers.count * 16)..<(lines * (index + 1) / workers.count * 16))
  }
}
