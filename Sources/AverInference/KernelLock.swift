import Foundation
import Nets
import Trainer

/// Lets one thread after another use a model's plans and readers.
///
/// Kernels remember how many threads share their work for each calling thread: it is told each time.
final class KernelLock {
  private let lock = NSRecursiveLock()
  private let threads: Int
  private var isInUse = false

  init(threads: Int) { self.threads = threads }

  /// - Throws: what `body` throws; `InferenceError.observerAsks` where it is called by one.
  func withKernels<Value>(_ body: () throws -> Value) throws -> Value {
    lock.lock()
    defer { lock.unlock() }
    // Only its own thread comes here while it is in use.
    guard !isInUse else { throw InferenceError.observerAsks }
    isInUse = true
    defer { isInUse = false }
    try Engine.configure(threads: threads)
    return try body()
  }

  /// Does all of some work, a pass at a time, so that other threads have their turns in between.
  ///
  /// - Parameter progress: hears how far it is, while the model is free.
  func finish(_ work: some FeatureWork, _ progress: InferenceProgress) throws {
    while try withKernels({ try work.advance() }) { progress(work.progress) }
    progress(1)
  }
}
