// The vector of one instruction set, and what all kernels do with it.

import CKernels

#if WIDE16
typealias Vector = SIMD16<Float>
#elseif WIDE8
typealias Vector = SIMD8<Float>
#else
typealias Vector = SIMD4<Float>
#endif

typealias Floats = UnsafePointer<Float>
typealias MutableFloats = UnsafeMutablePointer<Float>

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
func multiplyAdd(_ a: Vector, _ b: Float, _ c: Vector) -> Vector {
  multiplyAdd(a, Vector(repeating: b), c)
}

/// Four numbers to multiply by, in one register.
///
/// NEON multiplies by a lane; what the compiler knows it would give a register each, and Winograd's
/// transforms have none left.
@inline(__always)
func factors(_ a: Float, _ b: Float, _ c: Float, _ d: Float = 0) -> SIMD4<Float> {
  var numbers = SIMD4(a, b, c, d)
  #if arch(arm64)
  forget(&numbers)
  #endif
  return numbers
}

/// The same vector, for which registers are set aside from here on.
///
/// Winograd's transforms just fit NEON's: the compiler may not put off what it needs many others for.
@inline(__always)
func settled(_ v: Vector) -> Vector {
  #if arch(arm64) && !WIDE8 && !WIDE16
  return settled_4(v)
  #else
  return v
  #endif
}

/// The same vector, computed where this stands.
///
/// The compiler has more loads and products of a tile under way than AVX2's 16 registers hold. The processor
/// puts them in an order of its own all the same.
@inline(__always)
func inOrder(_ v: Vector) -> Vector {
  #if WIDE8
  return settled_8(v)
  #else
  return v
  #endif
}

/// The lanes' sum, in pairs, the same order on every instruction set with as many lanes.
@inline(__always)
func total(_ v: Vector) -> Float {
  #if WIDE16
  let eight = v.lowHalf + v.highHalf
  let four = eight.lowHalf + eight.highHalf
  #elseif WIDE8
  let four = v.lowHalf + v.highHalf
  #else
  let four = v
  #endif
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

@inline(__always)
func clamped(_ v: Vector, _ limit: Vector) -> Vector {
  let raised = v.replacing(with: -limit, where: v .< -limit)
  return raised.replacing(with: limit, where: raised .> limit)
}

#if WIDE8 || WIDE16 || arch(arm64)
/// A vector of half floats, as floats.
@inline(__always)
func widened(_ p: UnsafePointer<UInt16>) -> Vector {
  var v = Vector.zero
  #if WIDE16
  widen_halves_16(p, &v)
  #elseif WIDE8
  widen_halves_8(p, &v)
  #else
  widen_halves_4(p, &v)
  #endif
  return v
}
#endif

/// A vector of signed bytes, as floats.
@inline(__always)
func widened(_ p: UnsafePointer<Int8>) -> Vector {
  var v = Vector.zero
  #if WIDE16
  widen_bytes_16(p, &v)
  #elseif WIDE8
  widen_bytes_8(p, &v)
  #else
  widen_bytes_4(p, &v)
  #endif
  return v
}

#if WIDE16
/// Rounds a vector to bfloat16: lanes / 2 words.
@inline(__always)
func storeNarrow(_ v: Vector, _ p: MutableFloats) {
  var v = v
  narrow_bfloats_16(&v, p)
}

/// `c` and the two products of each pair of bfloat16 in `a` and `b`; the second of a pair is added first.
@inline(__always)
func addPairProducts(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  var (a, b, c) = (a, b, c)
  add_pair_products_16(&a, &b, &c)
  return c
}
#endif
