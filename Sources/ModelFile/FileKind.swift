// Tells what a file is that is no model, since users mix up the files of a download.

import Core

enum FileKind {
  /// What `bytes` look like, with article, to be put after "this is".
  static func name(of bytes: Bytes) -> String {
    for (magic, offset, name) in magics where bytes.has(magic, at: offset) { return name }
    if bytes[0] == 0x80, let version = bytes[1], (2...5).contains(version) {
      return "a PyTorch/NVlabs pickle"
    }
    if bytes.has("PK\u{3}\u{4}") { return zip(bytes) }
    // A safetensors file begins with the length of its JSON header.
    if let header = bytes.load(UInt64.self, at: 0), header >= 2, header < UInt64(bytes.count),
      bytes[8] == UInt8(ascii: "{")
    {
      return "a safetensors file"
    }
    return isText(bytes) ? "a text file" : "a file of an unknown kind"
  }

  private static let magics: [(magic: StaticString, offset: Int, name: String)] = [
    ("OBV", 4, "a model file of another generation (not OBV1)"),
    ("TFL3", 4, "a TensorFlow Lite model"),
    ("GGUF", 0, "a GGUF file"),
    ("HDF\r\n", 1, "an HDF5 file"),
    ("PNG\r\n", 1, "a PNG image"),
    ("JFIF", 6, "a JPEG image"),
    ("Exif", 6, "a JPEG image"),
    ("NUMPY", 1, "a NumPy array"),
    ("ELF", 1, "a program"),
    ("version https://git-lfs", 0, "a Git LFS pointer, not the file it stands for"),
    ("<!DOCTYPE html", 0, "a web page"),
    ("<!doctype html", 0, "a web page"),
    ("<html", 0, "a web page"),
    ("<?xml", 0, "an XML file"),
  ]

  /// Archives are told apart by the name of their first entry.
  private static func zip(_ bytes: Bytes) -> String {
    let length = Int(bytes.load(UInt16.self, at: 26) ?? 0)
    let name = bytes.slice(at: 30, count: length)?.text ?? ""
    if name.hasSuffix(".npy") { return "a NumPy npz file" }
    return name.hasSuffix("/data.pkl") || name.hasSuffix("/byteorder")
      ? "a torch zip" : "a zip file"
  }

  private static func isText(_ bytes: Bytes) -> Bool {
    let start = min(bytes.count, 1024)
    // A character may be cut in two at the end.
    let isUTF8 = (max(start - 3, 0)...start).contains { bytes.slice(at: 0, count: $0)?.text != nil }
    let hasControls = (0..<start).contains { at in
      let byte = bytes[at] ?? 0
      return byte < 0x20 && byte != 0x09 && byte != 0x0a && byte != 0x0d
    }
    return isUTF8 && !hasControls && start > 0
  }
}
