import Dispatch
import Foundation

/// Does some work on as many threads, and returns once all of it is done.
///
/// - Parameter work: takes a number from 0; two calls at a time must not touch the same thing.
/// - Throws: of the errors that were thrown, that of the first number.
package func sideBySide(_ count: Int, _ work: (Int) throws -> Void) throws {
  guard count > 1 else { return try (0..<count).forEach(work) }
  let failures = Failures()
  // Sound because nothing outlives the call, and by what is asked of `work`.
  try withoutActuallyEscaping(work) { work in
    nonisolated(unsafe) let work = work
    DispatchQueue.concurrentPerform(iterations: count) { number in
      do { try work(number) } catch { failures.add(error, of: number) }
    }
    try failures.throwFirst()
  }
}

extension RandomAccessCollection where Index == Int {
  /// What comes of each element, made on a thread of its own; in order.
  ///
  /// - Throws: as `sideBySide`.
  func parallelMap<Value>(_ transform: (Element) throws -> Value) throws -> [Value] {
    var values = [Value?](repeating: nil, count: count)
    try values.withUnsafeMutableBufferPointer { values in
      // Each thread writes the place of its own number.
      nonisolated(unsafe) let values = values
      try sideBySide(count) { values[$0] = try transform(self[startIndex + $0]) }
    }
    return values.compactMap { $0 }
  }
}

/// What threads have thrown.
///
/// Sendable because what threads share is only touched under `lock`.
private final class Failures: @unchecked Sendable {
  private let lock = NSLock()
  private var errors: [Int: any Error] = [:]

  func add(_ error: any Error, of number: Int) { lock.withLock { errors[number] = error } }

  func throwFirst() throws {
    if let first = errors.min(by: { $0.key < $1.key }) { throw first.value }
  }
}
