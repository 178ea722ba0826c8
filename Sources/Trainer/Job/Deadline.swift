import Foundation

/// What it takes a run to leave: the slowest step and the slowest checkpoint so far, in seconds.
struct LeavingTime: Equatable, Sendable {
  /// A step, an evaluation that followed it included.
  private(set) var step = 0.0
  /// From the copy of what is learned until it is on disk: the slowest, or what is assumed before the first.
  var checkpoint: Double { slowestCheckpoint ?? assumedCheckpoint }
  /// What one may take that nobody has seen yet.
  var assumedCheckpoint = 0.0
  private var slowestCheckpoint: Double?

  /// Learns how long a step took.
  mutating func take(step seconds: Double) { step = max(step, seconds) }

  /// Learns how long a checkpoint took.
  mutating func take(checkpoint seconds: Double) {
    slowestCheckpoint = max(slowestCheckpoint ?? 0, seconds)
  }

  /// What to say where a scheduler that asks a job to stop may kill it too early; nil where there is time.
  ///
  /// - Parameter graceSeconds: how long it waits before it does.
  func warning(graceSeconds: Double) -> String? {
    guard step + checkpoint > graceSeconds else { return nil }
    return String(
      format: "a stop may take %.1f s (a step %.1f s, a checkpoint %.1f s), and the scheduler "
        + "kills the job after %.0f s, which loses all since the last checkpoint: ask for more "
        + "time, or lower checkpoint.every_steps",
      step + checkpoint, step, checkpoint, graceSeconds)
  }
}

/// When a job has to have left, of its own accord rather than by a scheduler's SIGKILL.
struct Deadline {
  /// Least seconds for the way out: a step, an evaluation's micro-batch, files that are no checkpoint.
  private static let leastSeconds = 5.0
  /// No job takes longer, and clocks count as far.
  private static let mostSeconds = 1e9

  private let end: ContinuousClock.Instant
  /// The limit in seconds; nil where the scheduler's end comes first.
  let limit: Double?

  /// The earlier of two ends.
  ///
  /// - Parameters:
  ///   - limit: seconds since `start`.
  ///   - date: of the system's clock, as schedulers tell it. One that is over is of another job, or was put
  ///     off since: it does not count.
  /// - Returns: nil where there is no end.
  init?(
    limit: Double?, since start: ContinuousClock.Instant = .now, date: Date?, now: Date = Date()
  ) {
    let left = date.map { $0.timeIntervalSince(now) }.flatMap { $0 > 0 ? $0 : nil }
    let own = limit.map { start.advanced(by: .seconds($0)) }
    let scheduled = left.map {
      ContinuousClock.now.advanced(by: .seconds(min($0, Self.mostSeconds)))
    }
    guard let first = [own, scheduled].compactMap({ $0 }).min() else { return nil }
    end = first
    self.limit = first == own ? limit : nil
  }

  /// Whether it is time to go.
  func isOver(leaving time: LeavingTime) -> Bool {
    .now.advanced(by: .seconds(Self.seconds(leaving: time))) >= end
  }

  /// The seconds that are kept free before the end: for two of the slowest steps and checkpoints, and some.
  static func seconds(leaving time: LeavingTime) -> Double {
    leastSeconds + 2 * (time.step + time.checkpoint)
  }
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

  /// A limit in whole seconds, at least one.
  public init(wholeSeconds: Int) {
    let all = max(1, wholeSeconds)
    seconds = Double(all)
    text = String(format: "%d:%02d:%02d", all / 3600, all / 60 % 60, all % 60)
  }
}
