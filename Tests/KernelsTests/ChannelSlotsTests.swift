import Kernels
import Testing

struct ChannelSlotsTests {
  @Test func padsAtTheEnd() {
    #expect(ChannelSlots.plain(3, lanes: 4).channels == [0, 1, 2, -1])
    #expect(ChannelSlots.plain(4, lanes: 4).channels == [0, 1, 2, 3])
    #expect(ChannelSlots.plain(5, lanes: 4).channels == [0, 1, 2, 3, 4, -1, -1, -1])
  }

  /// The low-pass of a channel and its three details share a lane.
  @Test func keepsTheBandsOfAChannelInALane() {
    #expect(
      ChannelSlots.haar(8, lanes: 4).channels == [
        0, 1, -1, -1, 2, 5, -1, -1, 3, 6, -1, -1, 4, 7, -1, -1,
      ])
  }

  @Test func spreadsValues() {
    let slots = ChannelSlots.haar(4, lanes: 2)
    #expect(slots.count == 8)
    #expect(slots.spread([5, 6, 7, 8], rest: 1) == [5, 1, 6, 1, 7, 1, 8, 1])
    #expect(slots.spread([5, 6, 7, 8]) == [5, 0, 6, 0, 7, 0, 8, 0])
  }
}
