import Foundation
import Synchronization

/// Takes the signals that ask a run to stop, on a thread of its own.
///
/// A handler could interrupt MPI or a kernel anywhere; a thread that waits for blocked signals
/// interrupts nothing. All it does is set a flag, which ranks combine at step boundaries.
public final class SignalWatcher: Sendable {
  /// The signals that mean: checkpoint at the next step boundary, then exit 75.
  public static let stopSignals: [Int32] = [SIGUSR1, SIGUSR2, SIGTERM, SIGINT]
  private static let impatientSignals: Set<Int32> = [SIGTERM, SIGINT]

  private let received = Atomic<Int32>(0)
  private let interruptions = Atomic<Int>(0)

  /// Blocks the signals in this thread and in those it will start, and watches for them.
  ///
  /// Call it on the first thread, before MPI or anything else starts others.
  func start() {
    Self.letFaultsEndTheProcess()
    var set = Self.signalSet()
    pthread_sigmask(SIG_BLOCK, &set, nil)
    Thread.detachNewThread { self.watch() }
  }

  /// A trap has to end its rank at once, or the others wait for it for ever: the runtime's
  /// backtracer, which catches faults, stops for good where signals are blocked.
  private static func letFaultsEndTheProcess() {
    for fault in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT] {
      _ = Foundation.signal(fault, SIG_DFL)
    }
  }

  /// The first signal that came, 0 before.
  public var signal: Int32 { received.load(ordering: .relaxed) }

  /// Whether a stop was asked for.
  public var isStopRequested: Bool { signal != 0 }

  private func watch() {
    var set = Self.signalSet()
    while true {
      var signal: Int32 = 0
      if sigwait(&set, &signal) == 0 { take(signal) }
    }
  }

  private func take(_ signal: Int32) {
    _ = received.compareExchange(expected: 0, desired: signal, ordering: .relaxed)
    guard Self.impatientSignals.contains(signal) else { return }
    let count = interruptions.wrappingAdd(1, ordering: .relaxed).newValue
    if count > 1 { _exit(ExitStatus.interruptedTwice.rawValue) }
  }

  private static func signalSet() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in stopSignals { sigaddset(&set, signal) }
    return set
  }
}
