// One source for all instruction sets: the other per-CPU targets link to these files and differ in
// compiler flags alone. Only pointers, Int, SIMD and InlineArray are used, since generic code of the
// standard library that is specialised here could replace the baseline copy of the whole program.

#if WIDE16
@usableFromInline typealias Vector = SIMD16<Float>
#elseif WIDE8
@usableFromInline typealias Vector = SIMD8<Float>
#else
@usableFromInline typealias Vector = SIMD4<Float>
#endif

@usableFromInline typealias Floats = UnsafePointer<Float>
@usableFromInline typealias MutableFloats = UnsafeMutablePointer<Float>

/// The kernels of one instruction set.
public enum Vectorized {
  /// Floats of a vector; every channel count is padded to a multiple of it.
  public static var lanes: Int { Vector.scalarCount }
}

@inline(__always)
func load(_ p: Floats) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}

@inline(__always)
func load(_ p: MutableFloats) -> Vector {
  UnsafeRawPointer(p).loadUnaligned(as: Vector.self)
}

@inline(__always)
func store(_ v: Vector, _ p: MutableFloats) {
  UnsafeMutableRawPointer(p).storeBytes(of: v, as: Vector.self)
}

/// `a * b + c`, fused where the processor can: without FMA instructions `addingProduct` would call
/// a library function for each lane.
@inline(__always)
func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  #if WIDE8 || WIDE16 || arch(arm64)
  return c.addingProduct(a, b)
  #else
  return c + a * b
  #endif
}

@inline(__always)
func clamped(_ v: Vector, _ low: Vector, _ high: Vector) -> Vector {
  let raised = v.replacing(with: low, where: v .< low)
  return raised.replacing(with: high, where: raised .> high)
}
