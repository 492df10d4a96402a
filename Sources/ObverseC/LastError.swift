import CSystem

/// The sentence of the last call that failed, one for each thread.
enum LastError {
  /// Bytes of a thread's buffer, its zero among them; sentences are shorter unless a path is long.
  private static let capacity = 1024

  /// nil where the system has no key left; then there are statuses without sentences.
  private static let key: pthread_key_t? = {
    var key = pthread_key_t()
    // Called as each thread ends, with its buffer.
    return unsafe pthread_key_create(&key) { unsafe free($0) } == 0 ? key : nil
  }()

  /// Keeps a sentence for this thread.
  static func set(_ sentence: String) {
    guard let key else { return }
    var memory = unsafe pthread_getspecific(key)
    if unsafe memory == nil {
      unsafe memory = malloc(capacity)
      guard unsafe pthread_setspecific(key, memory) == 0 else { return unsafe free(memory) }
    }
    guard let buffer = unsafe memory?.assumingMemoryBound(to: UInt8.self) else { return }
    var text = Array(sentence.utf8.prefix(capacity - 1))
    // A character that the end cuts goes as a whole.
    if sentence.utf8.count >= capacity {
      while let last = text.popLast(), last & 0xc0 == 0x80 {}
    }
    for (i, byte) in text.enumerated() { unsafe buffer[i] = byte }
    unsafe buffer[text.count] = 0
  }

  /// What `obv_last_error` answers.
  static var text: UnsafePointer<CChar> {
    let none: StaticString = ""
    guard let key, let memory = unsafe pthread_getspecific(key) else { return unsafe none.cString }
    return unsafe UnsafePointer(memory.assumingMemoryBound(to: CChar.self))
  }
}
