import Core

extension CheckpointFile {
  /// Lists the opcodes of every pickle in a file, one line each: offset, name, argument.
  ///
  /// Nothing is run, and nothing is built either: this works for files that `open` refuses.
  ///
  /// - Parameters:
  ///   - path: A torch zip, torch legacy or plain pickle file.
  ///   - limit: The most lines; one more says so where there would be more.
  /// - Returns: Lines such as `4: BINUNICODE 'g_ema'`.
  /// - Throws: `missing` and its like, `inFile` with `unsupported` for files without a pickle, or
  ///   with what is wrong in its first pickle before any line.
  public static func pickleListing(
    _ path: String, limit: Int = .max
  ) throws(ObverseError) -> [String] {
    let bytes = try Bytes(mapping: path)
    do throws(ObverseError) {
      var lines: [String] = []
      switch FileKind(bytes) {
      case .zip:
        let archive = try ZipArchive(bytes)
        guard let member = TorchZip.pickle(of: archive) else { throw Self.noPickle }
        lines.append("\(member.name):")
        _ = try list(archive.read(member), from: 0, into: &lines, limit)
      case .torchLegacy:
        var position = 0
        for number in 1...5 where lines.count <= limit {
          lines.append("pickle \(number):")
          guard let end = try list(bytes, from: position, into: &lines, limit) else { break }
          position = end
        }
      case .pickle: _ = try list(bytes, from: 0, into: &lines, limit)
      default: throw Self.noPickle
      }
      if lines.count > limit {
        lines.removeSubrange(max(limit, 0)...)
        lines.append("…")
      }
      return lines
    } catch {
      throw error.inFile(path)
    }
  }

  private static let noPickle = ObverseError.unsupported(
    what: "file", why: "it holds no pickle", hint: nil)

  /// Lists one pickle and gives its end, nil where the lines are used up or the pickle breaks off.
  private static func list(
    _ bytes: Bytes, from position: Int, into lines: inout [String], _ limit: Int
  ) throws(ObverseError) -> Int? {
    var decoder = PickleDecoder(bytes, at: position)
    while lines.count <= limit {
      let instruction: PickleInstruction
      do throws(ObverseError) {
        instruction = try decoder.next()
      } catch {
        guard !lines.isEmpty else { throw error }
        lines.append("\(decoder.position): \(error)")  // the last line of a broken pickle
        return nil
      }
      lines.append(describe(instruction))
      if instruction.opcode == .stop { return decoder.position }
    }
    return nil
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
    let text = String(decoding: part.array, as: UTF8.self)
    let shown = text.unicodeScalars.prefix(most).map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        scalar.escaped(asASCII: true)
      default: scalar.escaped(asASCII: false)
      }
    }.joined()
    let isWhole = part.count == bytes.count && text.unicodeScalars.count <= most
    return isWhole ? "'\(shown)'" : "'\(shown)'… (\(bytes.count) bytes)"
  }
}
