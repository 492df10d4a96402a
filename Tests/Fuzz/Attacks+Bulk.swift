import Checkpoint
import Core
import Support

extension Attack {
  /// Files of about a megabyte whose every byte asks for as much memory as it can.
  static var bulk: [Input] { pickles + names + texts }

  private static var pickles: [Input] {
    let parts: [(String, [UInt8])] = [
      ("lists", utf8("]")), ("dicts", utf8("}")), ("sets", [0x8f]), ("tuples", utf8("(t")),
      ("marked lists", utf8("(l")), ("pairs of numbers", utf8("K\u{1}") + [0x85]),
      ("numbers", utf8("K\u{1}")), ("remembered lists", [0x5d, 0x94]), ("lines", utf8("Vx\n")),
      ("quoted lines", utf8("S'x'\n")), ("escaped lines", utf8("V\\u0041\n")),
      ("foreign lines", utf8("V\u{e9}\n")), ("escaped strings", utf8("S'\\n'\n")),
      ("short texts", [0x8c, 1, 0x78]),
      ("lists of one", utf8("]Na")),
      ("dicts of one", utf8("}NNs")), ("persistent ids", utf8("NQ")),
      ("names", utf8("cos\nsystem\n")), ("calls", utf8("cos\nsystem\n)R")),
      ("dropped", utf8("]0")), ("known calls", utf8("ccollections\nOrderedDict\n)R")),
      ("long numbers", [0x8a, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ]
    return parts.map { name, part in
      let count = 1 << 20
      let body = (0..<(count / part.count)).flatMap { _ in part }
      return Input("a megabyte of \(name)", .pickle, [0x80, 4] + body + utf8("N."))
    }
  }

  /// Values that are shared, each under names that are as long as names may be.
  private static var names: [Input] {
    let values: [(String, PickleBytes)] = [
      ("attributes", PickleBytes("N")), ("placeholders", .global("os", "system")),
      (
        "tensors",
        .tensor(.storage("FloatStorage", key: "0", count: 4), shape: [], strides: [])
      ),
      ("modules", .call("torch_utils.persistence", "_reconstruct_persistent_obj", .emptyDict)),
    ]
    func pickle(_ values: [PickleBytes]) -> [UInt8] {
      var body = PickleBytes.proto(2)
      for (index, value) in values.enumerated() { body = body + value + .put(UInt8(index)) + "0" }
      body = body + .emptyDict + .put(100) + .mark
      var members: [UInt8] = []
      for number in 0..<1000 {
        members += (PickleBytes.text("k\(number)") + .get(UInt8(number % values.count))).bytes
      }
      body = body + PickleBytes(members) + .setItems + "0" + .emptyDict + .mark
      var groups: [UInt8] = []
      for number in 0..<160 {
        let name = String(repeating: "n", count: 490) + "\(number)"
        groups += (PickleBytes.text(name) + .get(100)).bytes
      }
      return (body + PickleBytes(groups) + .setItems + .stop).bytes
    }
    return (values.map { ($0.0, [$0.1]) } + [("all", values.map(\.1))]).map { name, values in
      let zip = Container.zip([
        ("archive/data.pkl", pickle(values)), ("archive/data/0", [UInt8](repeating: 0, count: 16)),
      ])
      return Input("long names of \(name)", .torchZip, zip.bytes)
    }
  }

  private static var texts: [Input] {
    func many(_ part: String, _ count: Int) -> String { String(repeating: part, count: count) }
    var inputs: [Input] = []
    for (name, part) in [
      ("numbers", "1,"), ("lists", "[],"), ("lists of one", "[1],"), ("objects", "{},"),
      ("objects of one", #"{"":1},"#), ("texts", #""","#),
      ("longer texts", #""0123456789abcdef","#),
    ] {
      let header = "{\"a\":[\(many(part, (2 << 20) / part.utf8.count))0]}"
      inputs.append(
        Input("a header of \(name)", .safetensors, Container.safetensors(header: header, data: [])))
    }
    let members = (0..<100_000).map { #""\#(String($0, radix: 36))":0"# }.joined(separator: ",")
    inputs.append(
      Input(
        "a header of members", .safetensors,
        Container.safetensors(header: "{\(members)}", data: [])))
    var files = Container.mobileStyleGAN
    for (name, part) in [
      ("layers", "<layer id=\"#\" name=\"a\" type=\"b\"/>"),
      ("attributes", "<layer id=\"#\" name=\"a\" type=\"b\"><data a=\"\" b=\"\" c=\"\"/></layer>"),
      ("elements", "<a/>"),
    ] {
      let layers = (0..<40_000).map { number in
        part.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "\(number)")
      }.joined()
      files[0].bytes = utf8("<net version=\"10\"><layers>\(layers)</layers></net>")
      inputs.append(Input("a network of \(name)", .openVINO, Container.zip(files).bytes))
    }
    let wide = (0..<40_000).map { "a\($0)=\"\"" }.joined(separator: " ")
    files[0].bytes = utf8("<net version=\"10\"><layers><layer \(wide)/></layers></net>")
    inputs.append(Input("a layer of many attributes", .openVINO, Container.zip(files).bytes))
    let empty = (0..<20_000).map { (name: "\($0).npy", bytes: [UInt8]()) }
    inputs.append(Input("20,000 empty arrays", .npz, Container.zip(empty).bytes))
    let array = NumPy.npy(shape: [1], floats: [1])
    let arrays = (0..<10_000).map { (name: "g_ema.\($0).npy", bytes: array) }
    inputs.append(Input("10,000 arrays", .npz, Container.zip(arrays).bytes))
    return inputs
  }
}
