import Foundation
import Nets

/// Lets one thread after another use a model's plans and readers.
///
/// Kernels remember how many threads share their work for each calling thread: it is told each time.
final class KernelLock {
  private let lock = NSLock()
  private let threads: Int

  init(threads: Int) { self.threads = threads }

  func withKernels<Value>(_ body: () throws -> Value) throws -> Value {
    lock.lock()
    defer { lock.unlock() }
    try Engine.configure(threads: threads)
    return try body()
  }
}
