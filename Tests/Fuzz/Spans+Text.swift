extension Spans {
  static let json = Language(
    values: [
      "null", "true", "[]", "{}", "\"\"", "-1", "0", "1e999", "1.5", "9223372036854775808",
      "18446744073709551615", "4294967296", "[0,0]", "[18446744073709551615]",
      "[1,1,1,1,1,1,1,1,1]",
      #""F16""#, #""BF16""#, #""F64""#, #""I8""#, #""F8_E4M3""#, #""C64""#, #""\ud800""#,
      #""\u0000""#,
      #""e\u0301\u0327\u0301""#, #""\u202e""#, #""__metadata__""#, #"{"dtype":"F32"}"#,
    ].map { Array($0.utf8) },
    around: [
      (utf8("["), utf8("]")), (utf8("{\"a\":"), utf8("}")), (utf8("\""), utf8("\"")),
      (utf8(" "), utf8("\n")),
    ], separator: utf8(","))

  /// A NumPy header is the text of a Python dict.
  static let python = Language(
    values: [
      "None", "True", "False", "()", "[]", "{}", "''", "-1", "0", "(0,)", "(-1,)", "(1, 1, 1)",
      "(9223372036854775807, 2)",
      "'<f8'", "'<f2'", "'>f4'", "'|O'", "'<U7'", "'|V8'", "[('a', '<f4')]", "'|b1'", "'<i8'",
      "'descr'", "'shape'",
      "1e9", "0x10", "3L", "b'<f4'",
    ].map { Array($0.utf8) },
    around: [
      (utf8("("), utf8(",)")), (utf8("["), utf8("]")), (utf8("{'a': "), utf8("}")),
      (utf8(" "), utf8(" ")),
    ], separator: utf8(", "))

  private static let xml = Language(
    values: [
      "<layer/>", "<layer id=\"0\"/>", "<data/>", "<edges/>", "<a b='c'/>", "", "text", "<!-- -->",
      "<![CDATA[x]]>",
      "\"\"", "\"-1\"", "\"18446744073709551615\"", "\"0, 0\"", "\"1,1,1,1,1,1,1,1,1\"", "\"f16\"",
      "\"i64\"", "\"Const\"",
      "\"&#x202e;\"", "\"&#0;\"",
    ].map { Array($0.utf8) },
    around: [
      (utf8("<a>"), utf8("</a>")), (utf8("<layer id=\"7\">"), utf8("</layer>")),
      (utf8("<!--"), utf8("-->")),
    ], separator: [])

  /// Lists, members, texts and numbers of a text in JSON's manner, up to its last bracket.
  init(literals bytes: [UInt8], from: Int, _ language: Language) {
    self.init(language)
    /// Where lists that are still open begin, and what began since the last comma.
    var open: [Int] = []
    var members: [Int] = []
    var at = from
    func isWord(_ byte: UInt8) -> Bool {
      byte >= 0x80 || "+-._".utf8.contains(byte) || (0x30...0x39).contains(byte)
        || (0x41...0x5a).contains(byte & 0xdf)
    }
    while at < bytes.count, spans.count < Self.most {
      let begin = at
      let byte = bytes[at]
      at += 1
      switch byte {
      case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "("):
        open.append(begin)
        members.append(at)
      case UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ")"):
        guard let start = open.popLast(), let member = members.popLast() else { return }
        add(member..<begin, UInt8(ascii: ","))
        add(start..<at, byte)
        if open.isEmpty { return }
      case UInt8(ascii: ","):
        guard let member = members.popLast() else { return }
        add(member..<begin, UInt8(ascii: ","))
        members.append(at)
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        while at < bytes.count, bytes[at] != byte { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        at = min(at + 1, bytes.count)
        add(begin..<at, byte)
      case _ where isWord(byte):
        while at < bytes.count, isWord(bytes[at]) { at += 1 }
        add(begin..<at, UInt8(ascii: "0"))
      default: break
      }
    }
  }

  /// Elements, tags and the quoted values of attributes.
  init(elements bytes: [UInt8]) {
    self.init(Self.xml)
    var open: [Int] = []
    var at = 0
    while at < bytes.count, spans.count < Self.most {
      guard bytes[at] == UInt8(ascii: "<") else {
        at += 1
        continue
      }
      let begin = at
      var quote: Int?
      while at < bytes.count, quote != nil || bytes[at] != UInt8(ascii: ">") {
        if bytes[at] == UInt8(ascii: "\"") {
          if let start = quote { add(start..<(at + 1), UInt8(ascii: "\"")) }
          quote = quote == nil ? at : nil
        }
        at += 1
      }
      guard at < bytes.count else { return }
      at += 1
      let second = bytes[begin + 1]
      if second == UInt8(ascii: "/") {
        if let start = open.popLast() { add(start..<at, UInt8(ascii: "<")) }
      } else if second != UInt8(ascii: "?"), second != UInt8(ascii: "!") {
        if bytes[at - 2] == UInt8(ascii: "/") {
          add(begin..<at, UInt8(ascii: "<"))
        } else {
          open.append(begin)
          add(begin..<at, UInt8(ascii: ">"))
        }
      }
    }
  }
}
