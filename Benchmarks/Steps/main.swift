// steps MODEL [THREADS [FACES [ALGORITHM]]]: where the time of a face goes, a line a step; with an
// algorithm, all 3x3 convolutions that can take it do.
//
// Tenth percentiles in µs; OBVERSE_ISA picks the instruction set.

import Glibc
import ModelFile
import Obverse

func fail(_ message: String) -> Never {
  let line = "steps: \(message)\n"
  _ = unsafe write(STDERR_FILENO, line, line.utf8.count)
  exit(64)
}

let arguments = CommandLine.arguments
guard (2...5).contains(arguments.count) else {
  fail("usage: steps MODEL [THREADS [FACES [direct|winograd|planar]]]")
}
let threads = arguments.count > 2 ? Int(arguments[2]) ?? 1 : 1
let faces = arguments.count > 3 ? Int(arguments[3]) ?? 50 : 50

func pad(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(width - text.count, 0))
}

do {
  let forced = arguments.count > 4 ? ConvAlgorithm(rawValue: arguments[4]) : nil
  let model = try Model(ModelFile.read(path: arguments[1]), forced: forced)
  let generator = try Generator(model, threads: threads)
  let parts = generator.parts
  var samples = [[UInt64]](repeating: [], count: parts.count + 1)
  for seed in 0..<UInt32(faces + 3) {
    let times = try generator.timeParts(seed: seed)
    guard seed >= 3 else { continue }
    for (i, time) in times.enumerated() { samples[i].append(time) }
    samples[parts.count].append(times.reduce(0, +))
  }
  let medians = samples.map { $0.sorted()[$0.count / 10] }
  let macs = Dictionary(
    uniqueKeysWithValues: model.shape.layers.map { ($0.name, $0.macs(.input)) })
  print("\(model.instructionSet.rawValue), \(threads) threads")
  for (i, names) in parts.enumerated() {
    let count = names.reduce(0) { $0 + (macs[$1] ?? 0) }
    let time = Double(medians[i]) / 1000
    let rate = count > 0 && time > 0 ? Int(2 * Double(count) / time / 1000) : 0
    print(
      pad(names.joined(separator: "+"), 28),
      pad("\(Int(time)) µs", 10), pad("\(count / 1000) kMAC", 14), rate > 0 ? "\(rate) GFLOP/s" : ""
    )
  }
  print(pad("face", 28), "\(medians[parts.count] / 1000) µs")
} catch {
  fail("\(error)")
}
