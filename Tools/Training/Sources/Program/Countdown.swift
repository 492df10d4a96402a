/// Says every ten seconds how much is done, and how long the rest will take.
final class Countdown {
  private let total: Int
  private let what: String
  private let say: (String) -> Void
  private let start = ContinuousClock.now
  private var last = ContinuousClock.now

  init(of total: Int, _ what: String, _ say: @escaping (String) -> Void) {
    self.total = total
    self.what = what
    self.say = say
  }

  func reached(_ count: Int) {
    let now = ContinuousClock.now
    guard count > 0, count < total, now - last >= .seconds(10) else { return }
    last = now
    let seconds = Double((now - start).components.seconds)
    let left = Int(seconds * Double(total - count) / Double(count))
    let time = left >= 120 ? "\(left / 60) min" : "\(left) s"
    say("\(count) of \(total) \(what), \(time) left")
  }
}
