import Support

extension Spans {
  private static let pickle: Language = {
    func call(_ module: String, _ name: String) -> ([UInt8], [UInt8]) {
      (utf8("c\(module)\n\(name)\n"), [0x85] + utf8("R"))
    }
    return Language(
      values: [
        utf8("N"), utf8(")"), utf8("]"), utf8("}"), [0x88], [0x89], [0x8f],
        PickleBytes.int(-1).bytes, PickleBytes.int(.min).bytes, PickleBytes.int(.max).bytes,
        [0x8a, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        [0x8a, 8, 0, 0, 0, 0, 0, 0, 0, 0x80], [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0x8a, 0],
        [0x47, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0], [0x47, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
        [0x47, 0x43, 0xe0, 0, 0, 0, 0, 0, 0],
        PickleBytes.text("").bytes, PickleBytes.text("a.b.c").bytes,
        PickleBytes.text("__class__").bytes,
        PickleBytes.text(String(repeating: "n", count: 600)).bytes, PickleBytes.text("0").bytes,
        PickleBytes.text("../0").bytes, PickleBytes.text("weight_orig").bytes,
        PickleBytes.text("e\u{301}\u{327}\u{202e}").bytes, PickleBytes.blob([0xff, 0]).bytes,
        PickleBytes.global("os", "system").bytes, PickleBytes.global("torch", "FloatStorage").bytes,
        PickleBytes.global("torch", "QInt8Storage").bytes,
        PickleBytes.global("numpy", "ndarray").bytes, PickleBytes.global("numpy", "dtype").bytes,
        PickleBytes.global("torch._utils", "_rebuild_tensor_v2").bytes,
        PickleBytes.global("torch._utils", "_rebuild_parameter").bytes,
        PickleBytes.global("numpy.core.multiarray", "_reconstruct").bytes,
        PickleBytes.global("dnnlib.tflib.network", "Network").bytes,
        PickleBytes.call("collections", "OrderedDict").bytes,
        PickleBytes.global("argparse", "Namespace").bytes + [0x29, 0x81],
        PickleBytes.tuple(.int(2), .int(2)).bytes, PickleBytes.tuple(.int(-1)).bytes,
        PickleBytes.tuple(.int(0x7fff_ffff), .int(0x7fff_ffff)).bytes,
        [0x68, 0], [0x68, 1], [0x68, 2], [0x6a, 0xff, 0, 0, 0],
      ],
      around: [
        ([], [0x85]), (utf8("]"), utf8("a")), (utf8("("), utf8("t")), (utf8("("), utf8("l")),
        (utf8("}") + PickleBytes.text("k").bytes, utf8("s")), ([], utf8("Q")), ([], utf8("Nb")),
        ([], utf8("}b")), ([], utf8("20")), (utf8("N"), [0x86]), ([], [0x94]),
        call("os", "system"), call("collections", "OrderedDict"), call("torch", "Size"),
        call("torch.nn.parameter", "Parameter"), call("collections", "defaultdict"),
      ], separator: [])
  }()

  /// Follows the stack of every pickle that lies end to end in the file; a value reaches from its first instruction to
  /// its last.
  init(pickle bytes: [UInt8]) {
    self.init(Self.pickle)
    var starts: [Int] = []
    var marks: [Int] = []
    var at = 0
    while at < bytes.count, spans.count < Self.most {
      let begin = at
      let opcode = bytes[at]
      guard let end = PickleInstruction.end(bytes, at) else { return }
      at = end
      /// Takes the stack down to `depth` and puts one value there, which begins where the lowest began.
      func push(from depth: Int) {
        let place = max(0, min(depth, starts.count))
        let start = place < starts.count ? starts[place] : begin
        starts.removeSubrange(place...)
        starts.append(start)
      }
      switch opcode {
      case UInt8(ascii: "("):
        marks.append(starts.count)
        continue
      case UInt8(ascii: "."):
        starts = []
        marks = []
        continue
      case 0x80, 0x95, UInt8(ascii: "p"), UInt8(ascii: "q"), UInt8(ascii: "r"), 0x94:
        continue
      case UInt8(ascii: "0"):
        _ = starts.popLast()
        continue
      case UInt8(ascii: "1"):
        starts.removeSubrange(min(marks.popLast() ?? 0, starts.count)...)
        continue
      // One of those below, and what came since the mark.
      case UInt8(ascii: "u"), UInt8(ascii: "e"), 0x90: push(from: (marks.popLast() ?? 1) - 1)
      case UInt8(ascii: "t"), UInt8(ascii: "l"), UInt8(ascii: "d"), UInt8(ascii: "o"), 0x91,
        UInt8(ascii: "i"):
        let depth = marks.popLast() ?? 0
        push(from: depth)
        // The mark is a part of it.
        if let start = starts.last, start > 0, bytes[start - 1] == UInt8(ascii: "(") {
          starts[starts.count - 1] = start - 1
        }
      case UInt8(ascii: "s"), 0x87, 0x92: push(from: starts.count - 3)
      case UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "R"), 0x81, 0x86, 0x93:
        push(from: starts.count - 2)
      case 0x85, UInt8(ascii: "Q"): push(from: starts.count - 1)
      default: starts.append(begin)
      }
      if let start = starts.last { add(start..<end, opcode) }
    }
  }
}

/// Lengths of a pickle's instructions.
enum PickleInstruction {
  private static let counted: [UInt8: Int] = [
    0x42: 4, 0x43: 1, 0x54: 4, 0x55: 1, 0x58: 4, 0x8a: 1, 0x8b: 4, 0x8c: 1, 0x8d: 8, 0x8e: 8,
    0x96: 8,
  ]
  private static let fixed: [UInt8: Int] = [
    0x80: 1, 0x47: 8, 0x4a: 4, 0x4b: 1, 0x4d: 2, 0x68: 1, 0x6a: 4, 0x71: 1, 0x72: 4, 0x95: 8,
    0x82: 1, 0x83: 2, 0x84: 4,
  ]
  private static let lines = Set("FILPSVgip".utf8)

  /// The bytes of the number behind an opcode: its place is one byte on, its size this; nil where there is none.
  static func number(_ opcode: UInt8) -> Int? { counted[opcode] ?? fixed[opcode] }

  /// The byte behind the instruction at `at`; nil where the file ends before it does.
  static func end(_ bytes: [UInt8], _ at: Int) -> Int? {
    let opcode = bytes[at]
    var end = at + 1
    if let size = counted[opcode] {
      guard end + size <= bytes.count else { return nil }
      let count = bytes[end..<(end + size)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      guard count < UInt64(bytes.count) else { return nil }
      end += size + Int(count)
    } else if let size = fixed[opcode] {
      end += size
    } else if opcode == 0x63 || lines.contains(opcode) {
      for _ in 0..<(opcode == 0x63 || opcode == UInt8(ascii: "i") ? 2 : 1) {
        while end < bytes.count, bytes[end] != 10 { end += 1 }
        end += 1
      }
    }
    return end <= bytes.count ? end : nil
  }
}
