import Foundation

/// How urgently somebody wants the job to end.
public enum StopRequest: Sendable {
  /// Nobody does.
  case none
  /// With a checkpoint.
  case gentle
  /// At once.
  case immediate
}

/// What the signals that came so far ask for.
struct StopRequests: Sendable {
  /// Signals of which a second one is impatience, as it is for a rank.
  private static let impatientSignals: Set<Int32> = [SIGTERM, SIGINT]

  /// What is asked for.
  private(set) var request = StopRequest.none
  private var interruptions = 0

  /// The requests after one more signal.
  func after(signal: Int32) -> StopRequests {
    var requests = self
    if Self.impatientSignals.contains(signal) { requests.interruptions += 1 }
    requests.request = requests.interruptions > 1 ? .immediate : .gentle
    return requests
  }
}
