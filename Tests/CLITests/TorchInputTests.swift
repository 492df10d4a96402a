import Checkpoint
import Foundation
import Support
import Testing

/// What torch's files give beside a generator: latents, and an answer where nothing converts.
struct TorchInputTests {
  /// A file of `torch.save` with one tensor of this shape at each path of two names; equal values everywhere.
  private func file(_ shapes: [(outer: String, inner: String, shape: [Int32])], _ values: [Float])
    -> [UInt8]
  {
    var members = PickleBytes([])
    for (number, entry) in shapes.enumerated() {
      var strides = [Int32](repeating: 1, count: entry.shape.count)
      for axis in entry.shape.indices.dropLast().reversed() {
        strides[axis] = strides[axis + 1] * entry.shape[axis + 1]
      }
      let count = entry.shape.reduce(1, *)
      let tensor = PickleBytes.tensor(
        .storage("FloatStorage", key: "\(number)", count: count), shape: entry.shape,
        strides: strides)
      members = members + .text(entry.outer) + .dict((entry.inner, tensor))
    }
    let storages = shapes.enumerated().map { number, entry in
      let count = Int(entry.shape.reduce(1, *))
      return ("\(number)", Int64(count), PickleBytes.floats(Array(values.prefix(count))))
    }
    return PickleBytes.legacy(.emptyDict + .mark + members + .setItems, storages)
  }

  /// Projectors keep w beside noise, under the picture's name; encoders write it alone.
  @Test func takesWFromTorchsFiles() throws {
    let model = try ModelFolder("nv64-skip")
    let values = (0..<640).map { Float($0 % 17) / 8 - 1 }
    try model.folder.write(NumPy.npy(shape: [1, 10, 64], floats: values), to: "w.npy")
    let wanted = try model.generate("--projected-w", "w.npy", "--outdir", "wanted", "--no-metadata")
    #expect(wanted.code == 0)
    for (name, shapes) in [
      ("projector", [("face.png", "noise", [4, 4]), ("face.png", "latent", [1, 10, 64])]),
      ("latents", [("a", "latents", [1, 10, 64])]), ("only", [("b", "anything", [10, 64])]),
    ] as [(String, [(String, String, [Int32])])] {
      let shapes = shapes.map { (outer: $0.0, inner: $0.1, shape: $0.2) }
      // Two names of one dict would be one member, the last.
      let parts = shapes.enumerated().map { ("\($0.element.outer)\($0.offset)", $0.element) }
        .map { (outer: $0.0, inner: $0.1.inner, shape: $0.1.shape) }
      try model.folder.write(file(parts, values), to: "\(name).pt")
      let run = try model.generate("--projected-w", "\(name).pt", "--outdir", name, "--no-metadata")
      #expect(run.code == 0, "\(name): \(run.errors)")
      #expect(try model.data("\(name)/proj00.png") == model.data("wanted/proj00.png"), "\(name)")
    }
  }

  /// Of two that are called so, neither is taken.
  @Test func refusesTwoLatents() throws {
    let model = try ModelFolder("nv64-skip")
    let values = [Float](repeating: 0.5, count: 640)
    let shapes: [(outer: String, inner: String, shape: [Int32])] = [
      ("a.png", "latent", [10, 64]), ("b.png", "latent", [10, 64]),
    ]
    try model.folder.write(file(shapes, values), to: "two.pt")
    let run = try model.generate("--projected-w", "two.pt")
    #expect(
      run.code == 65 && run.errors.contains("array latent: the file has 2 of it"), "\(run.errors)")
    try model.folder.write(
      file([("a", "x", [10, 64]), ("b", "y", [10, 64])], values), to: "other.pt")
    let other = try model.generate("--projected-w", "other.pt")
    #expect(
      other.code == 65 && other.errors.contains("tensor w is not in the file"), "\(other.errors)")
    #expect(try model.files(".").filter { $0.hasPrefix("out") } == [])
  }

  /// `inspect` says which generators a file has, whether one converts or not.
  @Test(arguments: [
    ("weight-norm/net.pt", "g_ema"), ("weights-fp8/net.pt", "g_ema"),
    ("wavg-rows-differ/net.pt", "g_ema"),
  ])
  func listsGeneratorsThatDoNotConvert(path: String, key: String) throws {
    let path = "\(Fixture.folder)/Wild/\(path)"
    let run = try WholeProgram("inspect", path)
    #expect(run.code == 0, "\(run.errors)")
    #expect(run.lines.contains { $0.hasPrefix("found") && $0.contains(key) }, "\(run.lines)")
    #expect(run.lines.contains { $0.contains("none that converts") })
    let object = try WholeProgram("inspect", path, "--json").object()
    #expect(object["generators"] as? [String] == [key])
    #expect(object["converts"] as? Bool == false)
  }
}
