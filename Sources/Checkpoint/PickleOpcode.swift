/// The opcodes of Python's pickle format, protocols 0 to 5.
enum PickleOpcode: UInt8, CaseIterable {
  case mark = 0x28  // (
  case emptyTuple = 0x29  // )
  case stop = 0x2e  // .
  case pop = 0x30  // 0
  case popMark = 0x31  // 1
  case dup = 0x32  // 2
  case binBytes = 0x42  // B
  case shortBinBytes = 0x43  // C
  case float = 0x46  // F
  case binFloat = 0x47  // G
  case int = 0x49  // I
  case binInt = 0x4a  // J
  case binInt1 = 0x4b  // K
  case long = 0x4c  // L
  case binInt2 = 0x4d  // M
  case none = 0x4e  // N
  case persID = 0x50  // P
  case binPersID = 0x51  // Q
  case reduce = 0x52  // R
  case string = 0x53  // S
  case binString = 0x54  // T
  case shortBinString = 0x55  // U
  case unicode = 0x56  // V
  case binUnicode = 0x58  // X
  case emptyList = 0x5d  // ]
  case append = 0x61  // a
  case build = 0x62  // b
  case global = 0x63  // c
  case dict = 0x64  // d
  case appends = 0x65  // e
  case get = 0x67  // g
  case binGet = 0x68  // h
  case inst = 0x69  // i
  case longBinGet = 0x6a  // j
  case list = 0x6c  // l
  case obj = 0x6f  // o
  case put = 0x70  // p
  case binPut = 0x71  // q
  case longBinPut = 0x72  // r
  case setItem = 0x73  // s
  case tuple = 0x74  // t
  case setItems = 0x75  // u
  case emptyDict = 0x7d  // }
  case proto = 0x80
  case newObj = 0x81
  case ext1 = 0x82
  case ext2 = 0x83
  case ext4 = 0x84
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case newTrue = 0x88
  case newFalse = 0x89
  case long1 = 0x8a
  case long4 = 0x8b
  case shortBinUnicode = 0x8c
  case binUnicode8 = 0x8d
  case binBytes8 = 0x8e
  case emptySet = 0x8f
  case addItems = 0x90
  case frozenSet = 0x91
  case newObjEx = 0x92
  case stackGlobal = 0x93
  case memoize = 0x94
  case frame = 0x95
  case byteArray8 = 0x96
  case nextBuffer = 0x97
  case readOnlyBuffer = 0x98

  /// The name that Python's pickletools prints: `SHORT_BINUNICODE` for `shortBinUnicode`.
  var name: String {
    switch self {
    // Python parts these words nowhere else than here.
    case .binPersID: "BINPERSID"
    case .persID: "PERSID"
    case .emptyTuple: "EMPTY_TUPLE"
    case .popMark: "POP_MARK"
    case .shortBinBytes: "SHORT_BINBYTES"
    case .shortBinString: "SHORT_BINSTRING"
    case .shortBinUnicode: "SHORT_BINUNICODE"
    case .emptyList: "EMPTY_LIST"
    case .emptyDict: "EMPTY_DICT"
    case .emptySet: "EMPTY_SET"
    case .longBinGet: "LONG_BINGET"
    case .longBinPut: "LONG_BINPUT"
    case .newObjEx: "NEWOBJ_EX"
    case .stackGlobal: "STACK_GLOBAL"
    case .nextBuffer: "NEXT_BUFFER"
    case .readOnlyBuffer: "READONLY_BUFFER"
    default: String(describing: self).uppercased()
    }
  }

  /// What follows the opcode's byte.
  enum Argument {
    case nothing
    /// An integer of so many bytes, little-endian, without sign.
    case unsigned(Int)
    /// Four bytes, little-endian, with sign.
    case signed32
    /// Eight bytes, big-endian: the only ones of that order.
    case double
    /// A run of bytes behind its length, an integer of so many bytes.
    case counted(Int)
    /// Text up to a line feed.
    case line
    /// Two of these.
    case twoLines
  }

  var argument: Argument {
    switch self {
    case .proto, .binInt1, .binGet, .binPut, .ext1: .unsigned(1)
    case .binInt2, .ext2: .unsigned(2)
    case .longBinGet, .longBinPut, .ext4: .unsigned(4)
    case .frame: .unsigned(8)
    case .binInt: .signed32
    case .binFloat: .double
    case .shortBinBytes, .shortBinString, .shortBinUnicode, .long1: .counted(1)
    case .binBytes, .binString, .binUnicode, .long4: .counted(4)
    case .binBytes8, .binUnicode8, .byteArray8: .counted(8)
    case .float, .int, .long, .persID, .string, .unicode, .get, .put: .line
    case .global, .inst: .twoLines
    default: .nothing
    }
  }
}
