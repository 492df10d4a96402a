import CSystem

/// A read-only run of bytes that keeps its memory alive: a mapped file, a buffer, or a slice of one.
///
/// Slices share the memory. Every access checks its bounds and answers nil outside of them, since
/// most bytes here come from files that nobody vouches for. Numbers are little-endian.
@safe
public struct Bytes: Sendable {
  /// Keeps them where they are.
  package let owner: Memory
  private let start: Int
  public let count: Int

  /// Maps a file read-only.
  ///
  /// The mapping stays until the last slice is gone. A file that another process truncates while
  /// it is mapped ends this process with SIGBUS, as with any mapping.
  /// - Throws: `missing` or `unreadable`, also for directories; `empty` for a file of no bytes.
  public init(mapping path: String) throws(ObverseError) {
    let descriptor = unsafe path.withFileName { unsafe file_open($0) }
    guard descriptor >= 0 else { throw ObverseError.opening(path, error_number()) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      throw ObverseError.opening(path, error_number())
    }
    guard unsafe file_is_regular(&status) != 0 else {
      let isFolder = unsafe file_is_folder(&status) != 0
      throw .unreadable(
        path: path, why: isFolder ? "it is a directory" : "it is not a regular file")
    }
    guard let count = Int(exactly: status.st_size), count > 0 else { throw .empty(path: path) }
    guard let base = unsafe file_map(descriptor, count) else {
      throw ObverseError.opening(path, error_number())
    }
    owner = unsafe Memory(UnsafeMutableRawPointer(mutating: base), count: count, release: .unmap)
    start = 0
    self.count = count
  }

  /// Copies an array, which Swift allocated or ended the process; so does this.
  public init(_ array: [UInt8]) {
    unsafe self.init(expecting: array.count) { target in
      unsafe array.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }
  }

  /// Makes `count` bytes that `fill` writes once; 64-byte aligned, zero before.
  ///
  /// - Throws: `resources`; what `fill` throws.
  public init(
    count: Int, fill: (UnsafeMutableRawBufferPointer) throws(ObverseError) -> Void
  ) throws(ObverseError) {
    let memory = try Memory(byteCount: count)
    unsafe memset(memory.base, 0, count)
    self.init(owner: memory, start: 0, count: count)
    try unsafe fill(UnsafeMutableRawBufferPointer(start: memory.base, count: count))
  }

  /// The same for programs that cannot go on without them: ends the process where there is no memory.
  public init(expecting count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
    do throws(ObverseError) {
      try unsafe self.init(count: count, fill: fill)
    } catch {
      fatalError("\(error)")
    }
  }

  /// Copies memory of a caller, 64-byte aligned.
  ///
  /// - Throws: `resources`.
  @unsafe
  public init(copying memory: UnsafeRawBufferPointer) throws(ObverseError) {
    let owner = try Memory(byteCount: memory.count)
    if let source = memory.baseAddress {
      unsafe owner.base.copyMemory(from: source, byteCount: memory.count)
    }
    self.init(owner: owner, start: 0, count: memory.count)
  }

  /// Borrows memory that somebody else owns.
  ///
  /// It must stay where it is, unchanged, until the last slice is gone.
  @unsafe
  public init(borrowing memory: UnsafeRawBufferPointer) {
    // An empty buffer may have no address; nothing is read from this one.
    let base = unsafe memory.baseAddress ?? UnsafeRawPointer(bitPattern: 64)
    guard let base = unsafe base else { preconditionFailure("64 is an address") }
    owner = unsafe Memory(
      UnsafeMutableRawPointer(mutating: base), count: memory.count, release: .nothing)
    start = 0
    count = memory.count
  }

  private init(owner: Memory, start: Int, count: Int) {
    self.owner = owner
    self.start = start
    self.count = count
  }

  /// The `count` bytes from `offset`, or nil where they are not all inside.
  public func slice(at offset: Int, count: Int) -> Bytes? {
    guard offset >= 0, count >= 0, offset <= self.count, count <= self.count - offset else {
      return nil
    }
    return Bytes(owner: owner, start: start + offset, count: count)
  }

  /// The little-endian integer at `offset`, at any alignment, or nil where it is not all inside.
  public func load<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type, at offset: Int) -> T? {
    let size = MemoryLayout<T>.size
    guard offset >= 0, offset <= count, size <= count - offset else { return nil }
    return unsafe T(
      littleEndian: owner.base.loadUnaligned(fromByteOffset: start + offset, as: T.self))
  }

  /// The byte at `offset`, or nil outside.
  public subscript(offset: Int) -> UInt8? {
    guard offset >= 0, offset < count else { return nil }
    return unsafe owner.base.load(fromByteOffset: start + offset, as: UInt8.self)
  }

  /// Lends all bytes for the call.
  public func withSpan<R, E: Error>(_ body: (RawSpan) throws(E) -> R) throws(E) -> R {
    defer { withExtendedLifetime(owner) {} }
    let buffer = unsafe UnsafeRawBufferPointer(start: owner.base + start, count: count)
    return try unsafe body(buffer.bytes)
  }

  /// Lends all bytes for the call, for C functions and kernels.
  public func withUnsafeBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    defer { withExtendedLifetime(owner) {} }
    return try unsafe body(UnsafeRawBufferPointer(start: owner.base + start, count: count))
  }

  /// A copy as an array.
  public var array: [UInt8] {
    unsafe withUnsafeBytes { unsafe Array($0) }
  }

  /// Whether `other` begins here at `offset`.
  public func has(_ other: StaticString, at offset: Int = 0) -> Bool {
    guard let part = slice(at: offset, count: other.utf8CodeUnitCount) else { return false }
    return unsafe part.withUnsafeBytes { mine in
      guard let base = mine.baseAddress else { return true }
      return unsafe memcmp(base, other.utf8Start, mine.count) == 0
    }
  }
}
