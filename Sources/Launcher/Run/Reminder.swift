import Foundation

/// When a job is told the next time that it is to end, and how.
///
/// An mpirun that has no ranks yet swallows what it should pass on, and a signal a second says nothing
/// new to a rank that has heard it.
struct Reminder {
  /// How long an mpirun that was told to end at once has for that.
  private static let patience = Duration.seconds(10)

  /// What it reminds of.
  let stop: StopRequest
  private var due = ContinuousClock.now
  private var backoff = Backoff(longestSeconds: 8)
  private var wasTold = false

  init(of stop: StopRequest) { self.stop = stop }

  /// The time until then.
  var time: Duration { stop == .none ? .seconds(3600) : due - .now }

  /// The signal to send, if it is time.
  mutating func signalIfDue() -> Int32? {
    guard stop != .none, due <= .now else { return nil }
    defer { wasTold = true }
    if stop == .gentle {
      due = .now + .seconds(backoff.next())
      return SIGUSR1
    }
    due = .now + Self.patience
    return wasTold ? SIGKILL : SIGTERM
  }
}
