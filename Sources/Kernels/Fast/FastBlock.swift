// A block: doubling, convolution and what rides on it, band by band, so that the map between them
// stays in cache.

/// What makes the map between a block's convolutions, some rows at a time.
package protocol RowSource: AnyObject, Sendable {
  /// Floats of scratch that a worker needs.
  var scratchCount: Int { get }
  /// Floats of a row of the output map.
  var outputRow: Int { get }
  /// What `run` touches for all rows.
  func access(_ at: LayerPlaces) -> Access
  /// Computes rows of the output map.
  ///
  /// A call may go on where the last one ended, if it gets what that one gave and scratch is as it was;
  /// 0 begins afresh.
  func run(
    _ arena: FloatBuffer, _ at: LayerPlaces, rows: Range<Int>, scratch: Int, continuing before: Int
  ) -> Int
}

/// The two convolutions of a block; immutable, shared by threads.
package final class FastBlock: Sendable {
  /// A worker's rows begin and end on a multiple of it.
  package static let rowMultiple = 4
  private let up: any RowSource
  private let same: any ConvLayer
  private let size: Int
  private let middleRow: Int
  /// Floats of a row of the output map.
  package let outRow: Int
  private let keepsMap: Bool
  /// Output rows done together.
  private let band: Int

  /// Joins two convolutions.
  ///
  /// Unless `keepsMap`, only as many rows of the output map exist at a time as `same` does together.
  ///
  /// - Parameters:
  ///   - up: Doubles the size, or is the filter behind what does.
  ///   - same: Follows it.
  ///   - size: Side of the output.
  ///   - middleRow: Floats of a row of the map between them.
  ///   - outRow: Floats of a row of the output map.
  ///   - keepsMap: Whether that map shall exist as a whole.
  package init(
    _ up: any RowSource, _ same: any ConvLayer, size: Int, middleRow: Int, outRow: Int,
    keepsMap: Bool
  ) {
    self.up = up
    self.same = same
    self.size = size
    self.keepsMap = keepsMap
    self.middleRow = middleRow
    self.outRow = outRow
    // Windows of 128 KB: with what both convolutions keep beside it, half of a second-level cache.
    let together = same.bandRows
    band = max(min(32768 / middleRow, 16) / together, 1) * together
  }

  private var windowCount: Int { (band + 3) * middleRow }
  private var noiseCount: Int { (band + 3) * size }
  private var outCount: Int { keepsMap ? 0 : same.bandRows * outRow }

  /// Floats of scratch that a worker needs.
  package var scratchCount: Int {
    up.scratchCount + same.scratchCount + windowCount + 2 * noiseCount + outCount
  }

  /// What `run` touches for all rows: the places of one convolution, then those of the other.
  package func access(_ atUp: LayerPlaces, _ atSame: LayerPlaces) -> Access {
    var access = Access("")
    let (first, second) = (up.access(atUp), same.access(atSame))
    // The map between lies in scratch, and the output too unless it is kept.
    access.reads = first.reads + second.reads.dropFirst()
    access.writes = keepsMap ? second.writes : []
    access.scratch = scratchCount
    access.joints = first.joints + second.joints
    access.join("window", has: middleRow, needs: max(up.outputRow, same.inputRow))
    access.join("output rows", has: outRow, needs: same.outputRow)
    return access
  }

  /// Noise that a worker draws for the rows it does.
  package struct Draw {
    package let seed: UInt32
    package let layer: Int

    package init(seed: UInt32, layer: Int) {
      self.seed = seed
      self.layer = layer
    }
  }

  /// Computes rows of the output map.
  ///
  /// `after` sees some rows at a time while they are in cache, and the place where the map begins, or
  /// would begin if it were kept.
  package func run(
    _ arena: FloatBuffer, _ atUp: LayerPlaces, _ atSame: LayerPlaces, drawUp: Draw?,
    drawSame: Draw?, rows: Range<Int>, scratch: Int, after: (Range<Int>, Int) -> Void
  ) {
    let upScratch = scratch
    let sameScratch = upScratch + up.scratchCount
    let window = sameScratch + same.scratchCount
    let upNoise = window + windowCount
    let sameNoise = upNoise + noiseCount
    let out = sameNoise + noiseCount
    var (atUp, atSame) = (atUp, atSame)
    // Rows of the map between: the window holds `held`.
    var held = max(rows.lowerBound - 1, 0)..<max(rows.lowerBound - 1, 0)
    var before = 0
    for first in stride(from: rows.lowerBound, to: rows.upperBound, by: band) {
      let last = min(first + band, rows.upperBound)
      let kept = max(first - 1, 0)..<held.upperBound
      if kept.lowerBound > held.lowerBound {
        let target = arena.base + window
        target.update(
          from: target + (kept.lowerBound - held.lowerBound) * middleRow,
          count: kept.count * middleRow)
      }
      let new = kept.upperBound..<min(last + 1, size)
      atUp.output = window - kept.lowerBound * middleRow
      if let drawUp {
        atUp.drawnNoise = fill(arena, upNoise, new, drawUp)
      }
      before = up.run(arena, atUp, rows: new, scratch: upScratch, continuing: before)
      held = kept.lowerBound..<new.upperBound
      atSame.input = atUp.output
      if let drawSame {
        atSame.drawnNoise = fill(arena, sameNoise, first..<last, drawSame)
      }
      for start in stride(from: first, to: last, by: same.bandRows) {
        if !keepsMap { atSame.output = out - start * outRow }
        same.run(
          arena, atSame, rows: start..<min(start + same.bandRows, last), scratch: sameScratch
        ) { rows in after(rows, atSame.output) }
      }
    }
  }

  /// Draws rows of a plane to `place`; gives where the plane would begin.
  private func fill(_ arena: FloatBuffer, _ place: Int, _ rows: Range<Int>, _ draw: Draw) -> Int {
    let plane = place - rows.lowerBound * size
    DrawnNoise.fill(arena, at: plane, size: size, rows: rows, seed: draw.seed, layer: draw.layer)
    return plane
  }
}
