import Core
import FoundationEssentials

/// What a run's folder holds, as far as it can be read; nothing in it is trusted.
struct RunFolder {
  /// The settings that the page names; a run of another version may lack some and have others.
  struct Settings: Decodable {
    struct Distil: Decodable {
      var method: String?
    }

    var size: Int?
    var batch: Int?
    var kimg: Double?
    var distil: Distil?
  }

  /// As it was given.
  let path: String
  /// What the page calls it.
  var name: String
  /// `settings.json` as it is, and what the page says of it.
  let settingsText: String
  let settings: Settings
  /// What ran here: a line of `origin.jsonl` for each start.
  private(set) var origins: [[String: String]] = []
  private(set) var log = RunLog([])
  /// Files by whole thousands of images, ascending.
  typealias Numbered = [(kimg: Int, name: String)]
  private(set) var sheets: Numbered = []
  private(set) var snapshots: Numbered = []
  /// What the newest snapshot says.
  private(set) var facts = GeneratorFacts()
  /// What is missing or damaged, a sentence each.
  private(set) var problems: [String] = []

  private static let mostSettingsBytes = 1 << 20
  private static let mostOriginBytes = 4 << 20
  private static let mostLogBytes = 64 << 20

  /// Reads the folder.
  /// - Throws: `missing`, `unreadable`, `empty`, `tooLarge`, `malformed` for `settings.json`, without
  ///   which a folder is no run; all else is a problem that the page names.
  init(_ path: String) throws(ObverseError) {
    self.path = path
    name = path.split(separator: "/").last.map(String.init) ?? path
    let bytes = try Self.read("\(path)/settings.json", atMost: Self.mostSettingsBytes)
    guard let text = String(validating: bytes, as: UTF8.self),
      let settings = try? JSONDecoder().decode(Settings.self, from: Data(bytes))
    else {
      throw .malformed(what: "'\(path)/settings.json'", why: "these are no settings of a run")
    }
    settingsText = text
    self.settings = settings
    readOrigins()
    readLog()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    sheets = Self.numbered(names, "sheet-", [".png"])
    snapshots = Self.numbered(names, "snapshot-", [".obv", ".safetensors"])
    if sheets.isEmpty { problems.append("there are no sheets") }
    guard let newest = snapshots.last else {
      problems.append("there are no snapshots")
      return
    }
    do throws(ObverseError) {
      facts = try GeneratorFile("\(path)/\(newest.name)").facts()
    } catch {
      problems.append("\(error)")
    }
  }

  private mutating func readOrigins() {
    do throws(ObverseError) {
      let bytes = try Self.read("\(path)/origin.jsonl", atMost: Self.mostOriginBytes)
      let lines = bytes.split(separator: 0x0a)
      origins = lines.compactMap {
        try? JSONDecoder().decode([String: String].self, from: Data($0))
      }
      let damaged = lines.count - origins.count
      if damaged > 0 {
        problems.append("\(damaged) of \(lines.count) lines of origin.jsonl cannot be read")
      }
    } catch {
      problems.append("\(error)")
    }
  }

  private mutating func readLog() {
    do throws(ObverseError) {
      log = RunLog(try Self.read("\(path)/log.jsonl", atMost: Self.mostLogBytes))
    } catch {
      problems.append("\(error)")
    }
    if log.damaged > 0 {
      problems.append(
        "\(log.damaged) of \(log.lines + log.damaged) lines of log.jsonl are cut or damaged and"
          + " left out")
    }
    if log.leftOut > 0 { problems.append("\(log.leftOut) names of log.jsonl are left out") }
  }

  private static func read(_ path: String, atMost limit: Int) throws(ObverseError) -> [UInt8] {
    let bytes = try Bytes(mapping: path)
    guard bytes.count <= limit else {
      throw .tooLarge(what: "'\(path)'", found: UInt64(bytes.count), limit: UInt64(limit))
    }
    return bytes.array
  }

  /// Names of a kind that hold a number, by that number.
  private static func numbered(
    _ names: [String], _ prefix: String, _ suffixes: [String]
  ) -> Numbered {
    names.compactMap { name in
      guard name.hasPrefix(prefix), let suffix = suffixes.first(where: name.hasSuffix) else {
        return nil
      }
      let digits = name.dropFirst(prefix.count).dropLast(suffix.count)
      return Int(digits).flatMap { $0 >= 0 ? ($0, name) : nil }
    }.sorted { ($0.kimg, $0.name) < ($1.kimg, $1.name) }
  }
}
