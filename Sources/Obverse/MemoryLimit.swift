import CSystem

/// How much memory this process can have: a small file can ask for large maps, and the system would
/// promise the memory and then kill us.
package struct MemoryLimit: Sendable {
  /// Bytes that can be had.
  package let bytes: Int
  /// Whose limit it is, to follow "more than".
  package let source: String

  /// The least of several limits.
  ///
  /// - Parameters:
  ///   - machine: Bytes of the machine's memory.
  ///   - group: Bytes that the control group may take; nil for no limit.
  ///   - process: Bytes that the process's own limits leave (`ulimit -v`, `-d`); nil for no limit.
  package init(machine: Int, group: Int?, process: Int?) {
    let limits = [
      (process, "this process's limits leave"), (group, "this container may have"),
      (machine, "this machine has"),
    ].compactMap { bytes, source in bytes.map { (bytes: $0, source: source) } }
    let least = limits.min { $0.bytes < $1.bytes } ?? (machine, "")
    bytes = max(least.bytes, 0)
    source = least.source
  }

  /// The one that is in force now.
  package static var inForce: MemoryLimit {
    let page = memory_page()
    // Pages of address space and of data: the first and the sixth number.
    let statistics = SystemFile.line("/proc/self/statm") ?? ""
    let used = statistics.split(separator: " ").map { Int($0) ?? 0 }
    func left(_ limit: UInt64, _ field: Int) -> Int? {
      guard let limit = Int(exactly: limit), used.count > field else { return nil }
      return limit - used[field] * page
    }
    var (space, data) = (UInt64.max, UInt64.max)
    unsafe memory_limits(&space, &data)
    return MemoryLimit(
      machine: memory_of_machine(), group: ControlGroup("memory").memory,
      process: [left(space, 0), left(data, 5)].compactMap { $0 }.min())
  }

  /// Refuses what goes beyond it.
  ///
  /// - Parameters:
  ///   - floats: How many are wanted.
  ///   - what: What wants them, such as "drawing".
  /// - Throws: `resources`.
  package func expect(floats: Int, for what: String) throws(ObverseError) {
    guard floats > bytes / MemoryLayout<Float>.size else { return }
    throw .resources(
      "\(what) needs \(Self.mebibytes(floats)) MiB of memory, more than the "
        + "\(bytes >> 20) MiB that \(source)")
  }

  /// Refuses maps out of all proportion: a gigabyte, and a thousand times what the weights take.
  ///
  /// A layer between two wide maps has weights for each pair of their channels, so what takes more and
  /// has hardly a weight was made to take it.
  ///
  /// - Parameters:
  ///   - floats: Of the maps and all else that drawing needs.
  ///   - weights: Bytes of the weights as they are stored.
  /// - Throws: `resources`.
  static func expectProportion(floats: Int, weights: Int) throws(ObverseError) {
    let bytes = floats * MemoryLayout<Float>.size
    guard bytes > 1 << 30, bytes / 1000 > weights else { return }
    throw .resources(
      "drawing needs \(mebibytes(floats)) MiB of memory, more than 1000 times what this model's "
        + "weights take; no trained network does")
  }

  private static func mebibytes(_ floats: Int) -> Int {
    (floats / (1 << 18)) + 1
  }
}

/// The limits that containers and service managers set: control groups, of version 2 or 1.
///
/// A process is under the limits of its own group and of all above it.
package struct ControlGroup {
  /// Folders that may hold the controller's files, the process's own first.
  private let folders: [String]

  /// - Parameters:
  ///   - controller: `cpu` or `memory`.
  ///   - root: Where the file system of control groups is.
  ///   - listing: What `/proc/self/cgroup` says: lines of `number:controllers:path`.
  package init(_ controller: String, root: String = "/sys/fs/cgroup", listing: String? = nil) {
    var folders: [String] = []
    let listing = listing ?? SystemFile.text("/proc/self/cgroup") ?? ""
    for line in listing.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isSecond = fields[0] == "0" && fields[1].isEmpty
      guard isSecond || fields[1].split(separator: ",").contains(Substring(controller)) else {
        continue
      }
      // Version 1 has a tree for each set of controllers.
      let tree = isSecond ? root : "\(root)/\(fields[1])"
      var names = fields[2].split(separator: "/")
      // A container sees its own group as the root, whatever the host calls it.
      while !names.isEmpty {
        folders.append(tree + "/" + names.joined(separator: "/"))
        names.removeLast()
      }
      folders.append(tree)
    }
    self.folders = folders
  }

  /// The least number that `name` holds in the process's group or one above; nil for no limit.
  private func least(_ name: String) -> Int? {
    folders.compactMap { SystemFile.line("\($0)/\(name)").flatMap { Int($0) } }.min()
  }

  /// Bytes that the processes of the group may take together; nil for no limit.
  package var memory: Int? {
    // Without a limit, version 2 says "max" and version 1 the largest number of whole pages.
    [least("memory.max"), least("memory.limit_in_bytes")].compactMap { $0 }.min()
  }

  /// Processors that the quota pays for; nil for no limit.
  package var processors: Double? {
    let quotas = folders.compactMap { folder -> Double? in
      let words =
        SystemFile.line("\(folder)/cpu.max")?.split(separator: " ").map(String.init)
        ?? ["cpu.cfs_quota_us", "cpu.cfs_period_us"].compactMap {
          SystemFile.line("\(folder)/\($0)")
        }
      // No limit is "max", or -1.
      guard words.count == 2, let allowed = Int(words[0]), let period = Int(words[1]),
        allowed > 0, period > 0
      else { return nil }
      return Double(allowed) / Double(period)
    }
    return quotas.min()
  }
}

/// Small files in which the system says something.
enum SystemFile {
  /// The first 4096 bytes.
  static func text(_ path: String) -> String? {
    let descriptor = unsafe file_open(path)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return nil }
    return String(decoding: buffer[..<count], as: UTF8.self)
  }

  /// The first line.
  static func line(_ path: String) -> String? {
    text(path).map { String($0.prefix { $0 != "\n" }) }
  }
}
