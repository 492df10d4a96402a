import CKernels
import CObverse
import Obverse

/// Why a call fails: what it returns, and the sentence that `obv_last_error` then has.
struct Failure: Error {
  let status: obv_status
  let sentence: String

  init(_ status: obv_status, _ sentence: String) {
    self.status = status
    self.sentence = sentence
  }

  init(_ error: ObverseError) {
    self.init(error.status, error.description)
  }

  /// The caller's own mistake.
  static func argument(_ sentence: String) -> Failure {
    Failure(obv_status(OBV_ARGUMENT), sentence)
  }
}

/// Does a call's work and gives its status; a failure's sentence is kept for this thread.
///
/// The caller's rounding mode would show in the pixels, so the work has the default one.
func status(_ body: () throws(Failure) -> Void) -> obv_status {
  var settings = fenv_t()
  unsafe fp_begin(&settings)
  defer { unsafe fp_end(&settings) }
  do {
    try body()
    return obv_status(OBV_OK)
  } catch {
    LastError.set(error.sentence)
    return error.status
  }
}

/// Does what the engine does, with its errors as failures.
func engine<R: ~Copyable>(_ body: () throws(ObverseError) -> R) throws(Failure) -> R {
  do throws(ObverseError) {
    return try body()
  } catch {
    throw Failure(error)
  }
}

extension ObverseError {
  /// The status that stands for the same as `word`.
  fileprivate var status: obv_status {
    let number =
      switch self {
      case .missing: OBV_FILE_MISSING
      case .unreadable: OBV_FILE_UNREADABLE
      case .empty: OBV_FILE_EMPTY
      case .notModel: OBV_MODEL_MAGIC
      case .newerFormat: OBV_MODEL_VERSION
      case .truncated: OBV_TRUNCATED
      case .malformed: OBV_MALFORMED
      case .unsupported: OBV_UNSUPPORTED
      case .tooLarge: OBV_TOO_LARGE
      case .missingTensor: OBV_TENSOR_MISSING
      case .shape: OBV_TENSOR_SHAPE
      case .usage: OBV_USAGE
      case .request: OBV_REQUEST
      case .inputOutput: OBV_INPUT_OUTPUT
      case .resources: OBV_RESOURCES
      case .cancelled: OBV_CANCELLED
      case .inFile(_, let error): Int(error.status)
      // Our own mistakes, and what only the converter and the program meet.
      default: OBV_BUG
      }
    return obv_status(number)
  }
}

@c @implementation
public func obv_status_text(_ status: obv_status) -> UnsafePointer<CChar>? {
  let word: StaticString =
    switch Int(status) {
    case OBV_OK: "ok"
    case OBV_CANCELLED: "cancelled"
    case OBV_ARGUMENT: "argument"
    case OBV_REQUEST: "request"
    case OBV_USAGE: "usage"
    case OBV_BUSY: "busy"
    case OBV_FORKED: "forked"
    case OBV_RESOURCES: "resources"
    case OBV_BUG: "bug"
    case OBV_FILE_MISSING: "file-missing"
    case OBV_FILE_UNREADABLE: "file-unreadable"
    case OBV_FILE_EMPTY: "file-empty"
    case OBV_INPUT_OUTPUT: "input-output"
    case OBV_MODEL_MAGIC: "model-magic"
    case OBV_MODEL_VERSION: "model-version"
    case OBV_TRUNCATED: "truncated"
    case OBV_MALFORMED: "malformed"
    case OBV_UNSUPPORTED: "unsupported"
    case OBV_TOO_LARGE: "too-large"
    case OBV_TENSOR_MISSING: "tensor-missing"
    case OBV_TENSOR_SHAPE: "tensor-shape"
    default: "unknown"
    }
  return unsafe word.cString
}

extension StaticString {
  /// The text as C reads it: literals end in a zero byte.
  var cString: UnsafePointer<CChar> {
    unsafe UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
  }
}
