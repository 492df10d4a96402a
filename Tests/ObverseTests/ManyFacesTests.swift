import Core
import Glibc
import Kernels
import ModelFile
import Obverse
import Testing

struct ManyFacesTests {
  /// Mapped together or alone, for more faces than are mapped at once.
  @Test(arguments: [SyntheticModel.skip, .wideMapping, .conditional, .mobile], [1, 3])
  func mapsFacesAsOneByOne(kind: SyntheticModel, threads: Int) throws {
    for set in InstructionSet.available {
      let generator = try Generator(
        Model(kind.description, instructionSet: set), threads: threads)
      let isConditional = generator.model.classes > 0
      let latents = (0..<19).map { generator.latent(seed: $0) }
      let labels = (0..<19).map { isConditional ? $0 % 3 : nil }
      let alone = try zip(latents, labels).map { try generator.map(z: $0, label: $1) }
      #expect(try generator.map(latents, labels: labels) == alone, "\(set)")
      #expect(try generator.map([]) == [])
      #expect(throws: ObverseError.self) { try generator.map(latents, labels: [nil]) }
      #expect(throws: ObverseError.self) { try generator.map([latents[0], [1]]) }
    }
  }

  /// One a worker, or all workers a face: what a generator of one thread draws.
  @Test(arguments: [1, 2, 3], [1, 2, 19])
  func drawsFacesAsOneByOne(threads: Int, count: Int) throws {
    for kind in [SyntheticModel.conditional, .largeMobile] {
      let model = try Model(kind.description)
      let label = model.classes > 0 ? 2 : nil
      let seeds = (0..<UInt32(count)).map { 7 &* $0 &+ 3 }
      let alone = try Generator(model, threads: 1)
      let draws = model.allowsRandomNoise
      let noise: @Sendable (UInt32) -> NoiseMode = { draws ? .random(seed: $0) : .const }
      var wanted: [Image] = []
      for seed in seeds {
        let image = try alone.face(
          seed: seed, psi: 0.7, cutoff: 3, label: label, noise: noise(seed))
        wanted.append(image)
      }
      let generator = try Generator(model, threads: threads)
      for _ in 0..<2 {
        let found = try generator.faces(
          seeds: seeds, psi: 0.7, cutoff: 3, label: label, noise: noise)
        #expect(found == wanted, "\(kind)")
      }
      #expect(Set(wanted.map(\.pixels)).count == count)
    }
  }

  /// Results are taken in order, by the calling thread, each once; more of them than lie about at a time.
  @Test(arguments: [1, 3], [0, 1, 5, 200])
  func takesInOrder(threads: Int, count: Int) throws {
    let generator = try Generator(Model(SyntheticModel.skip.description), threads: threads)
    let caller = pthread_self()
    var taken: [Int] = []
    try generator.each(
      count, bytes: 1 << 20,
      make: { (range, _, made) throws(ObverseError) in
        for number in range { try made(number, 10 * number) }
      },
      take: {
        #expect($1 == 10 * $0 && pthread_equal(pthread_self(), caller) != 0)
        taken.append($0)
      })
    #expect(taken == Array(0..<count))
  }

  /// Workers remember the last thing that they did: it must not hold whoever asked for it.
  @Test func letsGoOfWhoAsked() throws {
    weak var kept: Generator?
    func draw() throws {
      let generator = try Generator(Model(SyntheticModel.skip.description), threads: 2)
      kept = generator
      try generator.each(
        4, bytes: 0,
        make: { (range, _, made) throws(ObverseError) in
          for number in range { try made(number, number) }
        }, take: { (_, _) in #expect(generator.threads == 2) })
      #expect(kept != nil)
    }
    try draw()
    #expect(kept == nil)
  }

  /// What was finished before a failure is taken, and nothing behind it; the next call works.
  @Test(arguments: [1, 3])
  func endsWithWhatWasFinished(threads: Int) throws {
    let generator = try Generator(
      Model(SyntheticModel.conditional.description), threads: threads)
    #expect(throws: ObverseError.request("class 3 is not in 0 to 2", hint: nil)) {
      try generator.faces(seeds: [1, 2, 3], label: 3)
    }
    func run(makeFails: Int, takeFails: Int) -> [Int] {
      var taken: [Int] = []
      #expect(throws: ObverseError.bug("here")) {
        try generator.each(
          50, bytes: 0,
          make: { (range, _, made) throws(ObverseError) in
            for number in range {
              if number == makeFails { throw .bug("here") }
              try made(number, number)
            }
          },
          take: { (number, _) throws(ObverseError) in
            if number == takeFails { throw .bug("here") }
            taken.append(number)
          })
      }
      return taken
    }
    // Those in front of it, as far as other workers had come.
    let before = run(makeFails: 20, takeFails: 50)
    #expect(before == Array(0..<before.count) && before.count <= 20)
    #expect(threads > 1 || before.count == 20)
    #expect(run(makeFails: 50, takeFails: 20) == Array(0..<20))
    generator.cancellation.cancel()
    #expect(throws: ObverseError.cancelled) { try generator.faces(seeds: [1, 2, 3], label: 1) }
    generator.cancellation.reset()
    #expect(try generator.faces(seeds: [1, 2, 3], label: 1).count == 3)
  }

