import Foundation
import Studies
import Trainer

/// Turns a sweep until it is over or a signal asks for its end.
final class SweepTurns {
  /// How often the hours at work are written down.
  private static let noteInterval = Duration.seconds(60)
  /// How often results are written, which take the longer the more trials there are.
  private static let resultsInterval = Duration.seconds(10)
  /// The study's attribute that counts them, in seconds.
  private static let secondsName = "seconds"

  private let controller: SweepController
  private let results: SweepResults
  private let inbox: SignalInbox
  private let log: LaunchLog
  private let folder: SweepFolder
  private var pauses: TurnPauses
  private let hours: Double?
  private let outlived: Bool
  private var requests = StopRequests()
  private let began = ContinuousClock.now
  private let secondsBefore: Double
  private var noted = ContinuousClock.now
  private var written = ContinuousClock.now
  /// Whether results have changed since they were written.
  private var isStale = true

  /// - Parameter outlived: whether trainings go on without the sweep.
  init(
    of folder: SweepFolder, controller: SweepController, results: SweepResults, inbox: SignalInbox,
    log: LaunchLog, pauses: ClosedRange<Duration>, hours: Double?, outlived: Bool
  ) {
    (self.folder, self.outlived) = (folder, outlived)
    (self.controller, self.results, self.inbox) = (controller, results, inbox)
    (self.log, self.pauses, self.hours) = (log, TurnPauses(pauses), hours)
    secondsBefore = controller.study.attributes[Self.secondsName].flatMap { Double($0) } ?? 0
  }

  /// - Parameter lease: the folder's.
  /// - Returns: the status to leave with.
  func run(holding lease: RunLease) throws -> ExitStatus {
    try write()
    while true {
      try lease.require()
      try hearRequest()
      if requests.request != .none, outlived { return try leave() }
      let isLate = hours.map { secondsAtWork >= $0 * 3600 } ?? false
      let turn = try controller.turn(mayBegin: requests.request == .none && !isLate)
      if ContinuousClock.now - noted > Self.noteInterval { try note() }
      if isStale, ContinuousClock.now - written > Self.resultsInterval { try write() }
      switch turn {
      case .over:
        guard requests.request == .none else { return try leave() }
        if hours != nil { try note() }
        try controller.conclude()
        try write()
        // Those that were given up in favour of others have come to something, too.
        return controller.study.trials.contains { $0.value != nil } ? .finished : .internalError
      case .moved, .idle:
        isStale = isStale || turn == .moved
        try wait(pauses.next(after: turn))
      }
    }
  }

  private func write() throws {
    try results.write(controller.study)
    (written, isStale) = (.now, false)
  }

  private func leave() throws -> ExitStatus {
    try note()
    if isStale { try write() }
    log.say("stopped; the same command goes on where it was")
    return requests.request == .immediate ? .interruptedTwice : .preempted
  }

  /// Ends the sweep where somebody on another host wants that.
  private func hearRequest() throws {
    guard requests.request == .none, let host = try folder.endRequest else { return }
    requests = requests.after(signal: SIGUSR1)
    log.say("asked from \(host): the sweep ends")
    try controller.stop(atOnce: false)
  }

  private func wait(_ pause: Duration) throws {
    let end = ContinuousClock.now + pause
    while let signal = inbox.next(within: end - ContinuousClock.now) {
      // The end of a training here is one to look at; schedulers' own programs end all the time.
      if signal == SIGCHLD {
        if outlived { continue } else { return }
      }
      requests = requests.after(signal: signal)
      log.say("signal \(signal): the sweep ends")
      return try controller.stop(atOnce: requests.request == .immediate)
    }
  }

  private var secondsAtWork: Double { secondsBefore + (ContinuousClock.now - began) / .seconds(1) }

  private func note() throws {
    noted = .now
    try controller.note(Self.secondsName, "\(Int(secondsAtWork.rounded(.up)))")
  }
}
