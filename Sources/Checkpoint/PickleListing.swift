import Core

extension CheckpointFile {
  /// Lists the opcodes of every pickle in a file, one line each: offset, name, argument.
  ///
  /// Nothing is run, and nothing is built either: this works for files that `open` refuses.
  ///
  /// - Parameters:
  ///   - path: A torch zip, torch legacy or plain pickle file.
  ///   - limit: The most lines; one more says how many are left out.
  /// - Returns: Lines such as `4: BINUNICODE 'g_ema'`.
  /// - Throws: `missing` and its like, `inFile` with `unsupported` for files without a pickle, or
  ///   with what is wrong in its first pickle before any line.
  public static func pickleListing(
    _ path: String, limit: Int = .max
  ) throws(ObverseError) -> [String] {
    let bytes = try Bytes(mapping: path)
    do throws(ObverseError) {
      var listing = Listing(limit: limit)
      switch FileKind(bytes) {
      case .zip:
        let archive = try ZipArchive(bytes)
        guard let member = TorchZip.pickle(of: archive) else { throw Self.noPickle }
        listing.add("\(member.name.cut(to: 512)):")
        _ = try list(archive.read(member), from: 0, into: &listing)
      case .torchLegacy:
        var position = 0
        for number in 1...5 {
          listing.add("pickle \(number):")
          guard let end = try list(bytes, from: position, into: &listing) else { break }
          position = end
        }
      case .pickle: _ = try list(bytes, from: 0, into: &listing)
      default: throw Self.noPickle
      }
      if listing.leftOut > 0 { listing.lines.append("and \(listing.leftOut) more") }
      return listing.lines
    } catch {
      throw error.inFile(path)
    }
  }

  /// Lines up to a limit, and the number of those beyond.
  private struct Listing {
    let limit: Int
    var lines: [String] = []
    var leftOut = 0

    init(limit: Int) { self.limit = limit }

    mutating func add(_ line: @autoclosure () -> String) {
      if lines.count < limit { lines.append(line()) } else { leftOut += 1 }
    }
  }

  private static let noPickle = ObverseError.unsupported(
    what: "file", why: "it holds no pickle", hint: nil)

  /// Lists one pickle and gives its end, nil where it breaks off.
  private static func list(
    _ bytes: Bytes, from position: Int, into listing: inout Listing
  ) throws(ObverseError) -> Int? {
    var decoder = PickleDecoder(bytes, at: position)
    while true {
      let instruction: PickleInstruction
      do throws(ObverseError) {
        instruction = try decoder.next()
      } catch {
        guard !listing.lines.isEmpty else { throw error }
        // The last line of a broken pickle.
        listing.lines.append("\(decoder.position): \(error)")
        return nil
      }
      listing.add(describe(instruction))
      if instruction.opcode == .stop { return decoder.position }
    }
  }

  private static func describe(_ instruction: PickleInstruction) -> String {
    let head = "\(instruction.offset): \(instruction.opcode.name)"
    switch instruction.argument {
    case .nothing: return head
    case .integer(let value): return "\(head) \(value)"
    case .number(let value): return "\(head) \(value)"
    case .twoLines(let module, let name): return "\(head) \(quoted(module)) \(quoted(name))"
    case .bytes(let bytes):
      switch instruction.opcode {
      case .binBytes, .shortBinBytes, .binBytes8, .byteArray8: return "\(head) \(bytes.count) bytes"
      case .long1, .long4:
        if case .integer(let value) = PickleText.long(bytes) { return "\(head) \(value)" }
        return "\(head) integer of \(bytes.count) bytes"
      default: return "\(head) \(quoted(bytes))"
      }
    }
  }

  /// A text between quotes, cut to what a line can show; nothing in it can reach a terminal.
  private static func quoted(_ bytes: Bytes) -> String {
    let most = 60
    let part = bytes.slice(at: 0, count: min(bytes.count, 4 * most)) ?? bytes
    let text = String(decoding: part.array, as: UTF8.self).unicodeScalars
    var shown = ""
    var count = 0
    for scalar in text.prefix(most) {
      shown += scalar.escaped(asASCII: scalar.isInvisible)
      count += 1
      if shown.utf8.count > 2 * most { break }  // escapes are long
    }
    let isWhole = part.count == bytes.count && count == text.count
    return isWhole ? "'\(shown)'" : "'\(shown)'… (\(bytes.count) bytes)"
  }
}
