import Testing
import Torch

@testable import Training

@Suite(.serialized)
struct DeviceCheckTests {
  /// A device agrees with itself to the bit, and every result has a length to be compared with.
  @Test func agreesWithItself() {
    Torch.threads = 1
    let found = DeviceCheck.differences(.cpu, .cpu)
    #expect(found.count == 6)
    #expect(found.allSatisfy { $0.share == 0 })
  }

  /// Where there is a GPU: float32 in another order, before anything is rounded.
  @Test(.enabled(if: Device.hasCUDA))
  func gpuAgrees() {
    Torch.setTF32(false)
    for (what, share) in DeviceCheck.differences(.cpu, .cuda) { #expect(share < 1e-3, "\(what)") }
  }
}
