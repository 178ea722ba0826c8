import Dispatch
import Foundation

/// Runs what may never come back, such as a write to a file system that hangs, and goes on without it after a while.
func attempt(forAtMost seconds: Double, _ body: @escaping @Sendable () -> Void) {
  let done = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    body()
    done.signal()
  }
  _ = done.wait(timeout: .now() + seconds)
}
