// shapes FILE [ISA [SECONDS]]: each layer of a list of shapes with each algorithm that it can take,
// on one thread, as a Markdown table. SECONDS is spent on each, 0.1 by default.
//
// A shape is a line `conv|up|separable IN OUT SIZE`, SIZE being the side of the output. µs is the tenth
// percentile, so that other work on the machine counts little. GFLOP/s and % peak are of the
// multiply-adds of the plain convolution, the same for all: Winograd needs fewer, and may pass 100.

import Glibc
import Kernels

func fail(_ message: String) -> Never {
  let line = "shapes: \(message)\n"
  _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
  exit(64)
}

let words = CommandLine.arguments
guard (2...4).contains(words.count) else { fail("usage: shapes FILE [ISA [SECONDS]]") }
guard let set = words.count > 2 ? InstructionSet(rawValue: words[2]) : InstructionSet.best,
  InstructionSet.available.contains(set)
else {
  fail("this processor has \(InstructionSet.available.map(\.rawValue).joined(separator: ", "))")
}
guard let seconds = words.count > 3 ? Double(words[3]) : 0.1, seconds > 0, seconds < 3600 else {
  fail("'\(words[3])' is no number of seconds")
}
guard let shapes = Shape.list(path: words[1]) else { fail("cannot read shapes from '\(words[1])'") }

let fast = Fast(set)
let peak =
  (0..<60).map { _ in
    let turns = 400_000
    let (time, sum) = timed { fast.kernels.multiplyAdds(turns: turns) }
    // Asked for, so that no compiler may leave the work out.
    guard sum.isFinite else { fail("a sum of \(sum)") }
    return 2 * Double(fast.multiplyAddsPerTurn * turns) / Double(time)
  }.max() ?? 1

print("\(set.rawValue), 1 thread, peak \(Int(peak.rounded())) GFLOP/s\n")
print("| layer | in | out | size | MMAC | algorithm | µs | GFLOP/s | % peak |")
print("|---|---:|---:|---:|---:|---|---:|---:|---:|")
for shape in shapes {
  for (name, run) in try layers(shape, fast) {
    run()
    var samples: [UInt64] = []
    var spent: UInt64 = 0
    while samples.count < 5 || Double(spent) < seconds * 1e9 {
      let time = timed(run).nanoseconds
      samples.append(time)
      spent += time
    }
    let time = Double(max(samples.sorted()[samples.count / 10], 1))
    let rate = 2 * Double(shape.macs) / time
    print(
      "| \(shape.kind.rawValue) | \(shape.inputs) | \(shape.outputs) | \(shape.size) |",
      "\(fixed(Double(shape.macs) / 1e6)) | \(name) | \(fixed(time / 1e3)) | \(fixed(rate)) |",
      "\(Int((100 * rate / peak).rounded())) |")
  }
}

/// Nanoseconds of `body`, and what it gives.
func timed<T>(_ body: () -> T) -> (nanoseconds: UInt64, result: T) {
  func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
  let start = now()
  let result = body()
  return (now() - start, result)
}

/// One decimal.
func fixed(_ value: Double) -> String {
  let tenths = Int((value * 10).rounded())
  return "\(tenths / 10).\(tenths % 10)"
}
