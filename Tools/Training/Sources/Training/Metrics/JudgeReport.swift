import Core

/// How a judge was trained, for people and for scripts.
public struct JudgeReport {
  public let size: Int
  /// Pictures that it learnt from.
  public let images: Int
  public let steps: Int
  public let batch: Int
  public let seed: UInt64
  /// Of the last step.
  public let loss: Double

  /// The same as one JSON object.
  ///
  /// - Parameters:
  ///   - output: The judge's file, whose hash goes in.
  ///   - data: Where the pictures came from.
  /// - Returns: One line, first key `schema`.
  /// - Throws: What reading `output` says.
  public func json(_ output: String, data: String) throws(ObverseError) -> String {
    var line = JSONLine("obverse-train.judge/1")
    line.add("path", output)
    line.add("sha256", try Bytes(mapping: output).withSpan { SHA256.hex($0) })
    line.add("data", data)
    line.add("images", images)
    line.add("size", size)
    line.add("steps", steps)
    line.add("batch", batch)
    line.add("seed", seed)
    line.add("loss", loss)
    return line.text
  }
}
