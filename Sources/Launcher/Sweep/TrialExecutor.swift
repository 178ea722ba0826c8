/// Where the trainings of a sweep run.
protocol TrialExecutor: AnyObject {
  /// Whether trainings go on where the sweep does not.
  var outlivesSweep: Bool { get }
  /// The shortest and the longest time between two looks.
  var pauses: ClosedRange<Duration> { get }

  /// Begins trainings, or goes on with them, as many as there is room for.
  ///
  /// - Returns: those.
  /// - Throws: `SweepDelay` where that is none, and to be tried again later, `LaunchError`, `TrainerError`.
  func begin(_ trainings: [TrialTraining]) throws -> [TrialTraining]

  /// What has become of trainings, in their order; also of those that an earlier start of the sweep has begun.
  ///
  /// - Throws: as `begin`.
  func look(at trainings: [TrialTraining]) throws -> [TrainingSight]

  /// Ends trainings, with a checkpoint where there is time for one.
  ///
  /// - Throws: as `begin`.
  func end(_ trainings: [TrialTraining], atOnce: Bool) throws
}

/// What is to be seen of a training from outside.
enum TrainingSight: Equatable {
  /// It runs, or waits to, or somebody else has its folder; why, where there is something to say.
  case underWay(String?)
  /// Nothing runs; how it ended, where that is known.
  case ended(status: Int32?, words: String?)
}

/// Why something has to wait that a sweep wants: nothing is lost.
struct SweepDelay: Error, Equatable {
  /// In words.
  var reason: String
}
