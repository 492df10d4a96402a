import CFuzzer
import Core
import Glibc

/// What the kernel says of this process.
enum ProcessMemory {
  /// Whether a sanitizer keeps the books of memory, which multiplies it.
  static var isSanitized: Bool { obv_fuzz_is_sanitized() != 0 }

  /// Gives free memory back and sets the peak to what is in use; gives that in bytes.
  static func reset() -> Int {
    trim()
    let file = unsafe fopen("/proc/self/clear_refs", "w")
    guard let file = unsafe file else { return 0 }
    unsafe fputs("5", file)
    unsafe fclose(file)
    return value(of: "VmRSS:")
  }

  /// glibc's `malloc_trim`, which Swift's module of it leaves out.
  private static func trim() {
    typealias Trim = @convention(c) (Int) -> Int32
    guard let symbol = unsafe dlsym(nil, "malloc_trim") else { return }
    _ = unsafe unsafeBitCast(symbol, to: Trim.self)(0)
  }

  /// The highest use since `reset`, in bytes.
  static var peak: Int {
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }

  private static func value(of key: String) -> Int {
    let descriptor = unsafe open("/proc/self/status", O_RDONLY)
    guard descriptor >= 0 else { return 0 }
    defer { close(descriptor) }
    let text = unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
      unsafe count = max(0, Glibc.read(descriptor, buffer.baseAddress, 4096))
    }
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n")
    where line.hasPrefix(key) {
      let digits = line.filter { ("0"..."9").contains($0) }
      return (Int(digits) ?? 0) * 1024
    }
    return 0
  }
}

/// Ends this process when one input takes too long.
enum TimeLimit {
  /// Allows `seconds` of processor time, and ten minutes by the clock, from now on.
  ///
  /// Processor time, since the machine may be busy with other things, however busy it is; the clock,
  /// for an input that waits for ever.
  static func start(seconds: Int) {
    var limit = itimerval()
    limit.it_value.tv_sec = seconds
    unsafe setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &limit, nil)
    limit.it_value.tv_sec = 600
    unsafe setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &limit, nil)
  }
}

/// Numbers that a parent process reads after its child has died.
@safe
struct SharedNumbers {
  private let base: UnsafeMutablePointer<Int>

  init(count: Int) {
    let memory = unsafe mmap(
      nil, count * MemoryLayout<Int>.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0
    )
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      preconditionFailure("no memory to share")
    }
    unsafe base = memory.bindMemory(to: Int.self, capacity: count)
  }

  subscript(index: Int) -> Int {
    get { unsafe base[index] }
    nonmutating set { unsafe base[index] = newValue }
  }
}

enum Clock {
  /// Seconds of processor time of this process.
  static var processor: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Seconds on a clock that only goes forward.
  static var seconds: Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

enum Files {
  /// Writes a whole file, and the folder for it; a failure is our own environment's.
  static func write(_ bytes: [UInt8], to path: String) {
    if let slash = path.lastIndex(of: "/") { unsafe mkdir(String(path[..<slash]), 0o700) }
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    precondition(descriptor >= 0, "cannot write \(path)")
    defer { close(descriptor) }
    let written = unsafe Glibc.write(descriptor, bytes, bytes.count)
    precondition(written == bytes.count, "cannot write \(path)")
  }

  /// The names in a folder, in order; none where it cannot be read.
  static func names(in folder: String) -> [String] {
    guard let handle = unsafe opendir(folder) else { return [] }
    defer { unsafe _ = closedir(handle) }
    var names: [String] = []
    while let entry = unsafe readdir(handle) {
      let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) {
        unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  /// The files below a folder, folders that hide themselves apart.
  static func below(_ folder: String) -> [String] {
    names(in: folder).flatMap { name in
      let path = "\(folder)/\(name)"
      return isFolder(path) ? below(path) : [path]
    }
  }

  /// What lies in an unpacked archive, `data.pkl` first.
  static func unpacked(_ folder: String) -> [(name: String, bytes: [UInt8])] {
    let names = below(folder).map { String($0.dropFirst(folder.count + 1)) }
    return (["data.pkl"] + names.filter { $0 != "data.pkl" }).compactMap { name in
      (try? Bytes(mapping: "\(folder)/\(name)")).map { (name, $0.array) }
    }
  }

  /// Removes a folder and all that is in it.
  static func remove(_ folder: String) {
    for name in names(in: folder) {
      let path = "\(folder)/\(name)"
      if isFolder(path) { remove(path) } else { unsafe unlink(path) }
    }
    unsafe rmdir(folder)
  }

  private static func isFolder(_ path: String) -> Bool {
    var info = stat()
    return unsafe lstat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}

/// Writes a line to standard output at once, so that nothing is lost or doubled by a fork.
func say(_ line: String) {
  let bytes = Array("\(line)\n".utf8)
  _ = unsafe write(STDOUT_FILENO, bytes, bytes.count)
}
