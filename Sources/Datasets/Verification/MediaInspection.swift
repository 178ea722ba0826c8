import Dispatch
import Foundation

/// Decodes the media of a data set on several threads, chunk by chunk, and hands on what was found in
/// the order of the lists, whatever the number of threads.
///
/// Sendable because `lock` is held wherever `next`, `done` and `outcomes` are touched, and each thread has
/// a probe of its own.
final class MediaInspection: @unchecked Sendable {
  /// Items between two reports; what they are is all that is held at once.
  private static let chunk = 512

  typealias Outcome = Result<MediaFacts?, any Error>

  private let lock = NSLock()
  private let probes: [MediaProbe]
  private let isDecoding: Bool
  private let progress: @Sendable (Int) -> Void
  private var next = 0
  private var done = 0
  private var outcomes: [Outcome] = []

  /// - Parameter progress: hears after each item how many are done, from one thread at a time.
  /// - Throws: `MediaError`, `DigestError` when a library cannot start.
  init(
    threads: Int, isDecoding: Bool, progress: @escaping @Sendable (Int) -> Void
  ) throws {
    self.isDecoding = isDecoding
    self.progress = progress
    probes = try (0..<max(1, threads)).map { _ in try MediaProbe() }
  }

  /// Inspects the items of a part.
  ///
  /// - Parameter use: gets index and outcome of each, in order, on the caller's thread.
  func inspect(_ part: VerifiedPart, _ use: (Int, MediaItem, Outcome) throws -> Void) throws {
    for start in stride(from: 0, to: part.itemCount, by: Self.chunk) {
      let items = start..<min(start + Self.chunk, part.itemCount)
      next = items.lowerBound
      outcomes = Array(repeating: .success(nil), count: items.count)
      DispatchQueue.concurrentPerform(iterations: probes.count) { thread in
        while let index = claim(below: items.upperBound) {
          let outcome = outcome(of: index, part, probes[thread])
          lock.withLock {
            outcomes[index - items.lowerBound] = outcome
            done += 1
            progress(done)
          }
        }
      }
      for (index, outcome) in zip(items, outcomes) { try use(index, part.item(index), outcome) }
    }
  }

  private func claim(below end: Int) -> Int? {
    lock.withLock {
      guard next < end else { return nil }
      defer { next += 1 }
      return next
    }
  }

  private func outcome(of index: Int, _ part: VerifiedPart, _ probe: MediaProbe) -> Outcome {
    Result {
      let item = part.item(index)
      if isDecoding { return try probe.facts(of: item, in: part.shards) }
      try MediaProbe.look(at: item)
      return nil
    }
  }
}
