import Foundation

/// The signals that a launcher answers, taken one by one when it has time for them.
///
/// They are blocked, and so wait in the kernel: none is lost between two starts, and none interrupts
/// anything.
struct SignalInbox {
  /// Signals that ask for the job's end. A hangup is one where it was not ignored, as by nohup.
  private static let stopSignals: [Int32] = [SIGUSR1, SIGUSR2, SIGTERM, SIGINT]

  private let set: sigset_t

  /// Blocks the signals in this thread and those it will start: call it on the first, before others.
  init() {
    var action = sigaction()
    sigaction(SIGHUP, nil, &action)
    let ignored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
    var set = sigset_t()
    sigemptyset(&set)
    for signal in Self.stopSignals + (ignored ? [] : [SIGHUP]) + [SIGCHLD] {
      sigaddset(&set, signal)
    }
    // Where it was ignored before, as exec keeps it, the system would tell of no job's end.
    _ = Foundation.signal(SIGCHLD, SIG_DFL)
    pthread_sigmask(SIG_BLOCK, &set, nil)
    self.set = set
  }

  /// Waits for a signal.
  ///
  /// - Returns: the signal, nil where none came in time.
  func next(within time: Duration) -> Int32? {
    var set = set
    let (seconds, attoseconds) = max(time, .zero).components
    var limit = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    // Interrupted only by signals that are not in the set, such as being stopped and continued.
    let signal = sigtimedwait(&set, nil, &limit)
    return signal > 0 ? signal : nil
  }
}
