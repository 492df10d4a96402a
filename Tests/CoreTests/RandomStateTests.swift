import Core
import Testing

struct RandomStateTests {
  /// The digests are those of NumPy's `RandomState(seed).randn(512).astype('<f4').tobytes()`.
  @Test(
    arguments: [
      (0, "3281a32dd82b5a6b"), (85, "d61c2f2729071fde"), (849, "860fa7deeaa43511"),
      (4_294_967_295, "0555a388407f661d"),
    ] as [(UInt32, String)])
  func drawsWhatNumPyDraws(seed: UInt32, digest: String) {
    var random = RandomState(seed: seed)
    let bytes = random.normals(512).flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt32($0))) }
    }
    #expect(Bytes(bytes).withSpan { SHA256.hex($0) }.prefix(16) == digest)
  }

  @Test func drawsInDouble() {
    var random = RandomState(seed: 0)
    for expected in [
      1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458,
    ] {
      #expect(random.nextNormal() == expected)
    }
  }
}
