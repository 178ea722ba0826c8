import Foundation
import Nets
import Trainer

/// Lets one thread after another use a model's plans and readers, in the order in which they came.
///
/// Kernels remember how many threads share their work for each calling thread: it is told each time.
/// Sendable because `turns` is held wherever its numbers are used.
final class KernelLock: @unchecked Sendable {
  private let turns = NSCondition()
  private let threads: Int
  /// Numbers that were drawn, and the one whose turn it is.
  private var drawn = 0
  private var served = 0
  /// The thread whose turn it is.
  private var owner: pthread_t?

  init(threads: Int) { self.threads = threads }

  /// Threads that have their turn, or wait for it.
  var queue: Int {
    turns.lock()
    defer { turns.unlock() }
    return drawn - served
  }

  /// - Throws: what `body` throws; `InferenceError.observerAsks` where it is called by one.
  func withKernels<Value>(_ body: () throws -> Value) throws -> Value {
    try waitForTurn()
    defer { endTurn() }
    try Engine.configure(threads: threads)
    return try body()
  }

  private func waitForTurn() throws {
    turns.lock()
    defer { turns.unlock() }
    guard owner != pthread_self() else { throw InferenceError.observerAsks }
    let number = drawn
    drawn += 1
    while number != served { turns.wait() }
    owner = pthread_self()
  }

  private func endTurn() {
    turns.lock()
    defer { turns.unlock() }
    owner = nil
    served += 1
    turns.broadcast()
  }

  /// Does all of some work, a pass at a time, so that other threads have their turns in between.
  ///
  /// - Parameter progress: hears how far it is, while the model is free.
  func finish(_ work: some FeatureWork, _ progress: InferenceProgress) throws {
    while try withKernels({ try work.advance() }) { progress(work.progress) }
    progress(1)
  }
}
