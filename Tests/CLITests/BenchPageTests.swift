import CLI
import Core
import Foundation
import ImageFile
import Page
import Support
import Testing

struct BenchPageTests {
  private func page(_ model: ModelFolder, _ words: [String] = []) throws -> String {
    let run = try model.run(
      ["bench", "-m", "net.obv", "-t", "1", "-r", "6", "--html", "page.html"] + words)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.errors.hasSuffix("wrote page.html\n"))
    return String(decoding: try model.data("page.html"), as: UTF8.self)
  }

  @Test func needsNothingFromElsewhere() throws {
    let text = try page(try ModelFolder("nv64-skip"))
    let plain = text.replacingOccurrences(of: "xmlns=\"http://www.w3.org/2000/svg\"", with: "")
    for word in ["http:", "https:", "<script", "<link", "@import", "url(", "src=\"/"] {
      #expect(!plain.contains(word), "\(word)")
    }
    // Every picture is inside, and every drawing ends.
    #expect(text.components(separatedBy: "<img ").count == 7)
    #expect(text.components(separatedBy: "src=\"data:image/png;base64,").count == 7)
    let open = text.components(separatedBy: "<svg ").count
    #expect(open > 3 && open == text.components(separatedBy: "</svg>").count)
    #expect(text.contains("Roofline") && text.contains("prefers-color-scheme: dark"))
  }

  @Test func holdsPicturesThatCanBeRead() throws {
    let text = try page(try ModelFolder("nv64-skip"))
    let parts = text.components(separatedBy: "data:image/png;base64,").dropFirst()
    for part in parts {
      let data = try #require(Data(base64Encoded: String(part.prefix { $0 != "\"" })))
      let pixels = try PNG.decode(Bytes([UInt8](data)))
      #expect(pixels.width == 64 && pixels.height == 64)
    }
  }

  @Test func showsBatchesWithoutSteps() throws {
    let text = try page(try ModelFolder("nd64-r0.9"), ["--batch", "2"])
    #expect(text.contains("2 faces at once") && text.contains("Latency"))
    #expect(!text.contains("Time of each step"))
  }

  @Test func writesNamesAsText() {
    #expect(Markup.escaped("<b>\"&'") == "&lt;b&gt;&quot;&amp;&#39;")
    #expect(!Markup.escaped("a\u{1b}[31m").contains("\u{1b}"))
  }

  /// RFC 4648, section 10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func encodesBase64(plain: String, encoded: String) {
    #expect(Markup.base64(Array(plain.utf8)) == encoded)
  }

  /// Day and night are two pages, each of the other's brightness, on a desk and on a phone.
  @Test(.enabled(if: Tool.exists("chromium"), "chromium is not installed"))
  func followsTheReadersTheme() throws {
    let model = try ModelFolder("nv64-skip")
    _ = try page(model)
    func corner(_ scheme: Int, width: Int) throws -> UInt8 {
      let shot = try Tool.run(
        "chromium",
        [
          "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
          "--user-data-dir=\(model.folder.path)/profile",
          "--blink-settings=preferredColorScheme=\(scheme)", "--window-size=\(width),900",
          "--screenshot=\(model.folder.path)/shot.png", "file://\(model.folder.path)/page.html",
        ], environment: ["PATH": "/usr/bin:/bin", "HOME": model.folder.path])
      #expect(shot.code == 0, "\(shot.errors)")
      let pixels = try PNG.decode(Bytes([UInt8](model.data("shot.png"))))
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
