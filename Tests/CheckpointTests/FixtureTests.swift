import Checkpoint
import Core
import Support
import Testing

/// Every tensor of every golden checkpoint, by its SHA-256.
struct FixtureTests {
  static let files: [(Fixture, String)] = Fixture.all.flatMap { fixture in
    fixture.checkpoints.map { (fixture, $0) }
  }

  @Test func fixturesAreThere() {
    #expect(Self.files.count >= 8)
  }

  @Test(arguments: files)
  func tensorsAreThoseOfTheirWriters(fixture: Fixture, file: String) throws {
    let checkpoint = try CheckpointFile.open(fixture.path(file))
    let found = Dictionary(uniqueKeysWithValues: checkpoint.tensors.map { ($0.name, $0.tensor) })
    #expect(!fixture.tensors.isEmpty)
    for expected in fixture.tensors {
      // The safetensors file has the state dict alone.
      let bare = expected.name.replacing("g_ema.", with: "", maxReplacements: 1)
      let tensor = try #require(found[expected.name] ?? found[bare], "\(expected.name)")
      #expect(tensor.type.rawValue == expected.type, "\(expected.name)")
      #expect(tensor.shape == expected.shape, "\(expected.name)")
      #expect(tensor.sha256 == expected.sha256, "\(expected.name)")
      #expect(tensor.floats.prefix(4).elementsEqual(expected.head), "\(expected.name)")
    }
    #expect(checkpoint.placeholders.isEmpty)
    #expect(checkpoint.pickleNames.allSatisfy { $0.isKnown })
  }

  @Test(arguments: files)
  func containerIsNamed(fixture: Fixture, file: String) throws {
    let checkpoint = try CheckpointFile.open(fixture.path(file))
    let container = try #require(fixture.meta("container", as: String.self))
    #expect(container.contains(checkpoint.containerDetail))
  }

  @Test(arguments: files)
  func listingEndsWithStop(fixture: Fixture, file: String) throws {
    guard !file.hasSuffix(".safetensors") else {
      #expect(throws: ObverseError.self) { try CheckpointFile.pickleListing(fixture.path(file)) }
      return
    }
    let lines = try CheckpointFile.pickleListing(fixture.path(file))
    #expect(lines.last?.hasSuffix("STOP") == true)
    #expect(lines.contains { $0.contains("_rebuild_tensor_v2") })
    #expect(try CheckpointFile.pickleListing(fixture.path(file), limit: 10).count == 11)
  }

  @Test(arguments: ["nv64-skip", "nv64-skip-old", "nd64-r0.9"])
  func modulesAndTheirAttributes(name: String) throws {
    let checkpoint = try CheckpointFile.open(try Fixture.named(name).checkpoint)
    #expect(checkpoint.modules["G_ema"] == "Generator")
    #expect(checkpoint.modules["G_ema.synthesis.b8.conv0"] == "SynthesisLayer")
    #expect(checkpoint.modules["D"] == "Discriminator")
    #expect(checkpoint.attributes["G_ema.z_dim"] == .integer(64))
    #expect(checkpoint.attributes["G_ema.synthesis.b8.architecture"] == .text("skip"))
    #expect(checkpoint.attributes["G_ema.synthesis.b8.conv0.conv_clamp"] == Attribute.none)
    #expect(checkpoint.attributes["G_ema.synthesis.b8.conv0.up"] == .integer(2))
    #expect(
      checkpoint.attributes["G_ema.synthesis.block_resolutions"]
        == .list([4, 8, 16, 32, 64].map { .integer($0) }))
    // A numpy scalar: 1 / sqrt(64).
    #expect(checkpoint.attributes["G_ema.mapping.fc1.weight_gain"] == .number(0.01 / 8))
    #expect(checkpoint.attributes["G_ema._init_kwargs.z_dim"] != nil)
    #expect(checkpoint.attributes.keys.allSatisfy { !$0.hasSuffix("_hooks") })
    #expect(throws: Never.self) { try checkpoint.refuseForeignFamilies() }
  }

  @Test func sharedStoragesAreShared() throws {
    let checkpoint = try CheckpointFile.open(try Fixture.named("cagc64-odd").checkpoint)
    let names = checkpoint.tensors.map(\.name)
    #expect(names.contains("g.style.1.weight") && names.contains("g_ema.style.1.weight"))
  }
}
