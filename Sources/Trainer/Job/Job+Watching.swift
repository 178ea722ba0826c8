import Distributed
import Foundation

extension Job {
  /// Watches from now on that no rank waits for ever for the others. Collective.
  func startWatching(_ limits: Watchdog.Limits) throws {
    guard communicator.worldSize > 1 else { return }
    let lastWords = lastWords
    let presence = communicator.presence
    watchdog = try Watchdog(
      communicator: communicator, limits: limits,
      listener: Watchdog.Listener(
        describe: Activity.description(of:),
        // On a thread of its own: whoever should read it may not, and watching goes on.
        warn: { text in Thread.detachNewThread { Self.printError("warning: \(text)") } },
        end: { text, hosts in
          let status = ExitStatus.hung
          Communicator.leaveSoon(exitCode: status.rawValue)
          Self.sayLast("\(text)\nThe job ends with \(status.rawValue) (watchdog.stop_seconds)")
          lastWords.record(text, status: status, during: presence.activity, missing: hosts)
          Communicator.abort(exitCode: status.rawValue)
        },
        fail: { Self.sayLast($0) },
        endAfterFailure: { Communicator.abort(exitCode: $0) },
        prepareEnd: { Communicator.leaveSoon(exitCode: $0) },
        hungStatus: ExitStatus.hung.rawValue))
  }
}

extension Watchdog.Limits {
  /// Those of a command that nobody gave others.
  public static let usual = Watchdog.Limits(warning: 60, end: 1800)
  /// Those of a command whose ranks may work for hours before they meet.
  public static let patient = Watchdog.Limits(warning: 3600, end: .infinity)
}

extension CallLimit {
  /// A limit on calls into which no other rank looks: the process ends, and with it the job.
  static func inSilence(_ seconds: Double) -> CallLimit {
    CallLimit(seconds: seconds) { call in
      Job.printError(
        "process \(getpid()) on \(ProcessInfo.processInfo.hostName) has waited in \(call) for "
          + "\(Int(seconds)) s, for ranks that cannot be told: the job ends with "
          + "\(ExitStatus.hung.rawValue)")
      _exit(ExitStatus.hung.rawValue)
    }
  }
}
