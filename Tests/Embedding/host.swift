// A program with a Swift runtime of its own that loads the C library, which brings another: both must work.
//   host LIBRARY MODEL.obv
import Glibc

guard CommandLine.arguments.count == 3 else { exit(64) }
guard let library = dlopen(CommandLine.arguments[1], RTLD_NOW | RTLD_LOCAL) else {
  print("host: \(String(cString: dlerror()))")
  exit(1)
}

/// A function of the library.
func function<F>(_ name: String, _: F.Type) -> F {
  guard let symbol = dlsym(library, name) else {
    print("host: \(name) is not in the library")
    exit(1)
  }
  return unsafeBitCast(symbol, to: F.self)
}

let open = function(
  "obv_model_open",
  (@convention(c) (UnsafePointer<CChar>, UnsafeMutablePointer<OpaquePointer?>) -> Int32).self)
let create = function(
  "obv_context_create",
  (@convention(c) (OpaquePointer?, UnsafeRawPointer?, UnsafeMutablePointer<OpaquePointer?>) -> Int32)
    .self)
let generate = function(
  "obv_generate",
  (@convention(c) (
    OpaquePointer?, UInt32, UnsafeRawPointer?, UnsafeMutableRawPointer, Int, UInt32
  ) -> Int32).self)
let destroy = function("obv_context_destroy", (@convention(c) (OpaquePointer?) -> Void).self)
let close = function("obv_model_close", (@convention(c) (OpaquePointer?) -> Void).self)
let info = function(
  "obv_model_get_info", (@convention(c) (OpaquePointer?, UnsafeMutableRawPointer) -> Int32).self)

/// Protocols, generics, classes and errors: what either runtime keeps tables of.
protocol Named { var name: String { get } }
final class Face: Named {
  let seed: UInt32
  let pixels: [UInt8]
  var name: String { "face \(seed)" }
  init(_ seed: UInt32, _ pixels: [UInt8]) { (self.seed, self.pixels) = (seed, pixels) }
}
enum Failure: Error { case status(Int32) }
func check(_ status: Int32) throws { if status != 0 { throw Failure.status(status) } }

do {
  var model: OpaquePointer?
  var context: OpaquePointer?
  try check(open(CommandLine.arguments[2], &model))
  try check(create(model, nil, &context))
  var facts = [UInt32](repeating: 0, count: 30)
  facts[0] = 120
  try check(info(model, &facts))
  let side = Int(facts[1])
  var faces: [String: any Named] = [:]
  for seed: UInt32 in 0..<4 {
    var pixels = [UInt8](repeating: 0, count: 3 * side * side)
    try check(generate(context, seed, nil, &pixels, 3 * side, 0))
    let face = Face(seed, pixels)
    faces[face.name] = face
  }
  destroy(context)
  close(model)
  do {
    try check(open("missing", &model))
  } catch Failure.status(let status) {
    guard status == 16 else { throw Failure.status(status) }
  }
  let sums = Set(faces.values.compactMap { ($0 as? Face)?.pixels.reduce(0) { $0 + Int($1) } })
  guard sums.count == 4 else {
    print("host: four seeds, but \(sums.count) faces")
    exit(1)
  }
  dlclose(library)
  print("host: \(faces.keys.sorted().joined(separator: ", ")); both runtimes work")
} catch {
  print("host: \(error)")
  exit(1)
}
