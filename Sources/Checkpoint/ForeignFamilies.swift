// The one file of this room that knows names of networks: those that look like ours and are not.

import Core

extension CheckpointFile {
  /// Refuses networks of families that no converter here reads, by their names.
  ///
  /// - Throws: `inFile` with `unsupported`, and a hint.
  public func refuseForeignFamilies() throws(ObverseError) {
    func refuse(_ what: String, _ why: String, _ hint: String? = nil) -> ObverseError {
      .unsupported(what: what, why: why, hint: hint).inFile(path)
    }
    if let style = tensors.first(where: { $0.name.contains(".StyleMod.") }) {
      throw refuse(
        "tensor \(style.name)",
        "it is of a StyleGAN1 network of TensorFlow, and only StyleGAN2 is read here")
    }
    if pickleNames.contains(where: { $0.name == "tfutil.Network" }) {
      throw refuse("pickle", "it is a Progressive GAN of 2017, and only StyleGAN2 is read here")
    }
    if let plane = tensors.first(where: {
      $0.name.contains("tri_plane_synthesis.") || $0.name.hasPrefix("mapping_geo.")
        || $0.name.contains(".mapping_geo.")
    }) {
      throw refuse(
        "tensor \(plane.name)",
        "it is of GET3D, whose StyleGAN2 layers draw planes of a 3D shape and no pictures")
    }
    if let plane = tensors.first(where: {
      $0.name.hasPrefix("backbone.synthesis.") || $0.name.contains(".backbone.synthesis.")
    }) {
      throw refuse(
        "tensor \(plane.name)",
        "it is of EG3D, whose StyleGAN2 layers draw planes of a 3D scene and no pictures")
    }
    if let step = tensors.first(where: {
      $0.name.hasPrefix("progression.") || $0.name.contains(".progression.")
    }), tensors.contains(where: { $0.name.contains("adain1.style.") }) {
      throw refuse(
        "tensor \(step.name)", "it is of a StyleGAN1 network, and only StyleGAN2 is read here")
    }
    let isThird = modules.contains { name, className in
      className == "SynthesisInput"
        && (name == "synthesis.input" || name.hasSuffix(".synthesis.input"))
    }
    // Without modules its tensors tell: StyleGAN3 draws from Fourier features, which have no weights.
    let feature = tensors.first { name, _ in
      name == "synthesis.input.freqs" || name.hasSuffix(".synthesis.input.freqs")
    }
    if isThird || feature != nil {
      throw ObverseError.unsupported(
        what: isThird ? "pickle" : "tensor \(feature?.name ?? "")",
        why: "it is \(isThird ? "" : "of ")a StyleGAN3 network, and only StyleGAN2 is read here",
        hint: "take a network that was trained with --cfg=stylegan2"
      ).inFile(path)
    }
  }
}
