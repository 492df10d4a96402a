import CTorch
import Glibc

/// The processes that train one network together, as one of them sees them.
///
/// All make the same calls in the same order, from one thread; a call ends when all have made it. When
/// one of them goes before its work is done, so do the others, each with a sentence: whatever they had
/// computed since the last state would be worth nothing.
public final class Processes {
  /// This one's number, from 0.
  ///
  /// What only one process must do, 0 does.
  public let rank: Int
  public let count: Int
  private var handle: OpaquePointer?

  /// How long one may be silent; torchrun gives a machine as long.
  private static let patience = Duration.seconds(15)

  /// Why the others could not be met.
  public struct JoinFailure: Error {
    public let why: String
  }

  /// Meets the others, who may come later.
  ///
  /// - Parameters:
  ///   - host: Where all meet.
  ///   - port: The same for all.
  ///   - rank: Number of this process.
  ///   - count: How many they are.
  ///   - hosts: Whether the place is opened here; else another process does.
  ///   - seconds: How long the others may take to come.
  /// - Throws: What LibTorch says, in its words.
  public init(
    host: String, port: UInt16, rank: Int, count: Int, hosts: Bool, within seconds: Int = 300
  ) throws(JoinFailure) {
    precondition((0..<count).contains(rank), "process \(rank) of \(count)")
    (self.rank, self.count) = (rank, count)
    let error = ct_join(
      host, port, Int32(rank), Int32(count), hosts, Int64(seconds) * 1000,
      Self.patience.components.seconds * 1000,
      { sentence in Processes.end(sentence.map { String(cString: $0) } ?? "") }, &handle)
    if let error {
      let text = String(cString: error).split(separator: "\n").first.map(String.init) ?? ""
      ct_free_error(error)
      throw JoinFailure(why: text)
    }
  }

  /// The mean of each tensor over all processes; all get the same bits.
  public func averaged(_ tensors: [Tensor]) -> [Tensor] { over(tensors, mean: true) }

  /// A number of each process as `[count]`, by rank and unrounded.
  public func gathered(_ scalar: Tensor) -> Tensor {
    let own = Tensor.values(
      (0..<count).map { $0 == rank ? 1 : 0 }, [count], on: scalar.device)
    return over([own * scalar], mean: false)[0]
  }

  /// Whether it is true in any of them.
  public func any(_ isTrue: Bool) -> Bool {
    over([.full(isTrue ? 1 : 0, [])], mean: false)[0].item > 0
  }

  /// Overwrites the tensors with those of rank 0, in place and unrecorded.
  public func copyFirst(to tensors: [Tensor]) {
    Tensor.lend(tensors) { Self.check(ct_broadcast(handle, $0, Int32(tensors.count))) }
  }

  /// Whether all have the numbers that rank 0 has.
  public func agree(on tensor: Tensor) -> Bool {
    let first = tensor * 1
    copyFirst(to: [first])
    return !any(first.floats != tensor.floats)
  }

  /// Takes leave, once.
  ///
  /// - Parameter isDone: Whether all went well; if not, the others end too.
  public func leave(isDone: Bool) {
    guard let handle else { return }
    ct_leave(handle, isDone)
    self.handle = nil
  }

  private func over(_ tensors: [Tensor], mean: Bool) -> [Tensor] {
    Tensor.lend(tensors) { lent in
      Tensor.made(tensors.count) { results in
        let error = ct_sum_over(handle, lent, Int32(tensors.count), mean, results)
        Self.check(error)
        return nil
      }
    }
  }

  /// A sum that does not come about is the others' end, if not our mistake.
  private static func check(_ error: ct_error?) {
    guard let error else { return }
    end(String(cString: error).split(separator: "\n").first.map(String.init) ?? "")
  }

  /// Says once why the run is over, and ends the program: nobody will answer any more.
  private static func end(_ why: String) -> Never {
    let text = """
      obverse-train: error: \(why); what was saved before stays
      hint: --resume goes on from the last state

      """
    // Two threads may notice; the second one waits here for the end.
    pthread_mutex_lock(&Self.ending)
    _ = text.withCString { write(2, $0, strlen($0)) }
    // Without the farewells of libraries, which might wait for the others.
    _exit(71)
  }

  nonisolated(unsafe) private static var ending = pthread_mutex_t()
}
