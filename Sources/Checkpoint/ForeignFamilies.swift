// The one file of this room that knows names of networks: those that look like ours and are not.

import Core

/// A family of networks that no converter here reads, and how it is known.
///
/// README.md lists them all; a test holds it to `all`.
package struct ForeignFamily: Sendable {
  /// What only this family has.
  enum Sign: Sendable {
    /// A part of a tensor's dotted name, from the beginning of one of its words.
    case tensor(String)
    /// A module of this class at the end of a dotted path.
    case module(String, at: String)
    /// A name that a pickle asks for.
    case global(String)
  }

  package let name: String
  let signs: [Sign]
  /// What follows "it is of"; `of` is left out where a whole pickle is meant.
  package let why: String
  let hint: String?

  package static let all: [ForeignFamily] = [
    ForeignFamily(
      name: "StyleGAN3",
      // Without modules its tensors tell: it draws from Fourier features, which have no weights.
      signs: [
        .module("SynthesisInput", at: "synthesis.input"), .tensor("synthesis.input.freqs"),
      ],
      why: "a StyleGAN3 network, and only StyleGAN2 is read here",
      hint: "take a network that was trained with --cfg=stylegan2"),
    ForeignFamily(
      name: "StyleGAN1",
      signs: [
        .tensor("StyleMod."), .tensor("adain1.style."), .tensor("g_synthesis.blocks.4x4."),
      ],
      why: "a StyleGAN1 network, and only StyleGAN2 is read here", hint: nil),
    ForeignFamily(
      name: "Progressive GAN", signs: [.global("tfutil.Network")],
      why: "a Progressive GAN of 2017, and only StyleGAN2 is read here", hint: nil),
    ForeignFamily(
      name: "GET3D", signs: [.tensor("tri_plane_synthesis."), .tensor("mapping_geo.")],
      why: "GET3D, whose StyleGAN2 layers draw planes of a 3D shape and no pictures", hint: nil),
    ForeignFamily(
      name: "EG3D", signs: [.tensor("backbone.synthesis.")],
      why: "EG3D, whose StyleGAN2 layers draw planes of a 3D scene and no pictures", hint: nil),
    ForeignFamily(
      name: "GFPGAN", signs: [.tensor("stylegan_decoder.")],
      why: "GFPGAN, whose StyleGAN2 layers restore photographs", hint: nil),
    ForeignFamily(
      name: "SWAGAN", signs: [.tensor("iwt.ll")],
      why: "SWAGAN, whose StyleGAN2 layers draw wavelets", hint: nil),
    ForeignFamily(
      name: "GenForce", signs: [.tensor("synthesis.early_layer.const")],
      why: "GenForce's StyleGAN2, whose names and layouts are not read",
      hint: "take the network that it was converted from"),
    ForeignFamily(
      name: "lucidrains", signs: [.tensor("G.blocks.0.to_style1.weight")],
      why: "lucidrains' stylegan2-pytorch, a network of another architecture", hint: nil),
  ]
}

extension CheckpointFile {
  /// Refuses networks of families that no converter here reads, by their names.
  ///
  /// - Throws: `inFile` with `unsupported`, and a hint.
  public func refuseForeignFamilies() throws(ObverseError) {
    for family in ForeignFamily.all {
      for sign in family.signs {
        guard let found = find(sign) else { continue }
        throw ObverseError.unsupported(
          what: found, why: "it is \(found == "pickle" ? "" : "of ")\(family.why)",
          hint: family.hint
        ).inFile(path)
      }
    }
  }

  /// Where the file has a sign, in words.
  private func find(_ sign: ForeignFamily.Sign) -> String? {
    switch sign {
    case .tensor(let part):
      return tensors.first { $0.name[...].hasWords(part) }.map { "tensor \($0.name)" }
    case .module(let className, let ending):
      let isThere = modules.contains { name, found in
        found == className && (name == ending || name.hasSuffix(".\(ending)"))
      }
      return isThere ? "pickle" : nil
    case .global(let name): return pickleNames.contains { $0.name == name } ? "pickle" : nil
    }
  }
}

extension Substring {
  /// Whether these words stand in a dotted name, from the beginning of one of its own.
  ///
  /// By bytes: files may have very many names, and they are asked for often.
  package func hasWords(_ words: String) -> Bool {
    let name = utf8Span.span
    let wanted = words.utf8Span.span
    var start = 0
    while start + wanted.count <= name.count {
      var same = 0
      while same < wanted.count, name[start + same] == wanted[same] { same += 1 }
      if same == wanted.count { return true }
      while start < name.count, name[start] != UInt8(ascii: ".") { start += 1 }
      start += 1
    }
    return false
  }
}
