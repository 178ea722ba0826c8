import Foundation

/// When a job has to have left, of its own accord rather than by a scheduler's SIGKILL.
final class Deadline {
  /// Least seconds for the way out: a step, an evaluation's micro-batch, files that are no checkpoint.
  private static let leastSeconds = 5.0

  private let end: ContinuousClock.Instant
  /// What leaving takes.
  private var neededSeconds = leastSeconds

  /// The earlier of two ends.
  ///
  /// - Parameters:
  ///   - limit: seconds from now on.
  ///   - date: of the system's clock, as schedulers tell it.
  /// - Returns: nil where neither is given.
  init?(limit: Double?, date: Date?, now: Date = Date()) {
    let seconds = [limit, date?.timeIntervalSince(now)].compactMap { $0 }
    guard let least = seconds.min() else { return nil }
    end = .now.advanced(by: .seconds(least))
  }

  /// Learns what a step and a checkpoint take: time for two of each is kept free.
  func leave(stepSeconds: Double, checkpointSeconds: Double) {
    neededSeconds = max(
      neededSeconds, Self.leastSeconds + 2 * (stepSeconds + checkpointSeconds))
  }

  /// Whether it is time to go.
  var isOver: Bool { .now.advanced(by: .seconds(neededSeconds)) >= end }
}

/// Seconds in the words of schedulers.
public struct TimeLimit: Equatable, Sendable {
  /// Seconds.
  public let seconds: Double
  /// As it was given.
  public let text: String

  /// Reads `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`, `days-hours:minutes` or
  /// `days-hours:minutes:seconds`, as Slurm's `--time` does; nil for anything else, and for no time at all.
  public init?(_ text: String) {
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = (halves.last ?? "").split(separator: ":", omittingEmptySubsequences: false)
      .map { $0.allSatisfy(\.isNumber) ? Int($0) : nil }
    let days = halves.count == 2 ? Int(halves[0]) : 0
    let units: [Int]? =
      switch (halves.count, numbers.count) {
      case (1, 1): [60]
      case (1, 2): [60, 1]
      case (1, 3), (2, 3): [3600, 60, 1]
      case (2, 1): [3600]
      case (2, 2): [3600, 60]
      default: nil
      }
    guard let units, let days, days >= 0, numbers.allSatisfy({ 0...1_000_000 ~= $0 ?? -1 })
    else { return nil }
    let rest = zip(numbers.compactMap { $0 }, units).reduce(0) { $0 + $1.0 * $1.1 }
    guard days < 100_000, days * 86_400 + rest > 0 else { return nil }
    seconds = Double(days * 86_400 + rest)
    self.text = text
  }
}
