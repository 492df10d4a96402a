import Core
import FoundationEssentials
import Torch

/// A run as a folder: settings, state, log, snapshots and sheets; it goes on from itself.
public final class Run {
  public let folder: String
  public let trainer: Trainer
  /// Whether each state is also saved as one that travels.
  public var savesLightly = false
  private let report: (String) -> Void
  private var log: [String]
  /// Sums of losses since the last line of the log.
  var sums: [(name: String, sum: Tensor, count: Int)] = []
  private var tickStart = ContinuousClock.now
  private var tickImages: Int
  private(set) var ticks = 0

  /// What a killed run may lose.
  private static let longestUnsaved = Duration.seconds(300)

  private var statePath: String { "\(folder)/state.safetensors" }
  private var logPath: String { "\(folder)/log.jsonl" }

  /// Starts a run in a folder that must not hold one.
  ///
  /// - Parameters:
  ///   - settings: Checked here.
  ///   - folder: Made if absent.
  ///   - device: Where it runs.
  ///   - processes: Who trains; nil for this process alone. Only rank 0 writes.
  ///   - report: Receives lines for the user.
  /// - Returns: The run at its beginning.
  /// - Throws: `usage`, `cannotCreate`, and what reading the data says.
  public static func start(
    _ settings: RunSettings, in folder: String, device: Device, processes: Processes? = nil,
    report: @escaping (String) -> Void
  ) throws(ObverseError) -> Run {
    try settings.check(processes: processes?.count ?? 1)
    let isFirst = processes?.rank ?? 0 == 0
    if isFirst { try checkIsNew(folder) }
    let run = try Run(settings, folder, device, processes, log: [], report)
    try run.beginTogether()
    if isFirst {
      try makeFolder(folder)
      try run.writeSettings()
    }
    return run
  }

  /// Whether a folder holds a run.
  public static func isIn(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(folder)/settings.json")
  }

  /// The settings of the run in a folder.
  /// - Throws: `missing`, `malformed`.
  public static func settings(in folder: String) throws(ObverseError) -> RunSettings {
    let path = "\(folder)/settings.json"
    let bytes = try Bytes(mapping: path)
    do {
      return try JSONDecoder().decode(RunSettings.self, from: Data(bytes.array))
    } catch {
      throw .malformed(what: "'\(path)'", why: "these are no settings of a teacher")
    }
  }

  private static func checkIsNew(_ folder: String) throws(ObverseError) {
    guard !isIn(folder) else {
      throw .cannotCreate(path: folder, why: "it holds a run; --resume or --go-on goes on with it")
    }
  }

