import CObverse
import Glibc
import ModelFile
import ObverseC
import Synchronization
import Testing

/// Many threads and one model; to be run under ThreadSanitizer too.
struct SharingTests {
  /// One drawing thread of a test.
  private final class Drawer: @unchecked Sendable {
    let model: CModel
    let threads: UInt32
    let faces: Int
    let side: Int
    /// Guarded by nothing: read after the thread has ended.
    var pictures: [Int: [UInt8]] = [:]
    var odd: [obv_status] = []
    var cancelled = 0
    private let current = Atomic<UInt>(0)
    /// Held while the context goes, so that nobody cancels what is being freed.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init(_ model: CModel, threads: UInt32, faces: Int, side: Int) {
      self.model = model
      self.threads = threads
      self.faces = faces
      self.side = side
      pthread_mutex_init(mutex, nil)
    }

    deinit { mutex.deallocate() }

    func run() {
      // A context of its own for every few faces: made and destroyed while the others draw.
      for start in stride(from: 0, to: faces, by: 4) {
        guard let context = try? CContext(model, threads: threads) else {
          odd.append(obv_status(OBV_RESOURCES))
          return
        }
        current.store(UInt(bitPattern: context.pointer), ordering: .sequentiallyConsistent)
        for face in start..<min(start + 4, faces) {
          var pixels = [UInt8](repeating: 0, count: side * side * 3)
          let status = obv_generate(
            context.pointer, UInt32(face), nil, &pixels, side * 3, UInt32(OBV_RGB8))
          if status == OBV_OK { pictures[face] = pixels }
          if status == OBV_CANCELLED { cancelled += 1 }
          if status != OBV_OK, status != OBV_CANCELLED { odd.append(status) }
        }
        pthread_mutex_lock(mutex)
        current.store(0, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(mutex)
      }
    }

    /// Cancels whatever this thread is doing, if it has a context.
    func cancel() {
      pthread_mutex_lock(mutex)
      if let context = OpaquePointer(bitPattern: current.load(ordering: .sequentiallyConsistent)) {
        obv_cancel(context)
      }
      pthread_mutex_unlock(mutex)
    }
  }

  private func start(_ drawer: Drawer) -> pthread_t {
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Drawer>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(drawer).toOpaque())
    return thread
  }

  @Test(arguments: [false, true])
  func threadsShareAModelAndAreCancelledAtAnyMoment(cancels: Bool) throws {
    let description = SyntheticModel.skip.description
    let model = try CModel(ModelFile.encode(description))
    let faces = 120
    let drawers = [1, 2, 3, 2].map {
      Drawer(model, threads: $0, faces: faces, side: description.resolution)
    }
    let threads = drawers.map(start)
    if cancels {
      var random = SystemRandomNumberGenerator()
      for _ in 0..<400 {
        drawers.randomElement(using: &random)?.cancel()
        usleep(.random(in: 0..<200, using: &random))
      }
    }
    for thread in threads { pthread_join(thread, nil) }

    let reference = Drawer(model, threads: 1, faces: faces, side: description.resolution)
    reference.run()
    #expect(reference.pictures.count == faces)
    for drawer in drawers {
      #expect(drawer.odd.isEmpty)
      #expect(drawer.pictures.count + drawer.cancelled == faces)
      if !cancels { #expect(drawer.cancelled == 0) }
      for (face, pixels) in drawer.pictures { #expect(pixels == reference.pictures[face]) }
    }
    // How many were cancelled is the scheduler's affair; that a face can be is for Tests/Embedding.
  }
}
