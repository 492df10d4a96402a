import Core
import Networks
import Torch

/// The terms of CAGC that compare a student's image with its teacher's, which StyleKD and ITGC share.
///
/// Source: Liu et al. 2021, arXiv:2104.02244, section 3.3.
struct ImageTerms {
  let pixelWeight: Double
  let perceptualWeight: Double
  let lpips: LPIPS?
  let parser: FaceParser?

  /// Between images `[N, 3, S, S]` of the same latents; the teacher's are not differentiated.
  func terms(student: Tensor, teacher: Tensor) -> [Term] {
    terms(student: student, teacher: teacher, mask: parser?.mask(teacher))
  }

  /// Where `mask [N, 1, S, S]` is 0, both images are.
  func terms(student: Tensor, teacher: Tensor, mask: Tensor?) -> [Term] {
    let (mine, theirs) = mask.map { (student * $0, teacher * $0) } ?? (student, teacher)
    var terms: [Term] = []
    if pixelWeight > 0 {
      terms.append(Term(name: "pixel", value: (mine - theirs).magnitude.mean, weight: pixelWeight))
    }
    if let lpips, perceptualWeight > 0 {
      let (a, b) = (atMost256(mine), atMost256(theirs))
      terms.append(Term(name: "lpips", value: lpips(a, b), weight: perceptualWeight))
    }
    return terms
  }
}

/// Images above 256 px averaged down to that, as perceptual losses see them.
func atMost256(_ images: Tensor) -> Tensor {
  let side = images.shape[2]
  return side > 256 ? images.averagePooled(side / 256) : images
}

/// CAGC: content-aware distillation.
struct CAGC: Method {
  let teacher: Generator
  let imageTerms: ImageTerms

  func generatorTerms(_ drawing: Drawing) -> [Term] {
    let theirs = Torch.withoutGradients {
      teacher.synthesis(drawing.latents.ws(of: teacher), noise: .random)
    }
    return imageTerms.terms(student: drawing.images, teacher: theirs)
  }
}
