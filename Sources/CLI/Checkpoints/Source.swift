import Checkpoint
import Converter
import ModelFile
import Obverse

/// A file that holds a generator: a model of ours or a checkpoint of others.
enum Source {
  case model(ModelDescription)
  case checkpoint(CheckpointFile)

  /// Opens a file by its content; names decide nothing.
  static func open(_ path: String) throws(ObverseError) -> Source {
    if Path.isFile(path), try Bytes(mapping: path).has("OBV", at: 4) {
      return .model(try ModelFile.read(path: path))
    }
    return .checkpoint(try CheckpointFile.open(path))
  }

  /// The generator inside.
  func convert(_ request: ConversionRequest) throws(ObverseError) -> Conversion {
    switch self {
    case .model(let description): try Converter.convert(description, request)
    case .checkpoint(let file): try Converter.convert(file, request)
    }
  }
}
