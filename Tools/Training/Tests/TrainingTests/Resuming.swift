import Foundation
import Testing

@testable import Training

extension Run {
  /// A run that is stopped after some steps, begun anew from its folder, and ends.
  @discardableResult
  static func resumed(
    _ settings: RunSettings, in folder: String, after pause: Int
  ) throws -> Run {
    let half = try start(settings, in: folder, device: .cpu, report: { _ in })
    var steps = 0
    #expect(
      try !half.train {
        steps += 1
        return steps == pause
      })
    let rest = try resume(folder, device: .cpu, report: { _ in })
    #expect(rest.trainer.step == pause)
    #expect(try rest.train())
    return rest
  }
}
