import CLI
import Testing

/// The pace of `walk --realtime`, by a clock that the test moves.
struct PaceTests {
  private final class TestTime: Timekeeper {
    var now: UInt64
    private(set) var sleeps: [UInt64] = []

    init(_ now: UInt64) { self.now = now }

    func sleep(until moment: UInt64) {
      sleeps.append(moment)
      now = max(now, moment)
    }
  }

  /// Goes through `count` frames, each of which takes as long as `cost` says, in milliseconds, as
  /// `walk` does; gives the frames that were drawn.
  private func draw(
    _ count: Int, at rate: String, _ time: TestTime, _ cost: (Int) -> UInt64
  ) throws -> [Int] {
    var pace = Pace(try FrameRate(rate), time)
    var drawn: [Int] = []
    for frame in 0..<count where !pace.isLate(frame) {
      time.now += cost(frame) * 1_000_000
      try pace.wait(for: frame)
      drawn.append(frame)
    }
    return drawn
  }

  @Test func waitsForEachFrameWhereItCan() throws {
    let time = TestTime(5_000_000_000)
    #expect(try draw(4, at: "100", time) { _ in 3 } == [0, 1, 2, 3])
    // The first frame is ready after 3 ms, and the others follow by 10 ms each.
    #expect(time.sleeps == [5_013_000_000, 5_023_000_000, 5_033_000_000])
  }

  @Test func dropsFramesThatComeTooLate() throws {
    // A frame each 10 ms that takes 25 ms: frame 1 is out at 25, when 2 is over and 3 has begun.
    let time = TestTime(0)
    #expect(try draw(8, at: "100", time) { _ in 25 } == [0, 1, 2, 5, 7])
    // One slow frame costs those after it, and no more.
    let once = TestTime(0)
    #expect(try draw(8, at: "100", once) { $0 == 3 ? 35 : 1 } == [0, 1, 2, 3, 5, 6, 7])
    #expect(once.now == 71_000_000)
  }

  @Test func neverDropsTheFirst() throws {
    #expect(try draw(3, at: "1000000", TestTime(9)) { _ in 900 } == [0, 1])
  }

  @Test func isLateWhenTheNextFrameIsDue() throws {
    let time = TestTime(1_000_000_000)
    var pace = Pace(try FrameRate("100"), time)
    try pace.wait(for: 0)
    time.now = 1_029_999_999
    #expect(!pace.isLate(2))
    time.now = 1_030_000_000
    #expect(pace.isLate(2))
  }
}

struct FrameRateTests {
  @Test(arguments: [
    ("60", 60, 1), ("1", 1, 1), ("23.976", 24000, 1001), ("23.98", 24000, 1001),
    ("29.97", 30000, 1001), ("59.94", 60000, 1001), ("119.88", 120_000, 1001), ("24.0", 24, 1),
    ("12.5", 25, 2), ("30000/1001", 30000, 1001), ("50/2", 25, 1), ("0.5", 1, 2),
    ("1000000", 1_000_000, 1), ("1/1000", 1, 1000), ("25.000", 25, 1),
  ])
  func readsWhatPeopleWrite(text: String, frames: Int, seconds: Int) throws {
    let rate = try FrameRate(text)
    #expect(rate.frames == frames && rate.seconds == seconds)
  }

  @Test(arguments: [
    "", "0", "-24", "24fps", "1/0", "0/1", "1/2/3", "24.", ".5", "1e3", "nan", "1000001", "1/1001",
    "24.0000000", "99999999999999999999", "24 / 1",
  ])
  func refusesWhatIsNoRate(text: String) {
    #expect(throws: (any Error).self) { try FrameRate(text) }
  }

  @Test func countsNanosecondsExactly() throws {
    let film = try FrameRate("24000/1001")
    #expect(film.nanoseconds(24000) == 1_001_000_000_000)
    #expect(film.nanoseconds(1) == 41_708_333)
    // The longest walk at the oddest rate that can be written.
    #expect(
      try FrameRate("9999991/9999999").nanoseconds(10_000_000_000) == 10_000_008_000_007_200_006)
    #expect(try FrameRate("999999.999999").nanoseconds(10_000_000_000) > 9_999_000_000_000)
  }
}
