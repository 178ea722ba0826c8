import Foundation
import Trainer

/// Where batch jobs are handed in.
protocol Scheduler: Sendable {
  /// Hands a job in.
  ///
  /// - Parameters:
  ///   - submission: the job, its script being on disk.
  ///   - dependencies: the jobs that have to end well before it begins.
  /// - Returns: the scheduler's name for it.
  /// - Throws: `SchedulerFailure`.
  func submit(_ submission: Submission, after dependencies: [String]) throws -> String

  /// The jobs that were handed in under some tags, be it that they have ended; those that the scheduler knows of.
  ///
  /// - Throws: `SchedulerFailure`.
  func jobs(tagged tags: Set<String>) throws -> [String: String]

  /// What is known of a job; nil where the scheduler has forgotten it.
  ///
  /// - Throws: `SchedulerFailure`.
  func state(of job: String) throws -> JobState?

  /// Ends jobs; those that have ended already are none that matter.
  ///
  /// - Throws: `SchedulerFailure`.
  func cancel(_ jobs: [String]) throws

  /// What is known of some jobs, by their names, with as few calls as there may be. Who wants to know how a
  /// job ended asks for its state.
  ///
  /// - Throws: `SchedulerFailure`.
  func states(of jobs: [String]) throws -> [String: JobState]

  /// How some jobs ended, by their names, with few calls: those that nobody knows of any more are left out.
  ///
  /// - Throws: `SchedulerFailure`.
  func ends(of jobs: [String]) throws -> [String: JobState]
}

extension Scheduler {
  func job(tagged tag: String) throws -> String? { try jobs(tagged: [tag])[tag] }

  func ends(of jobs: [String]) throws -> [String: JobState] { try states(of: jobs) }

  func states(of jobs: [String]) throws -> [String: JobState] {
    var states: [String: JobState] = [:]
    for job in jobs { states[job] = try state(of: job) }
    return states
  }
}

/// A job as it is handed in.
struct Submission: Equatable, Sendable {
  /// The file with the script.
  var script: String
  /// The file for what the job prints, in the scheduler's words.
  var log: String
  /// What it is found again by, where nobody knows whether it was taken.
  var tag: String
  /// Nodes that it must not have, in the scheduler's words; PBS knows no such wish.
  var avoided: [String] = []
}

/// What a scheduler says instead of doing what it was asked.
enum SchedulerFailure: Error, Equatable {
  /// It cannot be reached, or has too much to do: later it may.
  case away(String)
  /// It has heard, and will not.
  case refused(String)
}

/// Where a batch job stands.
struct JobState: Equatable, Sendable {
  /// What there is to do with it.
  enum Phase: String, Codable, Sendable {
    case waiting, running, ended
  }

  /// Whether it waits, runs or has ended.
  var phase: Phase
  /// The scheduler's word for it.
  var word: String
  /// Why it waits or how it ended, in plain words; nil where there is nothing to say.
  var explanation: String?
  /// What it left with; nil while it has not, and where that is not known.
  var status: Int32?
  /// The nodes it has, in the scheduler's words.
  var nodes: String?

  /// Whether it was ended, and has done nothing wrong: by somebody, or by what befell its node.
  var wasEnded: Bool {
    ["PREEMPTED", "CANCELLED", "NODE_FAIL", "BOOT_FAIL", "DEADLINE"].contains(word)
  }

  /// Whether it left with a status that this project's programs leave with: they have come to speak.
  var isOwnWord: Bool { status.flatMap(ExitStatus.init(rawValue:)) != nil }

  /// Whether it has ended otherwise than it was to: neither well nor because it was ended.
  var hasFailed: Bool {
    guard phase == .ended, let status else { return false }
    return ![ExitStatus.finished, .preempted].map(\.rawValue).contains(status) && !wasEnded
  }
}

extension ExternalCommand {
  /// What a scheduler's program prints.
  ///
  /// - Parameters:
  ///   - words: the program and its arguments.
  ///   - isAway: whether an error is one that time may mend.
  ///   - explained: an error with what it means.
  /// - Throws: `SchedulerFailure`, what `run` throws.
  func answer(
    to words: [String], isAway: (String) -> Bool, explained: (String) -> String = { $0 }
  ) throws -> String {
    let outcome = try run(words)
    guard outcome.status != 0 else { return outcome.output }
    // Some complain on their standard output.
    let said = [outcome.errors, outcome.output].map {
      $0.trimmingCharacters(in: .whitespacesAndNewlines)
    }.first { !$0.isEmpty }
    let text = said ?? "\(words[0]) ended with \(outcome.status)"
    // 137: it was killed because it waited too long.
    throw outcome.status == 137 || isAway(text)
      ? SchedulerFailure.away(text) : SchedulerFailure.refused(explained(text))
  }
}
