import Core
import Networks

/// All that decides what a generator becomes, teacher or student; written to the run's folder as `settings.json`.
public struct RunSettings: Codable, Equatable, Sendable {
  /// Folder or zip of PNG and JPEG files.
  public var data: String
  /// Files that are left out at the beginning of the order of names, and how many are used then.
  public var skip: Int?
  public var take: Int?
  /// Side of the images, a power of two.
  public var size: Int
  /// Images of one step.
  public var batch = 32
  /// Length of the run, in thousands of real images.
  public var kimg = 25_000.0
  /// Width of a block of resolution r: `min(base / r, widest)`.
  public var base = 16_384
  public var widest = 512
  public var zDim = 512
  public var wDim = 512
  public var mappingLayers = 8
  /// Images that the discriminator compares with each other.
  public var groupSize = 4
  /// Bound of activations.
  public var clamp: Double?
  /// Adam's learning rate, of both networks.
  public var rate = 0.0025
  /// Weight of R1 is half of it.
  public var gamma = 1.0
  public var pathWeight = 2.0
  /// Steps from one regularization to the next.
  public var pathInterval = 4
  public var r1Interval = 16
  /// Share of batches whose images take their later layers from a second latent.
  public var mixing = 0.9
  /// Half-life of the averaged generator, in thousands of images.
  public var emaKimg = 10.0
  /// Bound of the half-life as a share of the images seen so far.
  public var emaRampUp: Double? = 0.05
  /// Half of the images are shown mirrored.
  public var mirror = true
  /// What the mean sign of real scores shall be: discriminators see changed pictures, as many as that
  /// takes; nil changes none.
  public var augmentTarget: Double?
  /// A checkpoint whose generator a teacher begins with, and its discriminator if it has one; the
  /// networks have the shapes of the file.
  public var from: String?
  /// Begins by regression from w, with the source's mapping, which stays as it is.
  public var pairs: PairedStart?
  /// Trains a pruned generator; its networks have the shapes of their files, and `base`, `widest`,
  /// `zDim`, `wDim`, `mappingLayers` and `clamp` say nothing then.
  public var distil: DistilSettings?
  /// Moves some layers of a generator that is good already, at rates of their own; `rate` is the
  /// discriminators' then.
  public var tuning: Tuning?
  /// Widths of a new discriminator that reads Haar bands, from 4x4 up to half the side of the images;
  /// nil takes NVlabs'.
  public var bandWidths: [Int]?
  /// Images at the beginning of the data that are kept out of it, to measure with; 0 for none.
  public var heldOut: Int?
  public var seed: UInt64 = 0
  /// Thousands of images from one line of the log to the next.
  public var tickKimg = 4.0
  /// Ticks from one snapshot to the next.
  public var snapshotTicks = 50

  /// NVlabs' `auto` settings for one GPU and a size.
  public init(data: String, size: Int) {
    self.data = data
    self.size = size
    takeBatch(max(min(4096 / size, 32), 1))
    if size >= 512 { base = 32_768 }
    if size >= 1024 { rate = 0.002 }
  }

  /// Changes the batch, and what NVlabs' `auto` settings derive from it.
  public mutating func takeBatch(_ batch: Int) {
    self.batch = batch
    groupSize = min(batch, 4)
    gamma = 0.0002 * Double(size * size) / Double(batch)
    emaKimg = Double(batch * 10) / 32
  }

  /// Changes to StyleGAN2-ADA's `paper256` recipe, which the paper's teachers follow.
  public mutating func takePaper256() {
    batch = 64
    groupSize = 8
    base = 16_384
    rate = 0.0025
    gamma = 1
    emaKimg = 20
    emaRampUp = nil
  }

