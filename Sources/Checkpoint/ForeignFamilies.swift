// The one file of this room that knows names of networks: those that look like ours and are not.

import Core

extension CheckpointFile {
  /// Refuses networks of families that no converter here reads, by their names.
  ///
  /// - Throws: `inFile` with `unsupported`, and a hint.
  public func refuseForeignFamilies() throws(ObverseError) {
    if pickleNames.contains(where: { $0.name.hasPrefix("dnnlib.tflib.") }) {
      throw ObverseError.unsupported(
        what: "pickle",
        why: "it is a TensorFlow network of 2019/20, whose layers are not read here",
        hint: "convert it with legacy.py of NVlabs' stylegan2-ada-pytorch first:"
          + " python legacy.py --source=\(path) --dest=network.pkl"
      ).inFile(path)
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
