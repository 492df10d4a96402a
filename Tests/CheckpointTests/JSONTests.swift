import Checkpoint
import Core
import Testing

struct JSONTests {
  private func parse(_ text: [UInt8]) throws(ObverseError) -> ParsedJSON {
    try ParsedJSON(parsing: Bytes(text), what: "text")
  }

  @Test func keepsOrderAndTypes() throws {
    let text = #" {"z":[1,-2.5e1,true,false,null,9223372036854775808],"a":{}, "m" : "x"} "#
    guard case .object(let members) = try parse(utf8(text)) else {
      Issue.record("no object")
      return
    }
    #expect(members.map(\.key) == ["z", "a", "m"])
    #expect(
      members.map(\.value) == [
        .list([.integer(1), .number(-25), .bool(true), .bool(false), .null, .number(0x1p63)]),
        .object([]), .text("x"),
      ])
  }

  @Test func decodesEscapes() throws {
    let text = #""\"\\\/\b\f\n\r\t\u00e4\uD83D\uDE00é""#
    #expect(try parse(utf8(text)) == .text("\"\\/\u{8}\u{c}\n\r\tä😀é"))
  }

  @Test(arguments: [
    "", " ", "{", "[", "[1", "[1,", "[1,]", "[1 2]", "{1:2}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#,
    #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":1}"#, "01", "1.", "1e", "-", "+1", ".5", "tru", "nul",
    "NaN", "Infinity", #"""#, #""\"#, #""\x""#, #""\u12""#, #""\uD800""#, #""\uD800\u0041""#,
    #""\uDC00""#, "\"\n\"", "1 1", "{} x", "'a'", "// a\n1",
  ])
  func refuses(text: String) {
    let error = errorOf { () throws(ObverseError) in try parse(utf8(text)) }
    guard case .malformed("text", _)? = error else {
      Issue.record("'\(text)' gave \(String(describing: error))")
      return
    }
  }

  @Test func refusesWhatIsNotUTF8() {
    let error = errorOf { () throws(ObverseError) in try parse(utf8("\"a") + [0xff] + utf8("\"")) }
    #expect(error == .malformed(what: "text", why: "a string is not UTF-8 at byte 3"))
  }

  @Test func boundsDepthAndNumber() throws {
    let deep = { (n: Int) in
      [UInt8](repeating: UInt8(ascii: "["), count: n)
        + [UInt8](repeating: UInt8(ascii: "]"), count: n)
    }
    _ = try parse(deep(64))
    #expect(
      errorOf { () throws(ObverseError) in try parse(deep(100_000)) }
        == .tooLarge(what: "the nesting of the text", found: 65, limit: 64))
    let many = utf8("[") + Array(repeatElement(utf8("0,"), count: 1 << 20).joined())
    #expect(
      errorOf { () throws(ObverseError) in try parse(many) }
        == .tooLarge(
          what: "the number of values of the text", found: (1 << 20) + 1, limit: 1 << 20))
  }
}
