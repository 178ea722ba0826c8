import Dispatch
import Foundation

/// Makes the items of a set on several threads.
///
/// Sendable because what threads share is only touched under `lock`.
final class ItemThreads: @unchecked Sendable {
  private let lock = NSLock()
  private let make: @Sendable (Int, FaceStudio) throws -> String
  private var rows: [String]
  private var nextItem = 0
  private var failure: (any Error)?

  private init(count: Int, make: @escaping @Sendable (Int, FaceStudio) throws -> String) {
    self.make = make
    rows = Array(repeating: "", count: count)
  }

  /// Makes each item once.
  ///
  /// - Parameter make: given the item and what its thread draws with, writes its files.
  /// - Returns: what `make` returned, in the order of the items.
  /// - Throws: the first error; the items that were begun are finished.
  static func run(
    count: Int, threads: Int, make: @escaping @Sendable (Int, FaceStudio) throws -> String
  ) throws -> [String] {
    try ItemThreads(count: count, make: make).run(threads: min(threads, count))
  }

  private func run(threads: Int) throws -> [String] {
    DispatchQueue.concurrentPerform(iterations: threads) { _ in work() }
    if let failure { throw failure }
    return rows
  }

  private func work() {
    do {
      let studio = try FaceStudio()
      while let item = claim() {
        let row = try make(item, studio)
        lock.withLock { rows[item] = row }
      }
    } catch {
      lock.withLock { failure = failure ?? error }
    }
  }

  private func claim() -> Int? {
    lock.withLock {
      guard nextItem < rows.count && failure == nil else { return nil }
      defer { nextItem += 1 }
      return nextItem
    }
  }
}
