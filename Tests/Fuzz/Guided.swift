// The trials under libFuzzer, which follows what code an input reaches. Only a program that was linked with it can do
// that: see README.md.

import CFuzzer
import Checkpoint
import Core
import Glibc
import Kernels
import ModelFile
import Obverse
import Synchronization

enum Guided: String, CaseIterable {
  /// Bytes of any file that is read.
  case readers
  /// A network's dimensions, planned for every instruction set and algorithm.
  case planner
  /// A network's dimensions, drawn by some workers and as `Reference` draws it.
  case engine

  /// Its place among all cases: a function of C carries nothing with it.
  private static let place = Atomic(0)
  private static var chosen: Guided { allCases[place.load(ordering: .relaxed)] }

  /// Runs until something is found or an option's limit is reached; words are the fuzzer's own options and folders.
  func run(_ words: [String]) -> Int32 {
    Self.place.store(Self.allCases.firstIndex(of: self) ?? 0, ordering: .relaxed)
    let all = ["fuzz", "-rss_limit_mb=3000", "-timeout=60"] + words
    var words = unsafe all.map { unsafe strdup($0) }
    let count = unsafe Int32(words.count)
    unsafe words.append(nil)
    return unsafe words.withUnsafeMutableBufferPointer { words in
      unsafe obv_fuzz_run(count, words.baseAddress) { bytes, count in
        Guided.attempt(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
        return 0
      }
    }
  }

  /// One input; what breaks a rule ends the process, so that the fuzzer keeps it.
  private static func attempt(_ bytes: [UInt8]) {
    let chosen = Self.chosen
    let begin = Clock.processor
    do {
      switch chosen {
      case .readers:
        // One that reads from memory and draws; the type of weights changes with the input.
        let number = 8 * bytes.reduce(0) { $0 &+ Int($1) } + 4
        _ = try Trial.run(Input("guided", Reader(of: bytes), bytes), number: number, in: "/nowhere")
      case .planner: try plan(bytes)
      case .engine: try draw(bytes)
      }
    } catch let error as Violation {
      fatalError(error.what)
    } catch {
      // A network that a recipe makes is sound.
      if chosen != .readers { fatalError("\(error)") }
    }
    // What a sanitizer and the fuzzer's own counters cost is not the readers'.
    guard Clock.processor - begin < (chosen == .readers ? 2 : 20) * 5 else {
      fatalError("it took \(Clock.processor - begin) s of processor time")
    }
  }

  private static func plan(_ bytes: [UInt8]) throws {
    var recipe = Recipe(bytes)
    let description = recipe.description()
    let file = Bytes(try ModelFile.encode(description))
    let read = try ModelFile.read(file)
    guard read.shape.macs() == description.shape.macs() else {
      throw Violation(what: "another network was read than was written")
    }
    let sets = InstructionSet.available
    let forced: [ConvAlgorithm?] = [nil] + ConvAlgorithm.allCases
    // Every place of a plan is proved when its model is made.
    let model = try Model(
      read, instructionSet: sets[recipe.below(sets.count)],
      forced: forced[recipe.below(forced.count)])
    _ = try Generator(model, threads: 1 + recipe.below(4))
  }

  private static func draw(_ bytes: [UInt8]) throws {
    var recipe = Recipe(bytes)
    let description = recipe.description()
    let sets = InstructionSet.available
    let forced: [ConvAlgorithm?] = [nil] + ConvAlgorithm.allCases
    let model = try Model(
      description, instructionSet: sets[recipe.below(sets.count)],
      forced: forced[recipe.below(forced.count)])
    let label = description.cDim > 0 ? recipe.below(description.cDim) : nil
    let noise = model.allowsRandomNoise && recipe.below(2) == 1 ? NoiseMode.random(seed: 4) : .const
    var random = RandomState(seed: 1)
    let z = random.normals(description.zDim)
    let network = ReferenceNetwork(description, noise: noise)
    let w = network.map(z: z, label: label)
    let wanted = network.synthesize(ws: Array(repeating: w, count: description.wsCount))
    let generator = try Generator(model, threads: 1 + recipe.below(3))
    var planes: [Float] = []
    try generator.synthesize(
      ws: generator.ws(from: generator.map(z: z, label: label)), noise: noise, into: &planes)
    guard planes.count == wanted.count else { throw Violation(what: "\(planes.count) pixels") }
    var (difference, scale) = (Float(0), Float(0))
    for (a, b) in zip(planes, wanted) {
      guard a.isFinite else { throw Violation(what: "a pixel is \(a)") }
      difference = max(difference, abs(a - b))
      scale = max(scale, abs(b))
    }
    // Sums of some hundred products in another order, layer after layer; what is wrong is off by far more.
    guard difference <= 1e-3 * max(scale, 1e-3) else {
      throw Violation(what: "a pixel is off by \(difference) of \(scale)")
    }
  }

  /// A change of structure, where the file has one, and the fuzzer's own every other time.
  fileprivate static func mutated(_ bytes: [UInt8], most: Int, seed: UInt32) -> [UInt8]? {
    guard chosen == .readers, !bytes.isEmpty else { return nil }
    var random = Random(seed: UInt64(seed), input: bytes.count)
    guard !random.once(in: 2) else { return nil }
    let result = Input.mutated(bytes, &random)
    return result.count <= most ? result : nil
  }
}

/// Called by the fuzzer, by this name, for a mutation of its input.
@_cdecl("LLVMFuzzerCustomMutator")
public func customMutator(
  _ bytes: UnsafeMutablePointer<UInt8>, _ count: Int, _ most: Int, _ seed: UInt32
) -> Int {
  let old = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  guard let new = Guided.mutated(old, most: most, seed: seed) else {
    return unsafe obv_fuzz_mutate(bytes, count, most)
  }
  for (index, byte) in new.enumerated() { unsafe bytes[index] = byte }
  return new.count
}

extension Reader {
  /// The reader that a file goes to by its first bytes.
  init(of bytes: [UInt8]) {
    if bytes.starts(with: [0x89, 0x50]) {
      self = .png
    } else if bytes.starts(with: [0xff, 0xd8]) {
      self = .jpeg
    } else if bytes.dropFirst(4).starts(with: utf8("OBV1")) {
      self = .obv
    } else {
      self = .pickle
    }
  }
}
