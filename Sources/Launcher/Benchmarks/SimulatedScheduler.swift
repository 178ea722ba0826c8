import Foundation
import Trainer

/// A scheduler with room for any number of jobs, in a time of its own: it counts what it is asked.
final class SimulatedScheduler: Scheduler, @unchecked Sendable {
  private struct Job {
    var run: String
    var end: Duration
    var hasEnded = false
  }

  /// Since the beginning.
  var time = Duration.zero
  /// How often it was asked anything.
  private(set) var calls = 0
  /// How many jobs have ended.
  private(set) var ends = 0
  /// What the trainings took of the time that everybody has.
  private(set) var trainingTime = Duration.zero
  /// Trains what is in a run's folder.
  var train: (_ run: String) throws -> Void = { _ in }

  private let duration: (_ run: String) -> Duration
  private var jobs: [String: Job] = [:]
  private var submissions = 0

  /// - Parameter duration: how long a run's job takes, the wait for its nodes included.
  init(duration: @escaping (_ run: String) -> Duration) { self.duration = duration }

  func submit(_ submission: Submission, after dependencies: [String]) throws -> String {
    calls += 1
    submissions += 1
    // It lies in a folder of the run, or of the array.
    let folder = URL(fileURLWithPath: submission.script).deletingLastPathComponent()
      .deletingLastPathComponent().path
    do {
      guard let members = try SubmissionRecord.members(ofArray: folder) else {
        jobs["\(submissions)"] = Job(run: folder, end: time + duration(folder))
        return "\(submissions)"
      }
      for (index, run) in members.enumerated() {
        jobs["\(submissions)_\(index)"] = Job(run: run, end: time + duration(run))
      }
    } catch {
      throw SchedulerFailure.refused("\(error)")
    }
    return "\(submissions)"
  }

  func jobs(tagged tags: Set<String>) throws -> [String: String] {
    calls += 1
    return [:]
  }

  func state(of job: String) throws -> JobState? {
    calls += 1
    return try known(job)
  }

  func states(of jobs: [String]) throws -> [String: JobState] {
    calls += 1
    var states: [String: JobState] = [:]
    for job in jobs { states[job] = try known(job) }
    return states
  }

  func cancel(_ jobs: [String]) throws {
    calls += 1
    for job in jobs { self.jobs[job] = nil }
  }

  private func known(_ name: String) throws -> JobState? {
    guard let job = jobs[name] else { return nil }
    guard job.end <= time else { return JobState(phase: .running, word: "RUNNING", nodes: "n1") }
    if !job.hasEnded {
      let start = ContinuousClock.now
      try train(job.run)
      trainingTime += ContinuousClock.now - start
      ends += 1
      jobs[name]?.hasEnded = true
    }
    return JobState(phase: .ended, word: "COMPLETED", status: 0, nodes: "n1")
  }
}
