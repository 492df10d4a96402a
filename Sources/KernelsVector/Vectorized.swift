// The kernels of one instruction set are the files of this folder; each per-CPU room is a link to it, and
// differs in compiler flags alone.
//
// Only pointers, Int, SIMD and InlineArray are used: generic code of the standard library that is
// specialised here could replace the baseline copy of the whole program.

import KernelSet

/// The kernels of one instruction set; `KernelSet` says what each does.
public final class Vectorized: KernelSet {
  public init() {}

  public var lanes: Int { Vector.scalarCount }
}
