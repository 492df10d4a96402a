/// What one part of a face touches of a generator's arena, in floats: a claim to be proved before
/// anything runs, since kernels check nothing.
///
/// A range may be larger than what a kernel touches of it, never smaller.
package struct Access: Sendable {
  /// The layers that it is of.
  package var name: String
  /// Counts the steps, where several accesses make one map; nil for an access that makes its own.
  package var step: Int?
  /// Read by any worker; written by no one meanwhile.
  package var reads: [Range<Int>] = []
  /// Written whole, each float by one worker, who alone may read it meanwhile.
  package var writes: [Range<Int>] = []
  /// Floats of scratch that each worker needs.
  package var scratch = 0
  /// Lengths that must agree where no range of the arena shows it: what there is, and what is read.
  package var joints: [Joint] = []

  /// A length that two sides must agree on.
  package struct Joint: Sendable {
    package let what: String
    package let has: Int
    package let needs: Int
  }

  package init(_ name: String) {
    self.name = name
  }

  /// Claims `count` floats from `place`.
  package mutating func read(_ place: Int, _ count: Int) {
    reads.append(place..<(place + max(count, 0)))
  }

  /// Claims `count` floats from `place`.
  package mutating func write(_ place: Int, _ count: Int) {
    writes.append(place..<(place + max(count, 0)))
  }

  /// Adds what rides on the same rows, with scratch of its own.
  package mutating func add(_ other: Access) {
    reads += other.reads
    writes += other.writes
    scratch += other.scratch
    joints += other.joints
  }

  /// Says that `needs` floats are read of `has`.
  package mutating func join(_ what: String, has: Int, needs: Int) {
    joints.append(Joint(what: what, has: has, needs: needs))
  }
}

extension LayerPlaces {
  /// What a layer touches that begins with a map of `input` floats and a style of `style`.
  func access(input: Int, style: Int, output: Int, scratch: Int) -> Access {
    var access = Access("")
    access.read(self.input, input)
    access.read(self.style, style)
    access.write(self.output, output)
    access.scratch = scratch
    return access
  }

  /// Adds what `Finish` reads: `channels` factors and a stored plane of `size` by `size`.
  func finish(_ access: inout Access, channels: Int, size: Int) {
    access.read(factors, channels)
    finish(&access, size: size)
  }

  /// The same of a layer whose factors are its own.
  func finish(_ access: inout Access, size: Int) {
    if let noise { access.join("noise", has: noise.count, needs: size * size) }
  }
}
