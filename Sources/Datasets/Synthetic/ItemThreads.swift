import Foundation

/// Makes the items of a set on several threads.
///
/// Sendable because what threads share is only touched under `lock`.
final class ItemThreads: @unchecked Sendable {
  private let lock = NSCondition()
  private let make: @Sendable (Int, FaceStudio) throws -> String
  private var rows: [String]
  private var nextItem = 0
  private var liveThreads = 0
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
    liveThreads = threads
    for _ in 0..<threads {
      let thread = Thread { self.work() }
      thread.name = "aver-synth"
      thread.start()
    }
    lock.lock()
    defer { lock.unlock() }
    while liveThreads > 0 { lock.wait() }
    if let failure { throw failure }
    return rows
  }

  private func work() {
    do {
      let studio = try FaceStudio()
      while let item = claim() {
        let row = try make(item, studio)
        lock.lock()
        rows[item] = row
        lock.unlock()
      }
    } catch {
      lock.lock()
      failure = failure ?? error
      lock.unlock()
    }
    lock.lock()
    liveThreads -= 1
    lock.broadcast()
    lock.unlock()
  }

  private func claim() -> Int? {
    lock.lock()
    defer { lock.unlock() }
    guard nextItem < rows.count && failure == nil else { return nil }
    defer { nextItem += 1 }
    return nextItem
  }
}
