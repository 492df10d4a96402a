// The calls that draw.

import CObverse
import Obverse

@c @implementation
public func obv_latent_from_seed(
  _ model: OpaquePointer?, _ seed: UInt32, _ z: UnsafeMutablePointer<Float>?, _ count: Int
) -> obv_status {
  status { () throws(Failure) in
    let model = try unsafe OpenModel.at(model).model
    guard let z = unsafe z else { throw .argument("z is NULL") }
    try unsafe checkAlignment(z, "z")
    guard count == model.zDim else {
      throw .argument("count is \(count), but z has \(model.zDim) floats")
    }
    var span = unsafe UnsafeMutableBufferPointer(start: z, count: count).mutableSpan
    model.latent(seed: seed, into: &span)
  }
}

@c @implementation
public func obv_map(
  _ context: OpaquePointer?, _ z: UnsafePointer<Float>?, _ z_count: Int,
  _ options: UnsafePointer<obv_draw_options>?, _ ws: UnsafeMutablePointer<Float>?, _ ws_count: Int
) -> obv_status {
  status { () throws(Failure) in
    let context = try unsafe Context.at(context)
    let model = context.generator.model
    guard let z = unsafe z else { throw .argument("z is NULL") }
    guard let ws = unsafe ws else { throw .argument("ws is NULL") }
    try unsafe checkAlignment(z, "z")
    try unsafe checkAlignment(ws, "ws")
    guard z_count == model.zDim else {
      throw .argument("z_count is \(z_count), but z has \(model.zDim) floats")
    }
    try check(ws_count, model)
    let request = try unsafe DrawRequest(options)
    try context.use(request) { () throws(ObverseError) in
      var target = unsafe UnsafeMutableBufferPointer(start: ws, count: ws_count).mutableSpan
      try context.generator.map(
        z: unsafe UnsafeBufferPointer(start: z, count: z_count).span, label: request.label,
        psi: request.psi, cutoff: request.cutoff, into: &target)
    }
  }
}

@c @implementation
public func obv_synthesize(
  _ context: OpaquePointer?, _ ws: UnsafePointer<Float>?, _ ws_count: Int,
  _ options: UnsafePointer<obv_draw_options>?, _ pixels: UnsafeMutableRawPointer?, _ stride: Int,
  _ format: UInt32
) -> obv_status {
  status { () throws(Failure) in
    let context = try unsafe Context.at(context)
    guard let ws = unsafe ws else { throw .argument("ws is NULL") }
    try unsafe checkAlignment(ws, "ws")
    try check(ws_count, context.generator.model)
    let request = try unsafe DrawRequest(options)
    let target = try unsafe PixelTarget(context.generator.model, pixels, stride, format)
    try context.use(request) { () throws(ObverseError) in
      try unsafe context.generator.draw(
        ws: UnsafeBufferPointer(start: ws, count: ws_count).span, noise: request.noise,
        into: target.bytes(context.image))
      unsafe target.finish(context.generator, context.image)
    }
  }
}

@c @implementation
public func obv_generate(
  _ context: OpaquePointer?, _ seed: UInt32, _ options: UnsafePointer<obv_draw_options>?,
  _ pixels: UnsafeMutableRawPointer?, _ stride: Int, _ format: UInt32
) -> obv_status {
  status { () throws(Failure) in
    let context = try unsafe Context.at(context)
    let request = try unsafe DrawRequest(options)
    let target = try unsafe PixelTarget(context.generator.model, pixels, stride, format)
    try context.use(request) { () throws(ObverseError) in
      try unsafe context.generator.draw(
        seed: seed, label: request.label, psi: request.psi, cutoff: request.cutoff,
        noise: request.noise, into: target.bytes(context.image))
      unsafe target.finish(context.generator, context.image)
    }
  }
}

@c @implementation
public func obv_generate_many(
  _ context: OpaquePointer?, _ seeds: UnsafePointer<UInt32>?, _ count: Int,
  _ options: UnsafePointer<obv_draw_options>?, _ pixels: UnsafeMutableRawPointer?,
  _ image_stride: Int, _ stride: Int, _ format: UInt32
) -> obv_status {
  status { () throws(Failure) in
    let context = try unsafe Context.at(context)
    guard let seeds = unsafe seeds else { throw .argument("seeds is NULL") }
    let request = try unsafe DrawRequest(options)
    let model = context.generator.model
    let target = try unsafe PixelTarget(model, pixels, stride, format)
    let (bytes, overflows) = image_stride.multipliedReportingOverflow(by: count)
    guard count >= 0, image_stride >= 0, !overflows, bytes >= 0 else {
      throw .argument("count pictures, image_stride apart, are more than memory can hold")
    }
    guard image_stride >= target.byteCount || count < 2 else {
      throw .argument(
        "image_stride is \(image_stride), less than the \(target.byteCount) bytes of a picture")
    }
    if format == OBV_RGBF32, image_stride % 4 != 0 {
      throw .argument("image_stride must be a multiple of 4 for OBV_RGBF32")
    }
    try engine { () throws(ObverseError) in
      try Memory.expectRoom(for: count * MemoryLayout<UInt32>.size)
    }
    let list = unsafe Array(UnsafeBufferPointer(start: seeds, count: count))
    let isRandom = if case .random = request.noise { true } else { false }
    try context.use(request, faces: count) { () throws(ObverseError) in
      try context.generator.eachFace(
        of: list, label: request.label, psi: request.psi, cutoff: request.cutoff, bytes: 0,
        draw: { (number, ws, generator) throws(ObverseError) in
          let noise = isRandom ? .random(seed: list[number]) : request.noise
          let target = target.moved(by: number * image_stride)
          let image = target.needsImage ? try unsafe context.image(of: generator) : nil
          try unsafe generator.draw(ws: ws.span, noise: noise, into: target.bytes(image))
          unsafe target.finish(generator, image)
        }, take: { (_, _) in context.finishedFace() })
    }
  }
}

private func check(_ wsCount: Int, _ model: Model) throws(Failure) {
  guard wsCount == model.wsCount * model.wDim else {
    throw .argument("ws_count is \(wsCount), but ws has \(model.wsCount) x \(model.wDim) floats")
  }
}

/// Floats in a place where there can be none would end the process.
@unsafe
private func checkAlignment(_ pointer: UnsafePointer<Float>, _ name: String) throws(Failure) {
  guard UInt(bitPattern: pointer) % UInt(MemoryLayout<Float>.alignment) == 0 else {
    throw .argument("\(name) must begin at a multiple of 4")
  }
}
