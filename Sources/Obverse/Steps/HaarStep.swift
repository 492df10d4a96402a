import Kernels

/// An inverse Haar transform, and where its styles are.
struct HaarPart: Sendable {
  /// Such as `b64.up`.
  let name: String
  let kernel: FastHaar
  /// Side of the map in front of it.
  let size: Int
  /// Place of the style in front of it, in Haar slots.
  let up: Int
  /// Place of the style behind it.
  let style: Int

  var part: StepPart { StepPart(layer: name, role: .inverseHaar) }

  /// What rows of the map touch, apart from the map.
  func access(to target: MapRows, rows: Range<Int>) -> Access {
    kernel.access(up: up, style: style, output: target, rows: rows)
  }

  /// Makes two rows of row `y`, which lies at `source`.
  func run(_ arena: FloatBuffer, source: Int, y: Int, to target: MapRows) {
    kernel.run(arena, source: source, y: y, up: up, style: style, output: target)
  }
}

/// The inverse Haar transform of a whole map.
final class HaarStep: Step {
  private let haar: HaarPart
  private let map: Int
  private let target: MapRows

  init(_ haar: HaarPart, from map: Int, to target: MapRows) {
    self.haar = haar
    self.map = map
    self.target = target
  }

  var parts: [StepPart] { [haar.part] }
  /// Rows of the map.
  var rows: Int { haar.size }

  func access(rows: Range<Int>) -> Access {
    var access = Access("")
    access.read(map, haar.size * haar.kernel.inputRow)
    access.add(haar.access(to: target, rows: rows))
    return access
  }

  func run(_ face: Face, rows: Range<Int>, scratch: Int) {
    for y in rows {
      haar.run(face.arena, source: map + y * haar.kernel.inputRow, y: y, to: target)
    }
  }
}
