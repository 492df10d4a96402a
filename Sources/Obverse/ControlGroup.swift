import CSystem

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
    for line in listing[...].parts("\n") {
      let fields = line.parts(":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isSecond = fields[0] == "0" && fields[1].isEmpty
      guard isSecond || fields[1].parts(",").contains(Substring(controller)) else {
        continue
      }
      // Version 1 has a tree for each set of controllers.
      let tree = isSecond ? root : "\(root)/\(fields[1])"
      var names = fields[2].parts("/")
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
        SystemFile.line("\(folder)/cpu.max")?[...].parts(" ").map(String.init)
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
    text(path).map { String(Substring($0.unicodeScalars.prefix { $0 != "\n" })) }
  }
}

extension Substring {
  /// Its parts between separators, told apart by scalars: whole characters would bring Unicode's
  /// tables of letters and marks into the C library.
  func parts(
    _ separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
  ) -> [Substring] {
    unicodeScalars.split(
      separator: separator, maxSplits: maxSplits,
      omittingEmptySubsequences: omittingEmptySubsequences
    ).map { Substring($0) }
  }
}
