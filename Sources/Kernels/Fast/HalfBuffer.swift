/// Half floats borrowed from a file's mapping; nothing writes them.
package final class HalfBuffer: @unchecked Sendable {
  let base: UnsafePointer<UInt16>
  let count: Int
  private let owner: any Sendable

  /// Borrows them in place, valid as long as `owner` lives; there is at least one.
  package init(borrowing bytes: UnsafeRawBufferPointer, owner: any Sendable) {
    guard let first = bytes.baseAddress else { preconditionFailure("no halves to borrow") }
    count = bytes.count / 2
    self.owner = owner
    base = first.assumingMemoryBound(to: UInt16.self)
  }
}
