// Every count, offset and dimension of a model file at its edges: a sentence and a status, or the network that it was.

import Core
import ModelFile
import Testing

struct EdgeTests {
  private static let victims = [
    TinyModel(widths: [2, 1], classes: 2, mappingLayers: 2, zDim: 2, wDim: 3),
    TinyModel(architecture: .resnet, widths: [1, 2], mappingLayers: 1, zDim: 1, wDim: 2),
    TinyModel(family: .mobileStyleGAN, widths: [4, 8, 3], mappingLayers: 1, zDim: 1, wDim: 1),
  ]

  private static func set(_ file: [UInt8], _ site: TableSites.Site, _ value: Int) -> [UInt8] {
    var broken = file
    for i in 0..<site.size {
      broken[site.position + i] = UInt8(truncatingIfNeeded: value >> (8 * i))
    }
    return broken
  }

  /// The values around which code goes wrong, for what such a place says.
  private static func edges(_ site: TableSites.Site, _ old: Int, fileBytes: Int) -> [Int] {
    let end = fileBytes - site.position
    return switch site.kind {
    case .entry, .vtableSize, .tableSize:
      [0, 1, 2, 3, 4, 5, 6, old + 2, old - 2, old + 4, old - 4, 0x7fff, 0x8000, 0xfffe, 0xffff]
    case .vtable: [0, 1, -1, 2, 4, old + 2, old - 2, end, site.position, .min, Int(Int32.max)]
    case .offset:
      [
        0, 1, 3, 4, old + 1, old + 4, old - 4, end, end - 4, end - 3, end + 4, -4, 0x7fff_ffff,
        0xffff_fffc,
      ]
    case .length:
      [
        0, 1, old + 1, old - 1, 2 * old, end, end - 4, 64, 65, 256, 257, 65537, 1 << 30, 1 << 31,
        0xffff_ffff,
      ]
    case .dimension:
      [
        0, 1, old + 1, old - 1, 2 * old, 8192, 8193, 65536, 65537, 1 << 16, 1 << 31, 0x7fff_ffff,
        0xffff_ffff,
      ]
    case .number:
      [
        0, 1, 2, 3, 4, 5, 16, old + 1, old - 1, 2 * old, 1024, 2048, 65536, 65537, 1 << 31, 0xff,
        0xffff_ffff,
      ]
    case .float:
      [
        Float(0), -0.0, -1, 1, .nan, .infinity, -.infinity, .greatestFiniteMagnitude,
        .leastNonzeroMagnitude,
      ]
      .map { Int($0.bitPattern) }
    }
  }

