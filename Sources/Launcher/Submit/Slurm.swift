import Foundation

/// Slurm, by its commands.
///
/// - Source: sbatch(1), squeue(1), scontrol(1), sacct(1) of Slurm 22.05 to 24.11.
struct Slurm: Scheduler {
  private let command: ExternalCommand

  init(command: ExternalCommand = ExternalCommand()) { self.command = command }

  func submit(_ submission: Submission, after dependencies: [String]) throws -> String {
    let order =
      dependencies.isEmpty
      ? []
      // Or a job whose turn never comes would wait for ever.
      : [
        "--dependency=afterok:\(dependencies.joined(separator: ":"))", "--kill-on-invalid-dep=yes",
      ]
    let avoidance =
      submission.avoided.isEmpty ? [] : ["--exclude=\(submission.avoided.joined(separator: ","))"]
    let output = try run(
      ["sbatch", "--parsable", "--output=\(submission.log)", "--comment=\(submission.tag)"] + order
        + avoidance + [submission.script])
    // `12` or `12;cluster`, behind what a site's plug-ins may print.
    let last = output.split(separator: "\n").last ?? ""
    guard let job = last.split(separator: ";").first, job.allSatisfy(\.isNumber) else {
      throw SchedulerFailure.refused("sbatch answered '\(last)' instead of a job's number")
    }
    return String(job)
  }

  func jobs(tagged tags: Set<String>) throws -> [String: String] {
    let lines = try run([
      "squeue", "--me", "--states=all", "--noheader", "--array-unique", "--format=%A|%k",
    ])
    let jobs = lines.split(separator: "\n").compactMap { line -> (String, String)? in
      let parts = line.split(separator: "|", maxSplits: 1).map(String.init)
      return parts.count == 2 && tags.contains(parts[1]) ? (parts[1], parts[0]) : nil
    }
    return Dictionary(jobs) { first, _ in first }
  }

  func state(of job: String) throws -> JobState? {
    let output: String
    do {
      output = try run(["scontrol", "show", "job", "--oneliner", job])
    } catch SchedulerFailure.refused(let words)
      where words.contains("Invalid job id") || words.contains("not found")
    {
      // A member of an array that was cancelled while it waited is not found either.
      return try accountedState(of: job)
    }
    return output.split(separator: "\n").first.flatMap { JobState(ofSlurm: Self.fields($0)) }
  }

  /// What the accounts tell of a job that the controller has forgotten: some minutes after its end it does.
  private func accountedState(of job: String) throws -> JobState? { try accounts(of: [job])[job] }

  func ends(of jobs: [String]) throws -> [String: JobState] {
    guard !jobs.isEmpty else { return [:] }
    let accounted = try accounts(of: jobs)
    // Where there are no accounts, one question for each is left.
    let others = accounted.isEmpty ? jobs : []
    return try others.reduce(into: accounted) { $0[$1] = try state(of: $1) }
  }

  /// What the accounts tell of jobs.
  private func accounts(of jobs: [String]) throws -> [String: JobState] {
    let output: String
    do {
      output = try run([
        "sacct", "--jobs=\(jobs.joined(separator: ","))", "--allocations", "--noheader",
        "--parsable2", "--format=JobID,State,ExitCode,NodeList",
      ])
    } catch SchedulerFailure.refused {
      // Not every site keeps accounts.
      return [:]
    }
    // The last of several starts counts.
    return output.split(separator: "\n").reduce(into: [:]) { states, line in
      let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      // `CANCELLED by 1000`
      guard parts.count == 4, let word = parts[1].split(separator: " ").first else { return }
      states[parts[0]] = JobState(
        ofSlurm: ["JobState": "\(word)", "ExitCode": parts[2], "NodeList": parts[3]])
    }
  }

  func cancel(_ jobs: [String]) throws {
    guard !jobs.isEmpty else { return }
    _ = try run(["scancel", "--quiet"] + jobs)
  }

  func states(of jobs: [String]) throws -> [String: JobState] {
    guard !jobs.isEmpty else { return [:] }
    // One call for all, however many there are; those that are not wanted are few.
    let lines = try run([
      "squeue", "--me", "--states=all", "--noheader", "--array", "--format=%i|%T|%r|%N",
    ])
    let wanted = Set(jobs)
    var states: [String: JobState] = [:]
    for line in lines.split(separator: "\n") {
      let parts = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 4, wanted.contains(parts[0]) else { continue }
      states[parts[0]] = JobState(
        ofSlurm: ["JobState": parts[1], "Reason": parts[2], "NodeList": parts[3]])
    }
    return states
  }

  /// `JobState=PENDING Reason=Priority …`; values with spaces in them are not asked for.
  private static func fields(_ line: Substring) -> [Substring: String] {
    let pairs = line.split(separator: " ").compactMap { word -> (Substring, String)? in
      let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return parts.count == 2 ? (parts[0], String(parts[1])) : nil
    }
    return Dictionary(pairs) { first, _ in first }
  }

  private func run(_ words: [String]) throws -> String {
    try command.answer(
      to: words, isAway: SlurmWords.isAway, explained: SlurmWords.explained)
  }
}

extension JobState {
  /// What `scontrol show job` says of a job; nil where that is nothing known.
  init?(ofSlurm fields: [Substring: String]) {
    guard let word = fields["JobState"] else { return nil }
    self.init(
      phase: SlurmWords.phase(ofState: word), word: word,
      explanation: SlurmWords.explanation(
        state: word, reason: fields["Reason"] ?? "None", exit: fields["ExitCode"]),
      status: SlurmWords.phase(ofState: word) == .ended
        ? fields["ExitCode"].flatMap(SlurmWords.status) : nil,
      nodes: fields["NodeList"].flatMap { ["", "(null)"].contains($0) ? nil : $0 })
  }
}