  /// Makes the folder of a new run.
  /// - Throws: `cannotCreate` where it holds one, or cannot be made.
  public static func makeFolder(_ folder: String) throws(ObverseError) {
    try checkIsNew(folder)
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw .cannotCreate(path: folder, why: "the folder cannot be made")
    }
  }

  private func writeSettings() throws(ObverseError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let json = try? encoder.encode(trainer.settings) else {
      throw .usage("the settings hold a number that is not finite", hint: nil)
    }
    try Self.write(Array(json) + [0x0a], to: "\(folder)/settings.json")
  }

  /// Goes on with the run in `folder` from its last state, or from its beginning if it saved none.
  ///
  /// - Parameters:
  ///   - folder: Holds `settings.json`.
  ///   - kimg: A new length; nil keeps the old one.
  ///   - device: Where it runs; to the same bits only on the same kind.
  ///   - processes: Who trains; to the same bits only if they are as many as before.
  ///   - report: Receives lines for the user.
  /// - Returns: The run where it stopped.
  /// - Throws: `missing`, `malformed`, and what reading the data says.
  public static func resume(
    _ folder: String, kimg: Double? = nil, device: Device, processes: Processes? = nil,
    report: @escaping (String) -> Void
  ) throws(ObverseError) -> Run {
    var settings = try settings(in: folder)
    if let kimg { settings.kimg = kimg }
    try settings.check(processes: processes?.count ?? 1)
    let run = try Run(settings, folder, device, processes, log: [], report)
    if FileManager.default.fileExists(atPath: run.statePath) {
      try run.trainer.load(run.statePath)
      run.tickImages = run.trainer.images
    } else if let parts = LightState.parts(in: folder) {
      try run.trainer.loadLightly(parts)
      run.tickImages = run.trainer.images
      run.report("from a light state: the optimisers begin anew")
    }
    run.log = run.linesUpToNow()
    run.ticks = run.log.count
    try run.beginTogether()
    run.report("resumed at \(run.position)")
    return run
  }

  private init(
    _ settings: RunSettings, _ folder: String, _ device: Device, _ processes: Processes?,
    log: [String], _ report: @escaping (String) -> Void
  ) throws(ObverseError) {
    let data = try ImageData(settings.data, size: settings.size, part: settings.part)
    report("\(data.count) images of \(settings.size)x\(settings.size) from '\(settings.data)'")
    for (why, count) in data.refusals { report("left out \(count): \(why)") }
    trainer = try Trainer(settings, data: data, device: device, processes: processes)
    tickImages = 0
    self.folder = folder
    self.log = log
    self.report = report
  }

  /// Trains to the end, or until `shouldStop` says so; then what was reached is saved first.
  ///
  /// - Parameter shouldStop: Asked after each step; any process can stop all.
  /// - Returns: Whether the end was reached.
  /// - Throws: `inputOutput`; `request` where a loss is no longer finite.
  public func train(shouldStop: () -> Bool = { false }) throws(ObverseError) -> Bool {
    let settings = trainer.settings
    let end = Int(settings.kimg * 1000)
    // What all later measures are compared with.
    if trainer.step == 0 {
      try snapshot()
      _ = try heldOutFields()
    }
    tickStart = .now
    var lastSave = tickStart
    while trainer.images < end {
      add(try trainer.takeStep())
      let isStopped = any(shouldStop())
      let isDone = trainer.images >= end
      let isTick = Double(trainer.images - tickImages) >= settings.tickKimg * 1000
      let isLate = any(ContinuousClock.now - lastSave > Self.longestUnsaved)
      guard isTick || isDone || isStopped || isLate else { continue }
      let isSnapshot = isDone || isStopped || (ticks + 1) % settings.snapshotTicks == 0
      try tick(isSnapshot)
      if isSnapshot { try snapshot() }
      if isSnapshot || isLate {
        try trainer.save(statePath)
        if savesLightly, isFirst { try trainer.saveLightly(in: folder) }
        lastSave = .now
      }
      tickStart = .now  // saving does not count as training
      if isStopped, !isDone {
        report("stopped and saved at \(position)")
        return false
      }
    }
    return true
  }

  private var position: String {
    let total = trainer.settings.kimg
    return "\(Double(trainer.images) / 1000) of \(total) kimg, step \(trainer.step)"
  }

  private func add(_ losses: Trainer.StepLosses) {
    for (name, value) in losses.values {
      guard let i = sums.firstIndex(where: { $0.name == name }) else {
        sums.append((name, value, 1))
        continue
      }
      sums[i].sum = sums[i].sum + value
      sums[i].count += 1
    }
  }

  /// Reads the losses since the last tick, and writes one line of the log.
  ///
  /// - Parameter isSnapshot: Whether the averaged generator is measured too.
  /// - Throws: `request` where a loss is no longer finite; `inputOutput`.
  private func tick(_ isSnapshot: Bool) throws(ObverseError) {
    var fields = ["\"step\":\(trainer.step)", "\"images\":\(trainer.images)"]
    var words: [String] = []
    for (name, mean) in zip(sums.map(\.name), means()) {
      guard mean.isFinite else {
        throw .request(
          "\(name) is no longer finite at step \(trainer.step); what was saved before stays",
          hint: "--resume goes on from the last state; a lower --rate or higher --gamma may help")
      }
      fields.append("\"\(name)\":\(mean)")
      words.append("\(name) \((mean * 1000).rounded() / 1000)")
    }
    sums = []
    let elapsed = ContinuousClock.now - tickStart
    if isSnapshot { fields += try heldOutFields() }
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    let rate = Double(trainer.images - tickImages) / max(seconds, 1e-9)
    fields.append("\"seconds\":\((seconds * 1000).rounded() / 1000)")
    fields.append("\"images_per_second\":\((rate * 10).rounded() / 10)")
    tickImages = trainer.images
    ticks += 1
    guard isFirst else { return }
    log.append("{\(fields.joined(separator: ","))}")
    try Self.write(Array((log.joined(separator: "\n") + "\n").utf8), to: logPath)
    let left = max(trainer.settings.kimg * 1000 - Double(trainer.images), 0) / rate
    report(
      "\(position): \(words.joined(separator: ", ")); \((rate * 10).rounded() / 10) images/s, "
        + "\(Self.duration(left)) left")
  }

  private func snapshot() throws(ObverseError) {
    guard isFirst else { return }
    let digits = String(trainer.images / 1000)
    let name = String(repeating: "0", count: max(6 - digits.count, 0)) + digits
    let files = try trainer.export("\(folder)/snapshot-\(name)")
    try Sheet.write(trainer.average, to: "\(folder)/sheet-\(name).png")
    report("wrote \(files.joined(separator: " and ")) and sheet-\(name).png")
  }

  /// Measures on what was kept out, and says it.
  private func heldOutFields() throws(ObverseError) -> [String] {
    guard isFirst else { return [] }
    let measures = try trainer.measureHeldOut()
    guard !measures.isEmpty else { return [] }
    let words = measures.map { "\($0.name) \(($0.value * 10_000).rounded() / 10_000)" }
    report("held out: \(words.joined(separator: ", "))")
    return measures.map { "\"\($0.name)\":\($0.value)" }
  }

  /// Lines of the log that the loaded state has behind it.
  private func linesUpToNow() -> [String] {
    guard let text = try? String(contentsOfFile: logPath, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").map(String.init).filter { line in
      struct Line: Decodable {
        var step: Int
      }
      let found = try? JSONDecoder().decode(Line.self, from: Data(line.utf8))
      return found.map { $0.step <= trainer.step } ?? false
    }
  }

  private static func write(_ bytes: [UInt8], to path: String) throws(ObverseError) {
    let span = bytes.span
    try AtomicFile.write(span.bytes, to: path)
  }

  /// `2 d 3 h`, `4 h 5 min`, `6 min`, `7 s`.
  static func duration(_ seconds: Double) -> String {
    let s = seconds.isFinite ? Int(min(seconds, 1e9)) : 0
    if s >= 86_400 { return "\(s / 86_400) d \(s % 86_400 / 3600) h" }
    if s >= 3600 { return "\(s / 3600) h \(s % 3600 / 60) min" }
    return s >= 60 ? "\(s / 60) min" : "\(s) s"
  }
}
