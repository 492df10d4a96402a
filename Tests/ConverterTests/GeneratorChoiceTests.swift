import Core
import Testing

import Converter

/// Which of several generators is taken, and what is said where a key names none.
struct GeneratorChoiceTests {
  private func net(_ prefixes: [String]) -> SyntheticNetwork {
    var net = SyntheticNetwork()
    net.container = .torchZip
    for prefix in prefixes {
      for (name, shape, values) in SyntheticNetwork.rosinality("").tensors {
        // Each has values of its own.
        let own = values.map { $0 + Float(prefix.utf8.count) / 64 }
        net.tensors.append((prefix + name, shape, own))
      }
    }
    return net
  }

  private func convert(_ net: SyntheticNetwork, _ key: String?) throws -> Conversion {
    try Converter.convert(
      net.file, ConversionRequest(key: key, wAverageSamples: 1, hashesSource: false))
  }

  @Test(arguments: [
    (["g.", "g_ema."], "g_ema"), (["generator.", "g_running."], "g_running"),
    (["state_dict.generator.", "state_dict.generator_ema."], "state_dict.generator_ema"),
    (["gen.", "gen_shadow."], "gen_shadow"), (["netG.", "netG_ema."], "netG_ema"),
    (["model.", "ema_model.module."], "ema_model"), (["G.", "Gs."], "Gs"),
    (["g._orig_mod.", "g_ema._orig_mod."], "g_ema"),
    (["schema.", "cinema."], "schema"), (["decoder.", ""], ""), (["decoder.", "g."], "g"),
    (["generatorEMA.", "other.g_ema."], "other.g_ema"), (["x.y.g_ema.", "g_ema."], "g_ema"),
  ])
  func takesTheAverage(prefixes: [String], key: String) throws {
    let net = net(prefixes)
    let conversion = try convert(net, nil)
    #expect(conversion.report.key == key)
    let prefix = try #require(
      prefixes.first { $0.hasPrefix(key.isEmpty ? "" : key + ".") && (key.isEmpty == $0.isEmpty) })
    #expect(conversion.description.const.floats == net.values(prefix + "input.input"))
    #expect(conversion.report.generators.count == 2)
    let choice = try #require(conversion.report.choice)
    #expect(choice.contains("\(key.isEmpty ? "the bare one" : key) is taken: "))
  }

  /// What a program calls the option for another one is not known here.
  @Test func saysWhereItGuesses() throws {
    let guessed = try convert(net(["first.", "second."]), nil).report
    #expect(guessed.isGuess)
    #expect(
      guessed.choice == "first, second; first is taken: no name says which one is the average")
    let known = try convert(net(["g.", "g_ema."]), nil).report
    #expect(!known.isGuess)
  }

  @Test(arguments: [
    ("g", "g._orig_mod."), ("G_EMA", "g_ema._orig_mod."), ("g_ema._orig_mod", "g_ema._orig_mod."),
    ("running", "deep.running."), ("deep.running", "deep.running."),
  ])
  func takesWhatIsNamed(key: String, prefix: String) throws {
    let net = net(["g._orig_mod.", "g_ema._orig_mod.", "deep.running."])
    let conversion = try convert(net, key)
    #expect(conversion.description.const.floats == net.values(prefix + "input.input"))
    #expect(conversion.report.choice?.hasSuffix("is taken: it was asked for") == true)
  }

  @Test(arguments: [
    ("generator", ["g.", "g_ema."], "no generator in the file is called so; it holds g, g_ema"),
    ("g", [""], "no generator in the file is called so; it holds a bare one"),
    ("g", ["g_ema."], "no generator in the file is called so; it holds g_ema"),
    ("g", ["a.g.", "b.g."], "it names several generators: a.g, b.g"),
  ])
  func listsTheCandidates(key: String, prefixes: [String], why: String) {
    let error = #expect(throws: ObverseError.self) { try convert(net(prefixes), key) }
    #expect(error?.description == "'net': generator '\(key)': \(why)")
    #expect(error?.exitCode == 65)
  }

  @Test func sameBytesWithoutWrappers() throws {
    let plain = try convert(net(["g_ema."]), nil).description.hashedWeights
    var wrapped = net(["g_ema."])
    wrapped.tensors = wrapped.tensors.map { name, shape, values in
      (name.replacing("g_ema.convs.", with: "g_ema.convs._orig_mod."), shape, values)
    }
    #expect(try convert(wrapped, nil).description.hashedWeights == plain)
  }
}