  /// Weights that stay as the file has them draw what the same numbers draw as floats.
  @Test(arguments: [SyntheticModel.skip, .mobile, .largeMobile], [ElementType.float16, .int8])
  func drawsFromWeightsAsTheyAreStored(kind: SyntheticModel, type: ElementType) throws {
    let stored = try kind.description.converted(to: type)
    let widened = try stored.mapWeights { (_, weights) throws(ObverseError) in
      var bytes: [UInt8] = []
      for value in weights.floats {
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += Array($0) }
      }
      return Weights(type: .float32, shape: weights.shape, bytes: Bytes(bytes))
    }
    for set in InstructionSet.available {
      let faces = try [stored, widened].map {
        try Generator(Model($0, instructionSet: set), threads: 2).face(seed: 6, psi: 0.8)
      }
      #expect(faces[0] == faces[1], "\(set)")
    }
  }
}

/// What a context of the shipped networks' shapes takes.
struct DrawingMemoryTests {
  /// A network of random-face's shapes, whose weights are zeros.
  private static func model(widths: [Int]) throws -> Model {
    let zeros = Bytes([UInt8](repeating: 0, count: 4 * 512 * 512 * 9))
    func part(_ count: Int) -> Bytes { zeros.slice(at: 0, count: count) ?? zeros }
    func weights(_ shape: Int...) -> Weights {
      let count = shape.reduce(1, *)
      return Weights(type: .float16, shape: shape, bytes: part(2 * count))
    }
    func dense(_ outputs: Int, _ inputs: Int) -> Dense {
      Dense(weight: weights(outputs, inputs), bias: bias(outputs))
    }
    func bias(_ count: Int) -> Weights {
      Weights(type: .float32, shape: [count], bytes: part(4 * count))
    }
    func activation(_ count: Int) -> Activation {
      Activation(bias: bias(count), gain: 1, clamp: nil)
    }
    func separable(_ inputs: Int, _ outputs: Int) -> SeparableConv {
      SeparableConv(
        affine: dense(inputs, 512), depthwise: weights(inputs, 3, 3),
        pointwise: weights(outputs, inputs), noise: nil, activation: activation(outputs))
    }
    let blocks = zip(widths, widths.dropFirst()).map { before, width in
      MobileBlock(
        up: dense(before, 512), conv1: separable(before / 4, width),
        conv2: separable(width, width))
    }
    let last = widths[widths.count - 1]
    return try Model(
      ModelDescription(
        resolution: 4 << widths.count, imageChannels: 3, zDim: 512, wDim: 512, cDim: 0,
        wsCount: 1 + 3 * blocks.count, wAverage: nil, embed: nil, mapping: [dense(512, 512)],
        const: weights(512, 4, 4),
        synthesis: .mobileStyleGAN(
          conv1: StyledConv(
            weight: weights(512, 512, 3, 3), affine: dense(512, 512), noise: nil,
            activation: activation(512)), blocks: blocks,
          toImage: ToImage(
            weight: weights(12, last), affine: dense(last, 512), bias: bias(12), clamp: nil))))
  }

  @Test(arguments: [
    ([512, 512, 512, 512, 512, 256], 8_000_000),
    ([512, 512, 512, 512, 512, 256, 128, 64], 40_000_000),
  ])
  func fewMegabytesDraw(widths: [Int], limit: Int) throws {
    let model = try Self.model(widths: widths)
    for threads in 1...2 {
      let bytes = Generator.memory(of: model, threads: threads)
      #expect(bytes <= limit, "\(threads) threads: \(bytes)")
    }
  }
}
