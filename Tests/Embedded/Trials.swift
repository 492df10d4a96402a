// What stands in for Swift Testing in suites that are compiled as Embedded Swift: counts what is expected, and ends
// the program with 1 where something was not so.

import CSystem
import Kernels

/// Embedded Swift prints no cases of an enum by itself.
extension InstructionSet: CustomStringConvertible {
  public var description: String { rawValue }
}

/// All tests that were run, each with its arguments a trial.
enum Trials {
  nonisolated(unsafe) private static var name = ""
  nonisolated(unsafe) private static var trials = 0
  nonisolated(unsafe) private static var expectations = 0
  nonisolated(unsafe) private static var before = 0
  nonisolated(unsafe) private static var suite = (name: "", trials: 0, expectations: 0)
  nonisolated(unsafe) private static var failures = 0

  static func begin(suite name: String) {
    finish()
    show()
    suite = (name, trials, expectations)
  }

  /// A suite's line, as soon as it is done.
  private static func show() {
    if suite.name == "" { return }
    print(
      "\(suite.name): \(trials - suite.trials) trials, \(expectations - suite.expectations) expectations"
    )
    fflush(nil)
  }

  static func begin(_ trial: String) {
    finish()
    name = trial
    trials += 1
  }

  /// A trial that expects nothing would pass whatever the kernels do.
  private static func finish() {
    if name != "", expectations == before { failed("expects nothing") }
    name = ""
    before = expectations
  }

  static func expect(_ isSo: Bool, _ note: @autoclosure () -> String = "", line: Int = #line) {
    expectations += 1
    if !isSo { failed("line \(line) \(note())") }
  }

  static func failed(_ what: String) {
    failures += 1
    if failures <= 40 { print("\(name): \(what)") }
  }

  /// An argument of a test.
  static func shown<T: CustomStringConvertible>(_ value: T) -> String { value.description }
  static func shown<T: CustomStringConvertible>(_ value: T?) -> String {
    value?.description ?? "nil"
  }
  static func shown<T>(_ value: T) -> String { "..." }

  static func end(tests: Int) {
    finish()
    show()
    print("\(tests) tests, \(trials) trials, \(expectations) expectations, \(failures) failures")
    if failures > 0 || tests == 0 { exit(1) }
  }
}
