import Foundation
import Trainer

/// OpenPBS and PBS Professional, by their commands.
///
/// - Source: PBS Professional 2022.1 Reference Guide: qsub, qstat, "Job Substates and States".
struct PBS: Scheduler {
  private let command: ExternalCommand
  /// The variable that carries a submission's tag: PBS has no other place that it keeps as it is.
  private static let tagName = "AVER_SUBMISSION"

  init(command: ExternalCommand = ExternalCommand()) { self.command = command }

  func submit(_ submission: Submission, after dependencies: [String]) throws -> String {
    let order =
      dependencies.isEmpty ? [] : ["-W", "depend=afterok:\(dependencies.joined(separator: ":"))"]
    let output = try run(
      ["qsub", "-o", submission.log, "-v", "\(Self.tagName)=\(submission.tag)"] + order
        + [submission.script])
    guard let job = output.split(separator: "\n").last, !job.isEmpty else {
      throw SchedulerFailure.refused("qsub named no job")
    }
    return String(job)
  }

  func jobs(tagged tags: Set<String>) throws -> [String: String] {
    let tagged = Self.jobs(in: try run(["qstat", "-x", "-f", "-w"])).compactMap { job in
      let words = job.fields["Variable_List"]?.split(separator: ",") ?? []
      let tag = words.first { $0.hasPrefix("\(Self.tagName)=") }?.dropFirst(Self.tagName.count + 1)
      return tag.map { (String($0), job.name) }
    }
    return Dictionary(tagged) { first, _ in first }.filter { tags.contains($0.key) }
  }

  func cancel(_ jobs: [String]) throws {
    guard !jobs.isEmpty else { return }
    do {
      _ = try run(["qdel"] + jobs)
    } catch SchedulerFailure.refused(let words)
      where words.contains("Unknown Job Id") || words.contains("has finished")
    {}
  }

  func state(of job: String) throws -> JobState? {
    do {
      let output = try run(["qstat", "-x", "-f", "-w", job])
      return Self.jobs(in: output).first.flatMap { JobState(ofPBS: $0.fields) }
    } catch SchedulerFailure.refused(let words) where words.contains("Unknown Job Id") {
      return nil
    }
  }

  func states(of jobs: [String]) throws -> [String: JobState] {
    guard !jobs.isEmpty else { return [:] }
    do {
      let output = try run(["qstat", "-x", "-f", "-w"] + jobs)
      let states = Self.jobs(in: output).compactMap { job in
        JobState(ofPBS: job.fields).map { (job.name, $0) }
      }
      return Dictionary(states) { first, _ in first }
    } catch SchedulerFailure.refused(let words) where words.contains("Unknown Job Id") {
      // It says so of one, and is silent about the others.
      let states = try jobs.map { job in (job, try state(of: job)) }
      return Dictionary(uniqueKeysWithValues: states).compactMapValues { $0 }
    }
  }

  /// The jobs that `qstat -f -w` tells of, a line a field.
  static func jobs(in output: String) -> [(name: String, fields: [String: String])] {
    var jobs: [(name: String, fields: [String: String])] = []
    for line in output.split(separator: "\n") {
      if line.hasPrefix("Job Id: ") {
        jobs.append((String(line.dropFirst("Job Id: ".count)), [:]))
      } else if let equals = line.range(of: " = "), !jobs.isEmpty {
        let name = line[..<equals.lowerBound].trimmingCharacters(in: .whitespaces)
        jobs[jobs.count - 1].fields[name] = String(line[equals.upperBound...])
      }
    }
    return jobs
  }

  private func run(_ words: [String]) throws -> String {
    try command.answer(to: words) { text in
      ["cannot connect to server", "Connection refused", "timed out", "Server busy"].contains {
        text.localizedStandardContains($0)
      }
    }
  }
}

extension JobState {
  /// What `qstat -f` says of a job; nil where that is nothing known.
  init?(ofPBS fields: [String: String]) {
    guard let word = fields["job_state"] else { return nil }
    let exit = fields["Exit_status"].flatMap { Int32($0) }
    let explanation: String? =
      switch word {
      case "Q", "H", "W", "T", "M": fields["comment"]
      case "F", "X": exit.map(Self.ending)
      default: nil
      }
    self.init(
      // 256 and SIGTERM: somebody ended it, which PBS has no word for.
      phase: Self.phase(ofPBS: word), word: exit == 256 + SIGTERM ? "CANCELLED" : word,
      explanation: explanation, status: exit, nodes: fields["exec_host"])
  }

  private static func phase(ofPBS word: String) -> Phase {
    switch word {
    case "Q", "H", "W", "T", "M": .waiting
    case "R", "E", "S", "U", "B": .running
    default: .ended
    }
  }

  private static func ending(_ status: Int32) -> String {
    // PBS adds 256 to the signal that has ended a job; those below 0 are its own failures.
    if status > 256 { return "killed by signal \(status - 256)" }
    if status < 0 { return "could not be run (PBS says \(status))" }
    return ExitStatus(rawValue: status).map { "\($0.meaning) (\(status))" }
      ?? "failed with status \(status)"
  }
}
