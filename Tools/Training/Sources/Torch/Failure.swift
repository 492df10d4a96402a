import CTorch
import Glibc

/// What LibTorch refused to do.
///
/// A shape that does not fit is our own mistake, and memory that is not there cannot be had by going
/// on: both end the program here, which keeps arithmetic free of `try`. A run loses nothing by it,
/// since its files appear whole or not at all.
enum Failure {
  /// Checks an error of CTorch, and frees it.
  static func check(_ error: ct_error?) {
    guard let error else { return }
    let text = String(cString: error).split(separator: "\n").first.map(String.init) ?? ""
    ct_free_error(error)
    end(text)
  }

  static func end(_ text: String) -> Never {
    let words = text.lowercased()
    let isMemory = words.contains("out of memory") || words.contains("can't allocate memory")
    let line =
      isMemory
      ? """
      obverse-train: error: not enough memory: \(text)
      hint: lower --batch or --size

      """
      : "obverse-train: error: \(text); this is a bug of ours, please report it\n"
    _ = line.withCString { write(2, $0, strlen($0)) }
    exit(isMemory ? 71 : 70)
  }
}
