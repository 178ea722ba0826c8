import Trainer

/// What a job failed of, as far as it can be known: a sentence and perhaps a host.
struct FailureFinding: Equatable, Sendable {
  /// Such as `rank 3 on n2 was killed by signal 9`.
  let sentence: String
  /// The host to blame.
  let host: String?

  /// - Parameters:
  ///   - end: how the program that ran the ranks ended.
  ///   - starter: its name.
  ///   - notices: what it said.
  ///   - crashes: what ranks wrote since the start.
  init(
    end: JobEnd, starter: String, notices: [FailureNotice], crashes: some Collection<CrashReport>
  ) {
    // Ranks that fail because another did come later, or on the same second with a higher number.
    let crash = crashes.min { ($0.time, $0.rank) < ($1.time, $1.rank) }
    // The system's word about a host stands above what a rank could still write.
    if let notice = notices.first(where: \.isCertain) {
      (sentence, host) = (notice.sentence(starter: starter), notice.host)
    } else if let crash {
      sentence =
        "rank \(crash.rank) on \(crash.host) failed with \(crash.exitCode) at \(crash.activity): "
        + Self.beginning(of: crash.error)
      // Who waits is not to blame, and of several hosts nobody can tell which is.
      host = crash.missingHosts.map { Set($0).count == 1 ? $0[0] : nil } ?? crash.host
    } else if let notice = notices.first {
      (sentence, host) = (notice.sentence(starter: starter), notice.host)
    } else {
      sentence =
        switch end {
        case .killed(let signal): "\(starter) was killed by signal \(signal)"
        case .exited(let status): "\(starter) ended with \(status)"
        }
      host = nil
    }
  }

  /// The first line of a message, and not more of it than a log's line has room for.
  private static func beginning(of error: String) -> String {
    let line = error.split(separator: "\n").first.map(String.init) ?? ""
    return line.count > 200 ? line.prefix(200) + "…" : line
  }
}

extension FailureNotice {
  fileprivate var isCertain: Bool {
    switch cause {
    case .signal, .lostHost: true
    case .exited, .aborted: false
    }
  }

  fileprivate func sentence(starter: String) -> String {
    let who = (rank.map { "rank \($0)" } ?? "a rank") + (host.map { " on \($0)" } ?? "")
    return switch cause {
    case .signal(let signal): "\(who) was killed by signal \(signal)"
    case .exited(let status), .aborted(let status): "\(who) ended with \(status)"
    case .lostHost: "\(starter) lost \(host ?? "a host")"
    }
  }
}
