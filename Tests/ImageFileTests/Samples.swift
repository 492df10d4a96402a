import Core
import ImageFile

/// Numbers that look random and are the same in every run.
struct Noise {
  private var state: UInt64

  init(_ seed: UInt64) {
    state = seed
  }

  mutating func next(below limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(limit))
  }
}

extension Pixels {
  /// A slope with some noise on it.
  static func sample(_ width: Int, _ height: Int, channels: Int, noise: Int = 40) -> Pixels {
    var random = Noise(UInt64(width * 31 + height * 7 + channels))
    var bytes: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<channels {
          bytes.append(UInt8((x * 5 + y * 3 + c * 60) % 200 + random.next(below: noise)))
        }
      }
    }
    return Pixels(width: width, height: height, channels: channels, bytes: bytes)
  }
}

/// What became of hostile bytes; anything but these two would end the test program.
enum Outcome {
  case pixels
  case refused

  init(_ body: () throws(ObverseError) -> Void) {
    do throws(ObverseError) {
      try body()
      self = .pixels
    } catch {
      self = .refused
    }
  }
}

/// `file` with one to four bytes changed, removed or doubled.
func mutated(_ file: [UInt8], _ random: inout Noise) -> [UInt8] {
  var result = file
  for _ in 0...random.next(below: 4) where !result.isEmpty {
    let at = random.next(below: result.count)
    switch random.next(below: 5) {
    case 0: result[at] = UInt8(random.next(below: 256))
    case 1: result[at] ^= 1 << UInt8(random.next(below: 8))
    case 2: result[at] = [0, 0x7f, 0x80, 0xff][random.next(below: 4)]
    case 3: result.remove(at: at)
    default: result.insert(result[at], at: at)
    }
  }
  return result
}
