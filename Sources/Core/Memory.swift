import CSystem

/// Memory that lives as long as somebody holds it: allocated, mapped from a file, or lent.
///
/// The one place that allocates what a file or a caller decides the size of, by a call that can fail.
/// What Swift allocates by itself ends the process where there is none, so that is left to things that
/// are small whatever a file says; `expectRoom` asks for those.
@safe
package final class Memory: @unchecked Sendable {
  /// How it is given back.
  enum Release { case unmap, free, nothing }

  package let base: UnsafeMutableRawPointer
  package let count: Int
  private let release: Release
  /// What the system gave, which may begin before `base`.
  private let allocated: UnsafeMutableRawPointer

  /// More than Swift allocates for the names, tables, layers and short texts of a model, and for the
  /// objects of a generator: a file has 16 blocks, 64 mapping layers and 256 facts at most.
  package static let small = 4 << 20

  /// Large blocks ask for pages of this size.
  ///
  /// Layers walk through megabytes, and the processor's table of pages holds few thousand small
  /// ones, some 10 MB. Below that nothing was gained (Benchmarks/LOG.md).
  private static let hugePage = 2 << 20

  /// Allocates at a 64-byte boundary; what is in it nobody knows.
  ///
  /// - Throws: `resources`.
  package init(byteCount count: Int) throws(ObverseError) {
    let isLarge = count >= 4 * Self.hugePage
    var allocated: UnsafeMutableRawPointer?
    guard count >= 0,
      unsafe posix_memalign(&allocated, isLarge ? Self.hugePage : 64, max(count, 64)) == 0,
      let base = unsafe allocated
    else { throw Self.none(count) }
    // Before the first touch, so that no small page is there yet; where it fails, small ones do.
    if isLarge { unsafe memory_prefer_large_pages(base, count) }
    unsafe self.base = unsafe base
    unsafe self.allocated = unsafe base
    self.count = count
    release = .free
  }

  /// Allocates zeros at a 64-byte boundary.
  ///
  /// Of large ones the system gives pages that are zero already, each when it is first touched: what is
  /// never touched costs nothing.
  ///
  /// - Throws: `resources`.
  package init(zeros count: Int) throws(ObverseError) {
    let isLarge = count >= 4 * Self.hugePage
    let alignment = isLarge ? Self.hugePage : 64
    guard count >= 0, count < Int.max - alignment,
      let allocated = unsafe calloc(count + alignment, 1)
    else { throw Self.none(count) }
    let base = unsafe allocated.alignedUp(toMultipleOf: alignment)
    if isLarge { unsafe memory_prefer_large_pages(base, count) }
    unsafe self.base = unsafe base
    unsafe self.allocated = unsafe allocated
    self.count = count
    release = .free
  }

  /// Takes what somebody else made.
  init(_ base: UnsafeMutableRawPointer, count: Int, release: Release) {
    unsafe self.base = unsafe base
    unsafe self.allocated = unsafe base
    self.count = count
    self.release = release
  }

  deinit {
    switch release {
    case .unmap: unsafe memory_unmap(base, count)
    case .free: unsafe CSystem.free(allocated)
    case .nothing: break
    }
  }

  /// Lets the system take back the pages of a mapped file; nothing for other memory.
  ///
  /// Whoever reads them gets them from the file again.
  package func forgetPages() {
    if release == .unmap { unsafe memory_forget(base, count) }
  }

  /// Asks whether the system would give so many bytes more; to be done before Swift allocates them.
  ///
  /// Another thread may take them in between.
  /// - Throws: `resources`.
  package static func expectRoom(for count: Int) throws(ObverseError) {
    // An allocator takes a page, or a megabyte, beside what it is asked for.
    guard count < Int.max - (1 << 20), memory_can_be_had(count + (1 << 20)) != 0 else {
      throw none(count)
    }
  }

  private static func none(_ count: Int) -> ObverseError {
    .resources("there is no memory for another \(count) bytes")
  }
}
