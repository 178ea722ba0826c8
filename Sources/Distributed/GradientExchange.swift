import Foundation

/// The sums of a step's gradients over all ranks, bucket by bucket: while the backward pass goes on, on a thread of
/// its own, or afterwards, on the caller's.
///
/// Both give the same bits. A thread of its own hides what is sent and waited for behind what is computed; it takes
/// a core from those who compute where there is none to spare, and so does the sum itself.
public final class GradientExchange {
  /// Whether sums go on beside what the caller does.
  public let overlaps: Bool

  private let reducer: GradientReducer
  private let worker: Worker?
  /// Buckets that were begun since the start; those that were finished.
  private var begun = 0
  private var finished = 0

  /// - Parameter overlaps: whether to sum on a thread of its own, which then alone uses the reducer's communicator.
  public init(_ reducer: GradientReducer, overlaps: Bool) {
    self.reducer = reducer
    self.overlaps = overlaps
    worker = overlaps ? Worker(reducer) : nil
  }

  deinit { worker?.end() }

  /// Ends the thread, and gives its communicator back, before the process ends. Collective; nothing is summed any more.
  ///
  /// - Throws: `MPIError`.
  public func free() throws {
    worker?.end()
    worker?.waitForEnd()
    try reducer.free()
  }

  /// What rounding has left out; nil where nothing is rounded.
  public var feedback: ErrorFeedback? { reducer.feedback }

  /// Gives a bucket away to be summed. Collective, bucket by bucket in their order.
  ///
  /// Until it is finished, nobody may touch its elements.
  public func begin(bucket: Int) {
    precondition(bucket == begun % reducer.buckets.count, "buckets are begun in their order")
    begun += 1
    worker?.begin()
  }

  /// Waits until a bucket has been summed. Collective, bucket by bucket in their order.
  ///
  /// - Throws: `MPIError`.
  public func finish(bucket: Int) throws {
    precondition(
      bucket == finished % reducer.buckets.count && finished < begun,
      "buckets are finished in their order")
    finished += 1
    guard let worker else { return try reducer.allReduce(bucket: bucket) }
    try worker.wait(for: finished)
  }
}

/// The thread that sums. Sendable because what threads share is guarded by the condition, and the reducer is the
/// thread's alone.
private final class Worker: @unchecked Sendable {
  private let reducer: GradientReducer
  private let condition = NSCondition()
  private var begun = 0
  private var finished = 0
  private var failure: (any Error)?
  private var isEnding = false
  private var hasEnded = false

  init(_ reducer: GradientReducer) {
    self.reducer = reducer
    Thread.detachNewThread {
      self.work()
      self.condition.lock()
      self.hasEnded = true
      self.condition.broadcast()
      self.condition.unlock()
    }
  }

  func begin() {
    condition.lock()
    begun += 1
    condition.broadcast()
    condition.unlock()
  }

  func wait(for count: Int) throws {
    condition.lock()
    defer { condition.unlock() }
    while finished < count {
      if let failure { throw failure }
      condition.wait()
    }
  }

  /// Lets the thread go, once it has nothing to sum.
  func end() {
    condition.lock()
    isEnding = true
    condition.broadcast()
    condition.unlock()
  }

  func waitForEnd() {
    condition.lock()
    defer { condition.unlock() }
    while !hasEnded { condition.wait() }
  }

  private func work() {
    while let bucket = next() {
      do {
        try reducer.allReduce(bucket: bucket)
      } catch {
        return fail(error)
      }
      condition.lock()
      finished += 1
      condition.broadcast()
      condition.unlock()
    }
  }

  /// The bucket that is to be summed next; nil at the end.
  private func next() -> Int? {
    condition.lock()
    defer { condition.unlock() }
    while begun == finished {
      if isEnding { return nil }
      condition.wait()
    }
    return finished % reducer.buckets.count
  }

  private func fail(_ error: any Error) {
    condition.lock()
    failure = error
    condition.broadcast()
    condition.unlock()
  }
}
