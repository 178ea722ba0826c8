/// An executor that measures what another takes.
final class TimedExecutor: TrialExecutor {
  /// So far.
  private(set) var time = Duration.zero
  private let executor: any TrialExecutor

  init(_ executor: any TrialExecutor) { self.executor = executor }

  var outlivesSweep: Bool { executor.outlivesSweep }
  var pauses: ClosedRange<Duration> { executor.pauses }

  func begin(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    try measuring { try executor.begin(trainings) }
  }

  func look(at trainings: [TrialTraining]) throws -> [TrainingSight] {
    try measuring { try executor.look(at: trainings) }
  }

  func end(_ trainings: [TrialTraining], atOnce: Bool) throws {
    try measuring { try executor.end(trainings, atOnce: atOnce) }
  }

  private func measuring<Value>(_ body: () throws -> Value) rethrows -> Value {
    let start = ContinuousClock.now
    defer { time += ContinuousClock.now - start }
    return try body()
  }
}
