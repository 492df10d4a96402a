import Checkpoint
import Core
import Testing

struct XMLTests {
  private func events(_ text: [UInt8]) throws(ObverseError) -> [XMLReader.Event] {
    var reader = XMLReader(Bytes(text), what: "x")
    var events: [XMLReader.Event] = []
    while let event = try reader.next() { events.append(event) }
    return events
  }

  private func error(_ text: String) -> ObverseError? {
    errorOf { () throws(ObverseError) in try events(utf8(text)) }
  }

  @Test func readsElementsAndAttributes() throws {
    let text = """
      \u{feff}<?xml version="1.0" ?>
      <!-- a <comment> -->
      <net a="1" b = 'two "&lt;&gt;&amp;&quot;&apos;&#228;&#x1F600;'>
      \ttext &amp; more <![CDATA[ </net> ]]>
      <layer/><layer c=""></layer >
      </net>
      <!-- end -->
      """
    #expect(
      try events(utf8(text)) == [
        .begin(name: "net", attributes: ["a": "1", "b": "two \"<>&\"'ä😀"]),
        .begin(name: "layer", attributes: [:]), .end(name: "layer"),
        .begin(name: "layer", attributes: ["c": ""]), .end(name: "layer"),
        .end(name: "net"),
      ])
  }

  @Test(arguments: [
    "", " ", "x", "<", "<a", "<a>", "<a/", "<a b>", "<a b=c/>", "<a b=\"/>", "<a b='1'c='2'/>",
    "<a b='1' b='2'/>", "<a b='<'/>", "<a></b>", "</a>", "<a/><b/>", "<a/>x", "<a/></a>", "< a/>",
    "<a b='&x;'/>", "<a b='&#0;'/>", "<a b='&#xD800;'/>", "<a b='&#x110000;'/>", "<a b='&#-1;'/>",
    "<a b='&#+1;'/>", "<a b='&#;'/>", "<a b='&#99999999999;'/>", "<a b='&lt'/>", "<!-- <a/>",
    "<a><![CDATA[ </a>", "<?xml", "<![CDATA[]]><a/>",
  ])
  func refuses(text: String) {
    guard case .malformed("x", _)? = error(text) else {
      Issue.record("\(text) gave \(String(describing: error(text)))")
      return
    }
  }

  @Test func refusesDocumentTypes() {
    #expect(
      error("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")
        == .unsupported(what: "x", why: "it has a document type declaration", hint: nil))
  }

  @Test func refusesWhatIsNotUTF8() {
    #expect(
      errorOf { () throws(ObverseError) in try events(utf8("<a b='") + [0xff] + utf8("'/>")) }
        == .malformed(what: "x", why: "a value is not UTF-8 at byte 8"))
  }

  @Test func boundsDepthAndAttributes() throws {
    #expect(
      error(String(repeating: "<a>", count: 100_000))
        == .tooLarge(what: "the nesting of x", found: 65, limit: 64))
    let attributes = (0..<300).map { " a\($0)=''" }.joined()
    #expect(
      error("<a\(attributes)/>")
        == .tooLarge(what: "the number of attributes in x", found: 257, limit: 256))
  }
}
