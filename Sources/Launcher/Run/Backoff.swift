/// Waiting times that double: 1, 2, 4 … seconds, up to a longest one.
struct Backoff: Equatable, Sendable {
  /// What is never exceeded.
  let longestSeconds: Int
  private var nextSeconds = 1

  init(longestSeconds: Int) { self.longestSeconds = longestSeconds }

  /// The next time to wait, in seconds.
  mutating func next() -> Int {
    defer { nextSeconds = min(longestSeconds, 2 * nextSeconds) }
    return nextSeconds
  }

  /// Begins again with one second.
  mutating func reset() { nextSeconds = 1 }
}
