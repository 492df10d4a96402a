import Kernels
import ModelFile

/// What each part of a face touches of the arena, in the order in which `FaceRun` does it.
extension Plan {
  /// Accesses between barriers, from the inputs to the finished picture.
  func phases(_ model: ModelDescription, _ schedule: Schedule) -> [[Access]] {
    var phases: [[Access]] = []
    func access(_ name: String, _ body: (inout Access) -> Void) -> Access {
      var access = Access(name)
      body(&access)
      return access
    }
    var (input, output) = mapped
    phases.append([
      access("latent") {
        for face in 0..<Self.mappedAtOnce {
          $0.write(
            input + face * mappedStride, model.zDim + (model.embed == nil ? 0 : model.wDim))
        }
      }
    ])
    for (number, layer) in mapping.enumerated() {
      phases.append([
        layer.access(
          input: input, output: output, vectors: Self.mappedAtOnce, stride: mappedStride
        ).named("fc\(number)")
      ])
      swap(&input, &output)
    }
    phases.append([
      access("ws") {
        $0.read(input, model.wDim)
        $0.write(ws, model.wsCount * model.wDim)
      }
    ])
    phases.append(styles.map { $0.affineAccess })
    phases.append(styles.compactMap { $0.preparation })
    phases.append(
      styles.compactMap { job in
        job.demodulation.map { layer, squares, factors in
          layer.access(squares: squares, output: factors).named("demodulation")
        }
      })
    phases += schedule.turns.map { [schedule.access($0)] }
    // Whoever asked for planes, or the bytes made of them.
    phases.append([
      access("picture") {
        $0.read(image, model.imageChannels * model.resolution * model.resolution)
      }
    ])
    return phases
  }
}

extension Access {
  func named(_ name: String) -> Access {
    var access = self
    access.name = name
    return access
  }
}
