import Foundation

/// Work on a thread of its own, whose end can be asked for or waited for.
///
/// Sendable because all that changes is guarded by the condition.
final class BackgroundWork<Value: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var result: Result<Value, any Error>?

  /// Starts the work.
  ///
  /// - Parameter name: what the system calls the thread, at most 15 bytes.
  init(name: String, _ body: @escaping @Sendable () throws -> Value) {
    Thread.detachNewThread { [self] in
      // proc(5)'s way, as Foundation names threads only where it is told before they start.
      try? Data(name.utf8).write(to: URL(filePath: "/proc/thread-self/comm"))
      let result = Result { try body() }
      condition.withLock {
        self.result = result
        condition.broadcast()
      }
    }
  }

  /// Whether it has ended.
  var isFinished: Bool { condition.withLock { result != nil } }

  /// Waits for the end.
  ///
  /// - Throws: what the work threw.
  func wait() throws -> Value {
    try condition.withLock {
      while true {
        if let result { return try result.get() }
        condition.wait()
      }
    }
  }
}