  /// Refuses what cannot be trained by so many processes.
  /// - Throws: `usage`.
  public func check(processes: Int = 1) throws(ObverseError) {
    guard (8...1024).contains(size), size.nonzeroBitCount == 1 else {
      throw .usage("a size of \(size): it is a power of two from 8 to 1024", hint: nil)
    }
    try checkRanges()
    guard batch % processes == 0 else {
      throw .usage("a batch of \(batch) does not divide among \(processes) processes", hint: nil)
    }
    let share = batch / processes
    let whose = processes == 1 ? "a batch of \(share)" : "a process's share of \(share) images"
    guard share % min(groupSize, share) == 0 else {
      throw .usage("\(whose) does not divide into groups of \(groupSize)", hint: nil)
    }
    // Path lengths are taken of half of it.
    guard share >= 2 else { throw .usage("\(whose): at least 2 are needed", hint: nil) }
    if let pairs, pairs.psi <= 0 {
      throw .usage("pairs of psi \(pairs.psi): it must be above 0 to be undone", hint: nil)
    }
    try distil?.check()
    // A student has its teacher's mapping; w from elsewhere would be others.
    guard distil == nil || pairs?.mapping == nil else {
      throw .usage("a student starts from its teacher's channels, not from pairs", hint: nil)
    }
    let paired: Set<DistilSettings.MethodName> = [.nickelDiME, .plain, .cagc]
    guard pairs == nil || distil.map({ paired.contains($0.method) }) ?? true else {
      throw .usage(
        "method '\(distil?.method.rawValue ?? "")' draws latents of its own, not pairs", hint: nil)
    }
    // To the end: the length of paths, which comes after pairs alone, needs a mapping that moves.
    let isPaired = pairs.map { $0.adversarial != nil || $0.kimg >= kimg } ?? false
    guard tuning == nil || isPaired else {
      throw .usage("single layers are tuned towards known pictures, to the end", hint: nil)
    }
    if let augmentTarget, augmentTarget >= 1 {
      throw .usage("a mean sign of \(augmentTarget): it is below 1", hint: "NVlabs take 0.6")
    }
    guard kimg > 0, tickKimg > 0, snapshotTicks > 0, rate > 0 else {
      throw .usage("lengths and rates must be above 0", hint: nil)
    }
  }

  /// Refuses numbers with which no run makes sense: a stored `settings.json` may hold any.
  private func checkRanges() throws(ObverseError) {
    let counts = [
      ("batch", batch, 1...65_536), ("group", groupSize, 1...65_536), ("base", base, 1...1 << 20),
      ("widest", widest, 1...8192), ("zDim", zDim, 1...8192), ("wDim", wDim, 1...8192),
      ("mappingLayers", mappingLayers, 1...64), ("pathInterval", pathInterval, 1...1 << 20),
      ("r1Interval", r1Interval, 1...1 << 20), ("snapshot", snapshotTicks, 1...1 << 30),
      ("skip", skip ?? 0, 0...1 << 40), ("take", take ?? 1, 1...1 << 40),
      ("heldOut", heldOut ?? 0, 0...1 << 30), ("bandWidths", bandWidths?.max() ?? 1, 1...8192),
      ("bandWidths", bandWidths?.min() ?? 1, 1...8192),
    ]
    for (name, value, range) in counts where !range.contains(value) {
      throw .usage(
        "\(name) of \(value): it lies between \(range.lowerBound) and \(range.upperBound)",
        hint: nil)
    }
    let most = 1e9
    let amounts = [
      ("kimg", kimg), ("tick", tickKimg), ("emaKimg", emaKimg), ("rate", rate), ("gamma", gamma),
      ("pathWeight", pathWeight), ("mixing", mixing), ("kimg of pairs", pairs?.kimg ?? 0),
      ("headKimg", tuning?.headKimg ?? 0),
    ]
    for (name, value) in amounts where !(0...most).contains(value) {
      throw .usage("\(name) of \(value): it lies between 0 and a thousand million", hint: nil)
    }
  }

  /// Names of what is set otherwise than in `other`.
  public func differences(from other: RunSettings) -> [String] {
    zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children).compactMap {
      "\($0.value)" == "\($1.value)" ? nil : $0.label
    }
  }

  private var blockWidths: [Int] {
    (2...size.trailingZeroBitCount).map { min(base >> $0, widest) }
  }

  public var generator: GeneratorShape {
    GeneratorShape(
      zDim: zDim, wDim: wDim, mappingLayers: mappingLayers,
      widths: GeneratorShape.widths(ofBlocks: blockWidths), clamp: clamp)
  }

  public var discriminator: DiscriminatorShape {
    if let bandWidths {
      var shape = DiscriminatorShape(widths: bandWidths, groupSize: groupSize)
      shape.readsBands = true
      return shape
    }
    return DiscriminatorShape(widths: blockWidths, clamp: clamp, groupSize: groupSize)
  }

  /// The files of the data that `skip`, `take` and `heldOut` leave; nil for all.
  public var part: Range<Int>? {
    let held = heldOut ?? 0
    return Self.part(skip: held > 0 ? (skip ?? 0) + held : skip, take: take)
  }

  /// The files that are kept out to measure with.
  var heldOutPart: Range<Int>? {
    guard let heldOut, heldOut > 0 else { return nil }
    return Self.part(skip: skip ?? 0, take: heldOut)
  }

  /// `take` files from position `skip` on; nil for all.
  public static func part(skip: Int?, take: Int?) -> Range<Int>? {
    guard skip != nil || take != nil else { return nil }
    let first = skip ?? 0
    return first..<(take.map { first + $0 } ?? Int.max)
  }
}