  /// What a sentence has to be, whatever it is about.
  private static func fault(_ error: ObverseError) -> String? {
    if error.exitCode != 65 { return "exit code \(error.exitCode)" }
    let text = error.description
    if text.isEmpty || text.utf8.count > 500 { return "a sentence of \(text.utf8.count) bytes" }
    if text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) {
      return "a control character"
    }
    return nil
  }

  @Test(arguments: victims)
  func everyPlaceAtItsEdges(_ model: TinyModel) throws {
    let file = try ModelFile.encode(model.description)
    let found = TableSites(file)
    let shape = model.description.shape
    var refused: [String: Int] = [:]
    for site in found.sites {
      let old = try #require(found.word(site.position, site.size))
      let values = Set(Self.edges(site, old, fileBytes: file.count)).filter { value in
        value & (1 << (8 * site.size) - 1) != old
      }
      for value in values {
        do throws(ObverseError) {
          let read = try ModelFile.read(Bytes(Self.set(file, site, value)))
          // Strengths, gains and texts may change; how wide anything is may not. A mapping network
          // may be shorter, where what is left of it fits.
          let isSame = read.shape.macs() == shape.macs()
          if !isSame,
            site.path != "mapping" || read.mapping.count >= model.description.mapping.count
          {
            Issue.record("\(site.path) \(site.kind) = \(value): another network")
          }
          read.forEachWeights { _, weights in
            if weights.floats.count != weights.count { Issue.record("\(site.path) = \(value)") }
          }
        } catch {
          if let fault = Self.fault(error) {
            Issue.record("\(site.path) \(site.kind) = \(value): \(fault): \(error)")
          }
          refused["\(site.kind)", default: 0] += 1
        }
      }
    }
    // All kinds are there, and each is refused more than a few times.
    for kind in [
      "entry", "vtableSize", "tableSize", "vtable", "offset", "length", "dimension", "number",
      "float",
    ] {
      #expect(refused[kind, default: 0] > 8, "\(kind)")
    }
  }

  /// A dimension counts wherever it stands: no axis of any tensor can be another than it is.
  @Test(arguments: victims)
  func everyDimensionIsHeld(_ model: TinyModel) throws {
    let file = try ModelFile.encode(model.description)
    let found = TableSites(file)
    let dimensions = found.sites.filter { $0.kind == .dimension }
    #expect(dimensions.count > 30)
    for site in dimensions {
      let old = try #require(found.word(site.position))
      for value in [0, 1, 2, old - 1, old + 1, 2 * old, 0x7fff_ffff, 0xffff_ffff] where value != old
      {
        #expect(throws: ObverseError.self, "\(site.path) = \(value)") {
          try ModelFile.read(Bytes(Self.set(file, site, value)))
        }
      }
    }
  }

  /// Every tensor's bytes moved onto every other's of the same length: no two may share them.
  @Test(arguments: victims)
  func noTwoTensorsShareBytes(_ model: TinyModel) throws {
    let file = try ModelFile.encode(model.description)
    let found = TableSites(file)
    let data = found.sites.filter { $0.kind == .offset && $0.path.hasSuffix(".data") }
    var tried = 0
    for site in data {
      for other in data where other.position != site.position {
        let target = try #require(found.target(other.position))
        let own = try #require(found.target(site.position))
        guard target > site.position, found.word(target) == found.word(own) else { continue }
        tried += 1
        let broken = Self.set(file, site, target - site.position)
        // Bytes that nobody uses any more, and slack behind all, are no excuse.
        for slack in [0, 4096] {
          let error = #expect(throws: ObverseError.self, "\(site.path), \(other.path)") {
            try ModelFile.read(Bytes(broken + [UInt8](repeating: 0, count: slack)))
          }
          #expect(
            error?.description.contains("overlap those of") == true, "\(error?.description ?? "")")
        }
      }
    }
    #expect(tried > 20)
  }

  /// A layer twice is a tensor twice; a list of one layer a thousand times is too long besides.
  @Test func layersAreNotRepeated() throws {
    let model = TinyModel(widths: [2, 2, 2, 2], mappingLayers: 4, zDim: 2, wDim: 2)
    let file = try ModelFile.encode(model.description)
    let found = TableSites(file)
    func site(_ path: String, _ kind: TableSites.Kind = .offset) throws -> TableSites.Site {
      try #require(found.sites.first { $0.path == path && $0.kind == kind })
    }
    for (path, twin) in [
      ("mapping[2]", "mapping[1]"), ("synthesis.blocks[2]", "synthesis.blocks[1]"),
      ("synthesis.blocks[2].conv1", "synthesis.blocks[3].conv1"),
      ("synthesis.blocks[1].conv0.affine", "synthesis.blocks[1].conv1.affine"),
      ("mapping[0].weight", "mapping[1].weight"),
    ] {
      let place = try site(path)
      let target = try #require(found.target(site(twin).position))
      // Offsets lead on, so that one of two may have to take the other's place.
      guard target > place.position else { continue }
      let error = #expect(throws: ObverseError.self, "\(path)") {
        try ModelFile.read(Bytes(Self.set(file, place, target - place.position)))
      }
      #expect(error?.exitCode == 65)
    }
    let mapping = try site("mapping", .length)
    #expect(
      throws: ObverseError.tooLarge(
        what: "the number of mapping of the model", found: 65, limit: 64)
    ) {
      try ModelFile.read(Bytes(Self.set(file, mapping, 65)))
    }
    let blocks = try site("synthesis.blocks", .length)
    #expect(
      throws: ObverseError.tooLarge(what: "the number of blocks of synthesis", found: 17, limit: 16)
    ) {
      try ModelFile.read(Bytes(Self.set(file, blocks, 17)))
    }
  }

  @Test func familiesAreNotMistakenForEachOther() throws {
    for (model, other) in [(Self.victims[0], 2), (Self.victims[2], 1)] {
      let file = try ModelFile.encode(model.description)
      let found = TableSites(file)
      let tag = try #require(
        found.sites.first { $0.path == "synthesis_type" && $0.kind == .number })
      for value in [0, other, 3, 255] {
        let error = #expect(throws: ObverseError.self, "\(value)") {
          try ModelFile.read(Bytes(Self.set(file, tag, value)))
        }
        #expect(error.flatMap(Self.fault) == nil)
      }
    }
  }
}
