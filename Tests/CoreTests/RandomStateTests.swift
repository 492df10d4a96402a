import Core
import Testing

struct RandomStateTests {
  // What NumPy 2 makes of `r = RandomState(seed); a = arange(n); r.shuffle(a)`.
  @Test(
    arguments: [
      (5, [9, 5, 2, 4, 7, 1, 0, 8, 6, 3]), (0, [6, 2, 1, 3, 0, 5, 4]),
      (
        4_294_967_295,
        [
          24, 15, 19, 3, 21, 2, 28, 30, 1, 6, 8, 31, 27, 4, 32, 16, 17, 9, 5, 14, 13, 10, 23, 11,
          18,
          29, 25, 26, 22, 0, 20, 7, 12,
        ]
      ), (1, [0]), (1, []),
    ] as [(UInt32, [Int])])
  func shufflesAsNumPyDoes(seed: UInt32, order: [Int]) {
    var random = RandomState(seed: seed)
    var values = Array(order.indices)
    random.shuffle(&values)
    #expect(values == order)
  }

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
