import Dispatch
import Foundation

/// How long a call may take that no other rank can look into, and what follows where it takes longer.
public struct CallLimit: Sendable {
  /// The longest time, in seconds; infinite for no limit.
  public var seconds: Double
  /// Ends the process; is told the call.
  public var end: @Sendable (_ call: String) -> Never

  /// A limit.
  public init(seconds: Double, end: @escaping @Sendable (_ call: String) -> Never) {
    (self.seconds, self.end) = (seconds, end)
  }

  /// Runs a call under the limit.
  ///
  /// - Parameter name: what `end` is told.
  public func guarding<Value>(_ name: String, _ call: () throws -> Value) rethrows -> Value {
    guard seconds.isFinite else { return try call() }
    let done = Gate()
    Thread.detachNewThread { [self] in
      if !done.wait(seconds: seconds) { end(name) }
    }
    defer { done.open() }
    return try call()
  }
}

/// Something that happens once, for which threads wait.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  /// Lets everyone pass from now on.
  func open() { semaphore.signal() }

  /// Waits for that.
  ///
  /// - Parameter seconds: as far as this process runs: time in which it is stopped does not count.
  /// - Returns: false where it has not happened in time.
  func wait(seconds: Double) -> Bool {
    var left = seconds
    repeat {
      let start = MonotonicClock.nanoseconds
      let pause = min(Self.look, max(0, left))
      if semaphore.wait(timeout: .now() + pause) == .success {
        // For whoever comes next.
        semaphore.signal()
        return true
      }
      left -= min(Double(MonotonicClock.nanoseconds &- start) / 1e9, 2 * Self.look)
    } while left > 0
    return false
  }

  /// Between two looks, in seconds.
  private static let look = 0.1
}
