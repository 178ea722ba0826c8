import Foundation

@testable import Launcher

/// Trainings that take turns of the sweep instead of time, and leave run folders as real ones do. It stands for a
/// cluster: it knows of its trainings, whatever becomes of the sweep.
final class SimulatedExecutor: TrialExecutor {
  /// How a training goes.
  struct Course {
    /// Looks until it comes to where it pauses.
    var looks = 1
    /// Statuses of the starts that fail; the others do well.
    var failures: [Int32] = []
  }

  var outlivesSweep = true
  let pauses: ClosedRange<Duration> = .zero ... .zero

  private struct Job {
    var training: TrialTraining
    var looks: Int
    var failure: Int32?
  }

  /// The last update of a training.
  private let steps: Int
  private let course: (TrialTraining) -> Course
  private let loss: (TrialTraining, _ step: Int) -> Double
  private var jobs: [String: Job] = [:]
  private var statuses: [String: Int32] = [:]
  /// How often each run was begun, by its folder and the update it was to come to.
  private(set) var starts: [String: Int] = [:]
  /// Trainings that were begun while they ran, or when they had come there already.
  private(set) var mistakes: [String] = []
  /// The most that ran at the same time.
  private(set) var mostJobs = 0
  /// How many run at the same time, whatever the sweep wants.
  var room = Int.max
  /// What begins nothing more, while there is one.
  var delay: SweepDelay?

  init(
    steps: Int, course: @escaping (TrialTraining) -> Course = { _ in Course() },
    loss: @escaping (TrialTraining, _ step: Int) -> Double
  ) {
    (self.steps, self.course, self.loss) = (steps, course, loss)
  }

  func begin(_ trainings: [TrialTraining]) throws -> [TrialTraining] {
    if let delay { throw delay }
    let trainings = Array(trainings.prefix(max(0, room - jobs.count)))
    if trainings.isEmpty { throw SweepDelay(reason: "there is no room") }
    for training in trainings {
      if jobs[training.run] != nil { mistakes.append("\(training.run) is running") }
      if training.isThere { mistakes.append("\(training.run) is at \(training.target ?? steps)") }
      let key = "\(training.run) \(training.target ?? steps)"
      let number = starts[key, default: 0]
      starts[key] = number + 1
      let course = course(training)
      jobs[training.run] = Job(
        training: training, looks: course.looks,
        failure: number < course.failures.count ? course.failures[number] : nil)
      statuses[training.run] = nil
    }
    mostJobs = max(mostJobs, jobs.count)
    return trainings
  }

  func look(at trainings: [TrialTraining]) throws -> [TrainingSight] {
    for (run, job) in jobs {
      jobs[run]?.looks -= 1
      guard job.looks <= 1 else { continue }
      jobs[run] = nil
      statuses[run] = job.failure ?? 0
      if job.failure == nil { try job.training.simulate(steps: steps, loss: loss) }
    }
    return trainings.map { training in
      if jobs[training.run] != nil { return .underWay(nil) }
      let status = statuses[training.run]
      return .ended(status: status, words: status == 0 ? nil : "made to fail")
    }
  }

  func end(_ trainings: [TrialTraining], atOnce: Bool) throws {
    guard outlivesSweep else { return }
    for training in trainings { jobs[training.run] = nil }
  }
}
