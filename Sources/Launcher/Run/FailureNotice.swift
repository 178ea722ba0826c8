/// What mpirun or srun says about the end of a rank, put together from the lines that it prints.
///
/// - Source: Open MPI 4.1, `help-orterun.txt`, `help-errmgr-base.txt` and `help-mpi-api.txt`.
struct FailureNotice: Equatable, Sendable {
  /// What happened.
  enum Cause: Equatable, Sendable {
    case signal(Int32)
    case exited(Int32)
    case aborted(Int32)
    case lostHost
  }

  var cause: Cause
  var rank: Int?
  var host: String?
}

/// Finds notices among the lines of a job's standard error.
struct FailureNoticeReader: Sendable {
  /// What was said first of each kind: the rest follows from it.
  private(set) var notices: [FailureNotice] = []
  private var abortedRank: Int?
  private var exitedRank: Int?

  /// Takes one line.
  mutating func read(_ line: String) {
    if let notice = Self.killedRank(line) ?? Self.lostHost(line) ?? Self.slurmTask(line) {
      notices.append(notice)
    } else if let match = line.firstMatch(of: /MPI_ABORT was invoked on rank (\d+) in/) {
      abortedRank = Int(match.1)
    } else if let rank = abortedRank, let match = line.firstMatch(of: /^with errorcode (\d+)/) {
      notices.append(FailureNotice(cause: .aborted(Int32(match.1) ?? 1), rank: rank))
      abortedRank = nil
    } else if let match = line.firstMatch(of: /^\s*Process name: \[\[\d+,\d+\],(\d+)\]/) {
      exitedRank = Int(match.1)
    } else if let rank = exitedRank, let match = line.firstMatch(of: /^\s*Exit code:\s+(\d+)/) {
      notices.append(FailureNotice(cause: .exited(Int32(match.1) ?? 1), rank: rank))
      exitedRank = nil
    }
  }

  private static func killedRank(_ line: String) -> FailureNotice? {
    let pattern = /process rank (\d+) with PID \d+ on node (\S+) exited on signal (\d+)/
    guard let match = line.firstMatch(of: pattern), let signal = Int32(match.3) else { return nil }
    return FailureNotice(cause: .signal(signal), rank: Int(match.1), host: String(match.2))
  }

  private static func lostHost(_ line: String) -> FailureNotice? {
    let patterns = [
      /^\s*Remote daemon: \[\[\d+,\d+\],\d+\] on node (\S+)/,
      /^srun: error: Node failure on (\S+)/,
    ]
    return patterns.lazy.compactMap { line.firstMatch(of: $0) }.first.map {
      FailureNotice(cause: .lostHost, host: String($0.1))
    }
  }

  private static func slurmTask(_ line: String) -> FailureNotice? {
    guard let match = line.firstMatch(of: /^srun: error: (\S+): tasks? (\d+)[^:]*: (.+)$/) else {
      return nil
    }
    let (host, rank) = (String(match.1), Int(match.2))
    if let code = match.3.firstMatch(of: /Exited with exit code (\d+)/) {
      return FailureNotice(cause: .exited(Int32(code.1) ?? 1), rank: rank, host: host)
    }
    let signals = ["Killed": 9, "Segmentation fault": 11, "Aborted": 6, "Bus error": 7]
    let signal = signals.first { match.3.hasPrefix($0.key) }?.value
    return signal.map {
      FailureNotice(cause: .signal(Int32($0)), rank: rank, host: host)
    }
  }
}
