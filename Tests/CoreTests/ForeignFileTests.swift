import Core
import Testing

/// What files are that are none of ours, by their first bytes.
struct ForeignFileTests {
  @Test(
    arguments: [
      (
        "<!DOCTYPE html><html>Google Drive - Virus scan warning", "a web page (HTML)",
        "Google Drive"
      ),
      ("\u{feff}\n  <HTML><title>x</title>huggingface", "a web page (HTML)", "/resolve/"),
      ("<!-- saved --><html>github.com", "a web page (HTML)", "'Raw'"),
      ("<html><script>location</script>", "a web page (HTML)", "download button"),
      (
        "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code></Error>", "an XML message",
        "published"
      ),
      ("<Error><Code>AccessDenied</Code>", "an XML message", "published"),
      ("<?xml version=\"1.0\"?><note/>", "an XML file", nil),
      ("{\"error\": \"Not Found\"}", "a message of a server (JSON)", "published"),
      ("{\"weight_map\": {\"a\": \"b\"}}", "the index of a checkpoint in several parts", "join"),
      ("{\"a\": 1}", "a JSON file", nil),
      ("Entry not found", "a message of a server", "published"),
      ("Access denied for you", "a message of a server", "published"),
      (
        "version https://git-lfs.github.com/spec/v1\noid sha256:00", "a Git LFS pointer",
        "git lfs pull"
      ),
      ("error code: 1020", "a message of a server", "published"),
      ("Internal Server Error\n", "a message of a server", "published"),
      ("{\"detail\":\"Not Found\"}", "a message of a server (JSON)", "published"),
      (
        "<?xml version=\"1.0\"?><!DOCTYPE html><html xmlns=\"x\">", "a web page (HTML)",
        "download button"
      ),
      ("<h1>Not Found</h1>", "a web page (HTML)", "download button"),
      ("\u{feff}version https://git-lfs.github.com/spec/v1", "a Git LFS pointer", "git lfs pull"),
      ("/annex/objects/SHA256E-s1--a.pkl\n", "a git-annex pointer", "git annex get"),
      ("outs:\n- md5: a\n  path: a.pkl\n", "a DVC pointer", "dvc pull"),
      ("../../blobs/3e4d\n", "a path in a text file", "at that path"),
      ("[InternetShortcut]\nURL=https://x", "a link to a file", "save the file"),
      (
        "{\"metadata\": \"\(String(repeating: "x", count: 6000))\", \"weight_map\": {}}",
        "the index of a checkpoint in several parts", "join"
      ),
      ("GIF89a", "a GIF image", nil), ("xxxxPTMF", "a TorchScript program", "made from"),
      ("\u{8}\u{7}\u{12}\u{7}pytorch\u{1a}", "an ONNX model", "made from"),
      ("Dear reader", "a text file", nil),
      ("BZh91AY", "compressed by bzip2", "bunzip2"),
      ("Rar!\u{1a}", "a RAR archive", "unpack"),
      ("%PDF-1.7", "a PDF document", nil),
    ] as [(String, String, String?)])
  func namesWhatItIs(text: String, name: String, hint: String?) {
    let file = ForeignFile(Bytes(Array(text.utf8)))
    #expect(file.name.hasPrefix(name), "\(file.name)")
    #expect(!file.isCheckpoint)
    if let hint {
      #expect(file.hint?.contains(hint) == true, "\(file.hint ?? "")")
    } else {
      #expect(file.hint == nil)
    }
  }

  /// A page of 16 bits a character, and one in Latin-1.
  @Test(
    arguments: [
      [0xff, 0xfe] + "<html><body>".utf8.flatMap { [$0, 0] },
      Array("<html><title>Fichier non trouv".utf8) + [0xe9],
    ] as [[UInt8]])
  func pagesOfOtherEncodings(bytes: [UInt8]) {
    #expect(ForeignFile(Bytes(bytes)).name == "a web page (HTML)")
  }

  @Test func tar() {
    var bytes = [UInt8](repeating: 0, count: 512)
    bytes.replaceSubrange(257..<262, with: Array("ustar".utf8))
    #expect(ForeignFile(Bytes(bytes)).name == "a tar archive")
  }

  /// What the converter reads is told apart, since its hint is to convert it.
  @Test(arguments: [[0x80, 4, 0x95], [0x1f, 0x8b, 8], [0x50, 0x4b, 3, 4]] as [[UInt8]])
  func checkpoints(head: [UInt8]) {
    #expect(ForeignFile(Bytes(head + [UInt8](repeating: 0xff, count: 40))).isCheckpoint)
  }
}
