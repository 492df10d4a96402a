import Core
import Glibc

extension CheckpointFile {
  /// Opens the unpacked folder of a torch zip or of an OpenVINO package.
  ///
  /// - Throws: `unsupported` for every other folder, with what it is and what to give in its place.
  static func open(folder path: String) throws(ObverseError) -> CheckpointFile {
    if let folder = TorchFolder(path) {
      do throws(ObverseError) {
        return try folder.read(path: path)
      } catch {
        throw error.inFile(path)
      }
    }
    if OpenVINO.matches(folder: path) { return try OpenVINO.read(path: path) }
    let (why, hint) = CheckpointFolder.describe(FolderListing(path))
    throw .unsupported(what: "folder '\(path)'", why: why, hint: hint)
  }
}

/// Folders that people take for a checkpoint.
enum CheckpointFolder {
  /// How the names of checkpoints end.
  static let suffixes = [".pkl", ".pt", ".pth", ".safetensors", ".ckpt", ".bin", ".pdparams"]

  /// What a folder is, and what to do with it.
  static func describe(_ listing: FolderListing) -> (why: String, hint: String?) {
    if listing.files.contains(where: { $0.hasSuffix(".distcp") }) {
      return (
        "it is a distributed checkpoint of torch (DCP), which is not read",
        "join it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER net.pt"
      )
    }
    if let index = listing.files.first(where: { $0.hasSuffix(".index.json") }) {
      return (
        "it holds a checkpoint in several parts, listed in \(index)",
        "join them in Python and save one file; the model itself is not read from parts"
      )
    }
    if listing.files.contains("saved_model.pb") {
      return ("it is a TensorFlow SavedModel, which is not read", nil)
    }
    let found = listing.files.filter { name in suffixes.contains { name.hasSuffix($0) } }
    guard let first = found.first else {
      return (
        "it holds no checkpoint: neither torch's data.pkl nor MappingNetwork.xml nor a file that"
          + " could be one", nil
      )
    }
    let rest = found.count > 1 ? " and \(found.count - 1) more" : ""
    return ("it is a folder with \(first)\(rest) in it", "give the file itself")
  }
}
