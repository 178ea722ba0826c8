/// How long a sweep waits between two turns: the longer, the longer nothing has happened.
struct TurnPauses {
  private let range: ClosedRange<Duration>
  private var pause: Duration

  /// - Parameter range: the shortest and the longest pause.
  init(_ range: ClosedRange<Duration>) { (self.range, pause) = (range, range.lowerBound) }

  /// The pause after a turn.
  mutating func next(after turn: SweepController.Turn) -> Duration {
    if turn == .moved { pause = range.lowerBound }
    defer { if turn == .idle { pause = min(range.upperBound, pause * 3 / 2) } }
    return pause
  }
}
