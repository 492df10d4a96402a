// The kernels of one instruction set are the files of this folder; each per-CPU room is a link to it, and
// differs in compiler flags alone.
//
// Only pointers, Int, SIMD and InlineArray are used: generic code of the standard library that is
// specialised here could replace the baseline copy of the whole program.

import KernelSet

/// The kernels of this room.
///
/// All that other rooms see of it. What they saw more of, Embedded Swift would compile once more for them, with
/// their flags: for any processor.
@export(interface)
public func kernels() -> any KernelSet {
  Vectorized()
}

/// The kernels of one instruction set; `KernelSet` says what each does.
final class Vectorized: KernelSet {
  var lanes: Int { Vector.scalarCount }
}
