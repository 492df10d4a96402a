import Checkpoint
import Core
import Glibc
import Support
import Testing

/// Eight times the input costs some eight times the work, and never the square of it.
struct WorkTests {
  /// Combining marks of two classes in turns: the worst order to sort by insertion.
  private static func marks(_ count: Int) -> String {
    "e" + String(repeating: "\u{301}\u{327}", count: count / 2)
  }

  /// As many marks as are read, on each of several letters.
  private static func dense(_ number: Int) -> String {
    "\(number)" + String(repeating: "e" + String(repeating: "\u{301}\u{327}", count: 15), count: 3)
  }

  /// A file of size n, whatever its reader makes of it.
  private static let files: [(name: String, bytes: @Sendable (Int) -> [UInt8])] = [
    ("JSON key", { safetensors("{\"\(marks($0))\":0}") }),
    (
      "JSON keys",
      { n in safetensors("{" + (0..<n / 64).map { "\"\(dense($0))\":0" }.joined(separator: ",")) }
    ),
    (
      "safetensors entries",
      { n in
        let entries = (0..<n).map {
          "\"\($0)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\($0),\($0 + 1)]}"
        }
        return safetensors("{" + entries.joined(separator: ",") + "}")
          + [UInt8](repeating: 0, count: n)
      }
    ),
    ("zip name", { zip([marks($0 / 2) + ".npy"]) }),
    ("zip names", { n in zip((0..<n / 64).map { dense($0) + ".npy" }) }),
    ("npy header", { npy("{'\(marks($0 / 2))': 1}") }),
    ("pickle key", { (.proto(2) + .dict((marks($0), .int(1))) + .stop).bytes }),
    (
      "pickle keys",
      { n in
        var pickle = PickleBytes.proto(2) + .emptyDict
        for number in 0..<n / 64 { pickle = pickle + .text(dense(number)) + .int(1) + "s" }
        return (pickle + .stop).bytes
      }
    ),
    ("global", { (.proto(2) + .global(marks($0), "x") + .stop).bytes }),
    (
      "modules that share their metadata",
      { n in
        var meta = PickleBytes.emptyDict
        for number in 0..<n / 16 { meta = meta + .text("\(number)") + .int(1) + "s" }
        var pickle = .proto(2) + meta + .put(1) + "0" + .emptyDict
        for number in 0..<n / 64 {
          pickle =
            pickle + .text("\(number)")
            + .global("torch_utils.persistence", "_reconstruct_persistent_obj") + .get(1)
            + .op(0x85) + "Rs"
        }
        return (pickle + .stop).bytes
      }
    ),
  ]

  @Test(arguments: 0..<files.count)
  func growsNoFasterThanTheInput(index: Int) throws {
    let (name, bytes) = Self.files[index]
    let (small, large) = (Bytes(bytes(4096)), Bytes(bytes(8 * 4096)))
    var (least, most) = (Double.infinity, Double.infinity)
    // Squares would give 64 where lines give 8, in every try. Others on the machine take caches away, which
    // changes a thread's own time for a while: it is asked again until it was undisturbed.
    for _ in 0..<40 {
      least = min(least, Self.work(small))
      most = min(most, Self.work(large))
      if most < 24 * max(least, 50_000) { return }
    }
    Issue.record("\(name): \(most / max(least, 50_000)) times the work")
  }

  /// Nanoseconds of this thread to read a file.
  private static func work(_ file: Bytes) -> Double {
    let begin = processorTime()
    _ = try? CheckpointFile.read(file, path: "input")
    return processorTime() - begin
  }

  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
  }

  private static func safetensors(_ header: String) -> [UInt8] {
    le(UInt64(header.utf8.count)) + utf8(header)
  }

  private static func npy(_ header: String) -> [UInt8] {
    [0x93] + utf8("NUMPY") + [2, 0] + le(UInt32(header.utf8.count)) + utf8(header)
  }

  private static func zip(_ names: [String]) -> [UInt8] {
    ZipBuilder(members: names.map { ZipBuilder.Member(name: $0, data: []) }).bytes
  }
}

/// What stands in a file is compared as it is stored, and refused where no text is like it.
struct FileTextReadersTests {
  private let stacked = "e" + String(repeating: "\u{301}", count: 31)
  private let why = "has more than 30 combining marks in a row"

  private func error(_ bytes: [UInt8]) -> ObverseError? {
    errorOf { () throws(ObverseError) in try CheckpointFile.read(Bytes(bytes), path: "input") }
  }

  @Test func refusesStackedMarks() {
    let json = "{\"\(stacked)\":0}"
    #expect(
      error(le(UInt64(json.utf8.count)) + utf8(json))
        == .malformed(what: "safetensors header", why: "a string \(why) at byte 65"))
    #expect(
      error(ZipBuilder(members: [ZipBuilder.Member(name: stacked, data: [])]).bytes)
        == .malformed(what: "zip archive", why: "the name of a member \(why)"))
    #expect(
      error((.proto(2) + .dict((stacked, .int(1))) + .stop).bytes)
        == .malformed(what: "pickle", why: "a key \(why)"))
    #expect(
      error((.proto(2) + .global(stacked, "x") + .stop).bytes)
        == .malformed(what: "pickle", why: "a global's name is no text of reasonable length"))
    var reader = XMLReader(Bytes(utf8("<a b='\(stacked)'/>")), what: "x")
    #expect(
      errorOf { () throws(ObverseError) in try reader.next() }
        == .malformed(what: "x", why: "a value \(why) at byte 70"))
  }

  /// Two files that a file system keeps apart are two members, though Unicode calls them one.
  @Test func keepsNamesApartThatDifferInBytes() throws {
    let names = ["\u{e9}", "e\u{301}"]
    let archive = try ZipArchive(
      Bytes(
        ZipBuilder(members: names.map { ZipBuilder.Member(name: $0, data: utf8($0)) }).bytes))
    for name in names {
      let member = try #require(archive.member(named: name))
      #expect(try Array(archive.read(member).array) == utf8(name))
    }
    let json = try ParsedJSON(parsing: Bytes(utf8("{\"\u{e9}\":1,\"e\u{301}\":2}")), what: "text")
    guard case .object(let members) = json else {
      Issue.record("no object")
      return
    }
    #expect(members.map(\.value) == [.integer(1), .integer(2)])
  }
}
