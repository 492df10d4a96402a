import Core
import Glibc

/// Face generators as OpenVINO packages: the two networks of the PyPI package `random-face`.
package enum OpenVINO {
  /// The networks that belong together, in the order in which they run.
  package static let networks = ["MappingNetwork", "SynthesisNetwork"]

  private static let hint = "pip download --no-deps random-face"

  /// Whether an archive holds the networks.
  package static func matches(_ archive: ZipArchive) -> Bool {
    archive.members.contains { $0.name == "MappingNetwork.xml" }
      || archive.members.contains { $0.name.hasSuffix("/MappingNetwork.xml") }
  }

  /// Whether a folder holds the networks, at its top or where the wheel has them.
  static func matches(folder: String) -> Bool { (try? dataFolder(folder)) != nil }

  /// Reads the wheel, its unpacked folder, the folder of the networks, or one of their `.xml` files.
  ///
  /// - Throws: `missing` and its like, `unsupported` for other folders and files; what is wrong
  ///   inside of a file comes as `inFile`.
  package static func read(path: String) throws(ObverseError) -> CheckpointFile {
    var status = stat()
    guard unsafe path.withFileName({ unsafe stat($0, &status) }) == 0 else {
      throw .opening(path, errno)
    }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      return try read(folder: try dataFolder(path), path: path)
    }
    guard path.hasSuffix(".xml") else {
      let bytes = try Bytes(mapping: path)
      return try inFile(path) { () throws(ObverseError) in
        try read(archive: try ZipArchive(bytes), path: path)
      }
    }
    let slash = path.lastIndex(of: "/")
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    guard networks.contains(where: { name == "\($0).xml" }) else {
      throw .unsupported(
        what: "'\(path)'", why: "it is not \(networks.joined(separator: ".xml or ")).xml",
        hint: hint)
    }
    return try read(folder: slash.map { String(path[..<$0]) } ?? ".", path: path)
  }

  /// Reads the networks from a wheel that is open already.
  package static func read(
    archive: ZipArchive, path: String
  ) throws(ObverseError) -> CheckpointFile {
    guard
      let first = archive.members.first(where: {
        $0.name == "MappingNetwork.xml" || $0.name.hasSuffix("/MappingNetwork.xml")
      })
    else {
      throw .unsupported(what: "zip archive", why: "it holds no MappingNetwork.xml", hint: hint)
    }
    let folder = first.name.dropLast("MappingNetwork.xml".count)
    var graphs: [String: IRGraph] = [:]
    for network in networks {
      var files: [Bytes] = []
      for name in ["\(folder)\(network).xml", "\(folder)\(network).bin"] {
        guard let member = archive.member(named: name) else {
          throw .malformed(what: "zip archive", why: "it holds no \(name)")
        }
        files.append(try archive.read(member))
      }
      graphs[network] = try IRGraph(xml: files[0], weights: files[1], name: network)
    }
    return file(graphs, path)
  }

  private static func read(
    folder: String, path: String
  ) throws(ObverseError) -> CheckpointFile {
    var graphs: [String: IRGraph] = [:]
    for network in networks {
      let description = "\(folder)/\(network).xml"
      let xml = try Bytes(mapping: description)
      let weights = try Bytes(mapping: "\(folder)/\(network).bin")
      graphs[network] = try inFile(description) { () throws(ObverseError) in
        try IRGraph(xml: xml, weights: weights, name: network)
      }
    }
    return file(graphs, path)
  }

  /// The folder itself, or where the unpacked wheel has its networks.
  private static func dataFolder(_ path: String) throws(ObverseError) -> String {
    for folder in [path, "\(path)/data", "\(path)/random_face/data"] {
      let found = unsafe "\(folder)/MappingNetwork.xml".withFileName { unsafe access($0, F_OK) }
      if found == 0 { return folder }
    }
    throw .unsupported(
      what: "folder '\(path)'", why: "it holds no MappingNetwork.xml", hint: hint)
  }

  private static func inFile<R>(
    _ path: String, _ body: () throws(ObverseError) -> R
  ) throws(ObverseError) -> R {
    do { return try body() } catch { throw error.inFile(path) }
  }

  /// Lists float constants by network and name, in file order; a second one of a name by its id.
  private static func file(_ graphs: [String: IRGraph], _ path: String) -> CheckpointFile {
    var tensors: [(name: String, tensor: StoredTensor)] = []
    var names: Set<String> = []
    for network in networks {
      for layer in graphs[network]?.layers ?? [] {
        guard let constant = layer.constant, constant.type == .float32 else { continue }
        var name = "\(network).\(layer.name)"
        if !names.insert(name).inserted {
          name += "#\(layer.id)"
          guard names.insert(name).inserted else { continue }
        }
        tensors.append((name, constant))
      }
    }
    return CheckpointFile(
      path: path, container: .openVINO,
      containerDetail: CheckpointFile.Container.openVINO.rawValue, tensors: tensors,
      graphs: graphs)
  }
}
