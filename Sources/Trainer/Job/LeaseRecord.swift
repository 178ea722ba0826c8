import Foundation

/// Who has a run folder: the content of its `lease.json`.
struct LeaseRecord: Codable, Equatable, Sendable {
  /// Different for each holder.
  var token: String
  /// Where it runs.
  var host: String
  /// The holder as a process, see `FileWriter.name`.
  var process: String
  /// When the process was started, as the kernel counts: numbers of processes are given again.
  var started: String
  /// The scheduler's job; nil outside of one.
  var job: String?
  /// How often the scheduler has started it again.
  var restarts: Int
  /// Since when.
  var since: String
  /// Grows while the holder lives. Always of the same length, so that it is written in place.
  var beat: String

  /// This process.
  static func own(host: String, _ job: ScheduledJob?, date: Date = Date()) -> LeaseRecord {
    let process = FileWriter.current
    return LeaseRecord(
      token: UUID().uuidString, host: host, process: process.name,
      started: startTime(of: process.process) ?? "unknown", job: job?.name,
      restarts: job?.restarts ?? 0, since: date.formatted(.iso8601), beat: beat(0))
  }

  /// A beat's text.
  static func beat(_ number: Int) -> String { String(format: "%012d", number) }

  /// What is known of a holder's life.
  enum Verdict: Equatable {
    case alive
    case dead
    /// It runs where this process cannot look.
    case unknown
  }

  /// Whether the holder lives, as far as process `own` can tell.
  func verdict(by own: LeaseRecord) -> Verdict {
    // A scheduler that starts a job again has ended it before.
    if let job, job == own.job, restarts < own.restarts { return .dead }
    guard let holder = FileWriter(name: Substring(process)),
      let observer = FileWriter(name: Substring(own.process)),
      holder.numbering == observer.numbering, holder.isKnown
    else { return .unknown }
    return Self.startTime(of: holder.process) == started ? .alive : .dead
  }

  /// The holder in words.
  var description: String {
    let job = job.map { ", job \($0)" } ?? ""
    let process = process.split(separator: "-").last.map(String.init) ?? process
    return "process \(process) on \(host)\(job), since \(since)"
  }

  /// When a process was started; nil where none of this number lives.
  private static func startTime(of process: Int32) -> String? {
    guard let status = ProcessStatus(of: process), !status.hasEnded else { return nil }
    return "\(status.startTicks)"
  }
}
