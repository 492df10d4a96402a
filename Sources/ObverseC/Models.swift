// Models as C sees them: an opaque pointer is a retained `OpenModel`, so closing is releasing.

import CObverse
import Obverse

@c @implementation
public func obv_model_open(
  _ path: UnsafePointer<CChar>?, _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> obv_status {
  status { () throws(Failure) in
    guard let path = unsafe path else { throw .argument("path is NULL") }
    guard let out = unsafe model else { throw .argument("model is NULL") }
    let name = unsafe String(fileName: path)
    let opened = try engine { () throws(ObverseError) in try OpenModel(Model(path: name)) }
    opened.model.announce("'\(name)'")
    unsafe out.pointee = OpaquePointer(Unmanaged.passRetained(opened).toOpaque())
  }
}

@c @implementation
public func obv_model_open_memory(
  _ bytes: UnsafeRawPointer?, _ size: Int, _ flags: UInt32,
  _ model: UnsafeMutablePointer<OpaquePointer?>?
) -> obv_status {
  status { () throws(Failure) in
    guard let bytes = unsafe bytes else { throw .argument("bytes is NULL") }
    guard let out = unsafe model else { throw .argument("model is NULL") }
    // A size_t above this arrives as a negative number.
    guard size >= 0 else { throw .argument("size is more than memory can hold") }
    guard size > 0 else { throw Failure(obv_status(OBV_FILE_EMPTY), "the model has no bytes") }
    let memory = unsafe UnsafeRawBufferPointer(start: bytes, count: size)
    let file: Bytes
    switch Int(flags) {
    case OBV_COPY:
      file = try engine { () throws(ObverseError) in try unsafe Bytes(copying: memory) }
    case OBV_BORROW:
      unsafe file = Bytes(borrowing: memory)
    default: throw .argument("flags is \(flags), not OBV_COPY or OBV_BORROW")
    }
    let opened = try engine { () throws(ObverseError) in try OpenModel(Model(bytes: file)) }
    opened.model.announce("memory")
    unsafe out.pointee = OpaquePointer(Unmanaged.passRetained(opened).toOpaque())
  }
}

@c @implementation
public func obv_model_retain(_ model: OpaquePointer?) {
  guard let model = unsafe model else { return }
  unsafe _ = Unmanaged<OpenModel>.fromOpaque(UnsafeRawPointer(model)).retain()
}

@c @implementation
public func obv_model_close(_ model: OpaquePointer?) {
  guard let model = unsafe model else { return }
  unsafe Unmanaged<OpenModel>.fromOpaque(UnsafeRawPointer(model)).release()
}

@c @implementation
public func obv_model_get_info(
  _ model: OpaquePointer?, _ info: UnsafeMutablePointer<obv_model_info>?
) -> obv_status {
  status { () throws(Failure) in
    let open = try unsafe OpenModel.at(model)
    let model = open.model
    guard let info = unsafe info else { throw .argument("info is NULL") }
    var facts = obv_model_info()
    facts.width = UInt32(model.resolution)
    facts.height = UInt32(model.resolution)
    facts.channels = UInt32(model.imageChannels)
    facts.z_dim = UInt32(model.zDim)
    facts.w_dim = UInt32(model.wDim)
    facts.ws_count = UInt32(model.wsCount)
    facts.classes = UInt32(model.classes)
    var flags = 0
    if model.hasWAverage { flags |= OBV_HAS_W_AVERAGE }
    if model.hasStoredNoise { flags |= OBV_HAS_STORED_NOISE }
    if model.allowsRandomNoise { flags |= OBV_ALLOWS_RANDOM_NOISE }
    facts.flags = UInt32(flags)
    facts.facts = UInt32(clamping: open.factCount)
    unsafe withUnsafeMutableBytes(of: &facts.instruction_set) {
      unsafe write(model.instructionSet.rawValue, to: $0)
    }
    unsafe withUnsafeMutableBytes(of: &facts.weights_sha256) {
      unsafe write(model.weightsSHA256, to: $0)
    }
    try unsafe obv_model_info.write(facts, to: info)
  }
}

/// Writes a text into zeros, so far as it fits before the last one.
private func write(_ text: String, to target: UnsafeMutableRawBufferPointer) {
  for (i, byte) in text.utf8.prefix(target.count - 1).enumerated() { unsafe target[i] = byte }
}

extension Model {
  fileprivate func announce(_ source: String) {
    Log.shared.tell(OBV_LOG_INFO) {
      "opened \(source): \(resolution)x\(resolution), \(instructionSet.rawValue)"
    }
    if !hasStoredNoise {
      Log.shared.tell(OBV_LOG_WARNING) { "\(source) has no stored noise planes: const draws none" }
    }
  }
}
