// layers < SHAPES.txt: what `layers` counts. Prints a line for each layer of a list of shapes and each algorithm that
// can take it, and calls getppid before and after doing it, which plugin.c hears.

import CSystem
import Core
import Kernels

@main struct Layers {
  static func main() throws(ObverseError) {
    guard let shapes = Shape.list(path: "/dev/stdin") else {
      print("layers: no list of shapes comes from standard input")
      exit(64)
    }
    for shape in shapes {
      for (name, run) in try layers(shape, Fast(.best)) {
        print(
          "\(shape.kind.rawValue) \(shape.inputs) \(shape.outputs) \(shape.size) \(name) \(shape.macs)"
        )
        _ = getppid()
        run()
        _ = getppid()
      }
    }
  }
}
