// Walks from face to face and writes the frames as numbered PPM files.
//   animation MODEL.obv FRAMES FOLDER

import Glibc
import Obverse

let words = CommandLine.arguments
guard words.count == 4, let frames = Int(words[2]), frames > 0 else {
  print("usage: animation MODEL.obv FRAMES FOLDER")
  exit(64)
}

/// Writes an RGB image as binary PPM.
func write(_ pixels: [UInt8], side: Int, to path: String) throws(ObverseError) {
  guard let file = fopen(path, "wb") else {
    throw .cannotCreate(path: path, why: ObverseError.reason(errno))
  }
  let header = Array("P6\n\(side) \(side)\n255\n".utf8)
  let isWritten =
    fwrite(header, 1, header.count, file) == header.count
    && fwrite(pixels, 1, pixels.count, file) == pixels.count
  guard fclose(file) == 0, isWritten else {
    throw .inputOutput(path: path, why: "it could not be written")
  }
}

/// `frame` with leading zeros, so that names sort in order.
func number(_ frame: Int) -> String {
  let digits = String(frame)
  return String(repeating: "0", count: max(4 - digits.count, 0)) + digits
}

do throws(ObverseError) {
  let model = try Model(path: words[1])
  guard model.imageChannels == 3 else {
    throw .request("this example draws RGB models", hint: nil)
  }
  let generator = try Generator(model)

  // Each key frame is a face; between two of them every number of ws goes straight.
  var keys: [[Float]] = []
  for seed: UInt32 in [85, 265, 297, 849] {
    let w = try generator.map(z: generator.latent(seed: seed))
    keys.append(try generator.ws(from: w, psi: model.hasWAverage ? 0.7 : 1))
  }

  var pixels: [UInt8] = []
  for frame in 0..<frames {
    // The last key leads back to the first.
    let position = Float(frame) * Float(keys.count) / Float(frames)
    let key = Int(position)
    let (from, to) = (keys[key], keys[(key + 1) % keys.count])
    let part = position - Float(key)
    let ws = zip(from, to).map { $0 + part * ($1 - $0) }
    try generator.synthesize(ws: ws, into: &pixels)
    try write(pixels, side: model.resolution, to: "\(words[3])/frame\(number(frame)).ppm")
  }
  print("\(frames) frames in \(words[3])")
} catch {
  print("animation: \(error)")
  exit(error.exitCode)
}
