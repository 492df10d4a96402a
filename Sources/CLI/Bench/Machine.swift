import Core
import Glibc

/// What the system says about the processor and this process.
enum Machine {
  /// The processor's name.
  static var processor: String? {
    guard let text = read("/proc/cpuinfo") else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      return String(SeedList.trimmed(line[line.index(after: colon)...]))
    }
    return nil
  }

  /// Processors that this process may run on.
  static var allowedProcessors: Int {
    // Such as `Cpus_allowed: ff,ffffffff`: a bit a processor.
    let line = read("/proc/self/status")?.split(separator: "\n")
      .first { $0.hasPrefix("Cpus_allowed:") }
    let digits = line?.split(separator: "\t").last?.compactMap(\.hexDigitValue) ?? []
    let count = digits.reduce(0) { $0 + $1.nonzeroBitCount }
    return count > 0 ? count : max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)
  }

  /// How the processor's clock is governed, where the system tells.
  static var governor: String? {
    read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
      .map { String(SeedList.trimmed($0[...])) }
  }

  /// Forgets the highest memory use so far, where the system can.
  static func resetPeakMemory() {
    let descriptor = unsafe open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    unsafe _ = Glibc.write(descriptor, "5", 1)
    close(descriptor)
  }

  /// Highest resident memory, in bytes.
  static var peakMemory: Int {
    if let text = read("/proc/self/status") {
      for line in text.split(separator: "\n") where line.hasPrefix("VmHWM:") {
        if let kilobytes = Int(line.filter(\.isNumber)) { return kilobytes * 1024 }
      }
    }
    var usage = rusage()
    return unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 ? usage.ru_maxrss * 1024 : 0
  }

  /// A small text file of the system; nil where there is none.
  private static func read(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while text.count < 1 << 20 {
      let count = unsafe buffer.withUnsafeMutableBytes {
        unsafe Glibc.read(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    return String(decoding: text, as: UTF8.self)
  }
}
