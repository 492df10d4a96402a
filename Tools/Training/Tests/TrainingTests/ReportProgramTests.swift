import Core
import Foundation
import ImageFile
import Testing

/// `obverse-train report` as users run it, and its page as a browser draws it.
@Suite(.serialized)
struct ReportProgramTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Runs a program to its end, and returns its code and what it said.
  private func run(_ program: String, _ words: [String]) throws -> (code: Int32, errors: String) {
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = words
    let errors = "\(folder.path)/errors"
    try Data().write(to: URL(filePath: errors))
    process.standardOutput = FileHandle.nullDevice
    process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
    try process.run()
    process.waitUntilExit()
    let text = try String(contentsOfFile: errors, encoding: .utf8)
    return (process.terminationStatus, text)
  }

  /// The program that lies beside the tests.
  private func run(_ words: [String]) throws -> (code: Int32, errors: String) {
    let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "obverse-train").path(percentEncoded: false)
    return try run(program, ["report"] + words)
  }

  @Test func writesThePageOrSaysWhy() throws {
    let stored = ReportTests.stored("run")
    let (page, evaluation) = (
      "\(folder.path)/page.html", ReportTests.stored("run-evaluation.json")
    )
    let nothing = "\(folder.path)/nothing"
    for (words, code, sentence) in [
      ([stored], 64, "a report needs the folder of a run and --out"),
      ([stored, "--out", page, "--evaluation"], 64, "needs a value: FILE ..."),
      ([nothing, "--out", page], 66, "nothing/settings.json': no such file"),
      ([stored, "--out", page, "--evaluation", nothing], 66, "nothing': no such file"),
      (
        [stored, "--out", page, "--evaluation", evaluation, "\(stored)/settings.json"], 65,
        "this is no report of 'obverse-train evaluate'"
      ),
      ([stored, "--out", "\(nothing)/page.html"], 73, "cannot create"),
    ] {
      let found = try run(words)
      #expect(found.code == code && found.errors.contains(sentence), "\(found.errors)")
      #expect(found.errors.split(separator: "\n").count <= 2)
      #expect(!FileManager.default.fileExists(atPath: page))
    }
    // An option in the midst of words, and many values behind another.
    let found = try run([
      stored, "--out=\(page)", "--evaluation", evaluation, evaluation, "--quiet",
    ])
    #expect(found.code == 0 && found.errors.isEmpty, "\(found.errors)")
    let html = try String(contentsOfFile: page, encoding: .utf8)
    #expect(html.hasSuffix("</html>\n"))
    #expect(html.components(separatedBy: "<td class=\"n\">491.8777</td>").count == 3)
  }

  /// Day and night are two pages, each of the other's brightness, on a desk and on a phone.
  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium"),
      "chromium is not installed"))
  func followsTheReadersTheme() throws {
    let page = "\(folder.path)/page.html"
    let made = try run([ReportTests.stored("run"), "--out", page])
    #expect(made.code == 0, "\(made.errors)")
    func corner(_ scheme: Int, width: Int) throws -> UInt8 {
      let picture = "\(folder.path)/shot.png"
      let shot = try run(
        "/usr/bin/chromium",
        [
          "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
          "--user-data-dir=\(folder.path)/profile",
          "--blink-settings=preferredColorScheme=\(scheme)", "--window-size=\(width),900",
          "--screenshot=\(picture)", "file://\(page)",
        ])
      #expect(shot.code == 0, "\(shot.errors)")
      let pixels = try PNG.decode(try Bytes(mapping: picture))
      // A page that is one colour shows nothing.
      #expect(Set(pixels.bytes).count > 32)
      return pixels.bytes[0]
    }
    for width in [1200, 500] {
      #expect(try corner(1, width: width) > 200)
      #expect(try corner(0, width: width) < 60)
    }
  }
}
