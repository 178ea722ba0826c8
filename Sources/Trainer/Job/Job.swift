import Distributed
import Foundation

/// What a command has as one rank of a job.
public final class Job {
  /// All ranks.
  public let communicator: Communicator
  /// How they decide alike.
  let agreement: Agreement
  /// Whether somebody asked this rank to stop.
  public let signals: SignalWatcher
  /// Where a crash is recorded, once it is known.
  var runFolder: RunFolder? { didSet { lastWords.know(folder: runFolder) } }
  /// The right to write to it; rank 0 alone has it.
  var lease: RunLease? { didSet { lastWords.know(lease: lease) } }
  /// When the process came here first.
  let began = ContinuousClock.now
  /// What asks for a stop beside signals.
  var deadline: Deadline?
  /// How long a stop takes.
  var leavingTime = LeavingTime()
  /// How long the scheduler waits between asking the job to stop and killing it; nil where nobody said.
  var graceSeconds: Double?
  /// What the rank is doing.
  let timeline: Timeline
  /// What it says when it ends the job.
  let lastWords: LastWords
  /// Who sees to it that no rank waits for ever; nil where there is one rank.
  var watchdog: Watchdog?

  /// This process among the ranks.
  public var rank: Int { communicator.rank }
  /// Whether this rank writes files and to the terminal.
  public var isRankZero: Bool { communicator.rank == 0 }

  init(communicator: Communicator, signals: SignalWatcher) {
    self.communicator = communicator
    agreement = Agreement(communicator: communicator)
    timeline = Timeline(communicator.presence)
    lastWords = LastWords(communicator)
    self.signals = signals
  }

  /// What the rank is doing.
  var activity: Activity {
    get { timeline.activity }
    set { timeline.activity = newValue }
  }

  /// Runs a command on this rank, from starting MPI to its end.
  ///
  /// A failure that all ranks agreed on is printed once, by rank 0. Any other is this rank's own:
  /// it is printed with rank and cause, recorded in the run folder, and ends every rank at once,
  /// because the others would wait for this one for ever.
  ///
  /// - Parameters:
  ///   - takingSignals: whether signals ask `body` to stop instead of ending the process.
  ///   - limits: how long ranks may wait for each other.
  /// - Returns: the status to leave the process with.
  public static func run(
    takingSignals: Bool = false, limits: Watchdog.Limits = .usual,
    _ body: (Job) throws -> ExitStatus
  ) -> ExitStatus {
    // Before MPI starts threads: they inherit which signals are blocked.
    let signals = SignalWatcher()
    if takingSignals { signals.start() }
    let environment = LaunchEnvironment.current
    let launcher = environment.localLauncher
    if launcher != nil || environment.worldSize == 1 { OpenMPILeftovers.removeEmptySessions() }
    if let launcher { LauncherMarks().replace(with: launcher, session: environment.session) }
    let job: Job
    do {
      job = try CallLimit.inSilence(limits.end).guarding("the start of MPI") {
        let job = Job(communicator: try Communicator.world(), signals: signals)
        try job.startWatching(limits)
        return job
      }
    } catch {
      printError("\(error)")
      return ExitStatus(of: error)
    }
    defer { job.lease?.release() }
    do {
      let status = try body(job)
      try job.end()
      return status
    } catch let error as TrainerError {
      guard case .agreed(_, let status, let message) = error else { job.crash(error) }
      return job.leave(status, message: message)
    } catch let error as DistributedError where error.isAboutWorldSize {
      return job.leave(ExitStatus(of: error), message: "\(error)")
    } catch {
      job.crash(error)
    }
  }

  /// Ends a rank whose failure all ranks know.
  private func leave(_ status: ExitStatus, message: String) -> ExitStatus {
    if isRankZero { Self.printError(message) }
    // mpirun ends the job when the first rank leaves with a status: rank 0 has to have printed.
    try? communicator.barrier()
    try? end()
    return status
  }

  /// Ends MPI. Collective.
  private func end() throws {
    activity = .leaving
    watchdog?.end()
    try communicator.finalize(
      limit: .inSilence(watchdog?.currentLimits.end ?? Watchdog.Limits.usual.end))
  }

  /// Ends all ranks because of a failure that only this one knows.
  private func crash(_ error: any Error) -> Never {
    // A call of MPI that fails has mostly lost a rank that ended for a reason of its own, which is to be heard first.
    if error is MPIError, communicator.worldSize > 1 {
      Thread.sleep(forTimeInterval: Self.aftermathSeconds)
    }
    let status = ExitStatus(of: error)
    Communicator.leaveSoon(exitCode: status.rawValue)
    let line = lastWords.line("\(error)", activity: timeline.description)
    lastWords.record("\(error)", status: status, during: communicator.presence.activity)
    let first = watchdog?.tellFailure(
      line, status: status.rawValue, within: Self.hearingSeconds)
    if first == nil { Self.sayLast(line) }
    Communicator.abort(exitCode: first ?? status.rawValue)
  }

  /// What a failure that may be another's aftermath leaves the other for being heard.
  private static let aftermathSeconds = 3.0
  /// How long rank 0 has for saying what this one died of.
  private static let hearingSeconds = 2.0

  /// Runs `body` as an activity of its own; what fails there leaves it to be told.
  func during<Value>(_ activity: Activity, _ body: () throws -> Value) rethrows -> Value {
    let before = self.activity
    self.activity = activity
    let value = try body()
    self.activity = before
    return value
  }

  /// Prints what a command found, once. Collective.
  ///
  /// - Parameter text: evaluated by rank 0 only.
  /// - Throws: on all ranks, where rank 0 cannot write to its standard output.
  public func printResult(_ text: @autoclosure () throws -> String) throws {
    try agreement.onRankZero { try StandardStream.output.write("\(try text())\n") }
  }

  /// Writes the last line to the standard error, after the program's name.
  static func sayLast(_ message: String) {
    StandardStream.writeLast("\(ProcessWords.program): \(message)\n", to: .errors)
  }

  /// Writes a line to the standard error, after the program's name.
  public static func printError(_ message: String) {
    // Where even this fails, the exit status says what is left to say.
    try? StandardStream.errors.write("\(ProcessWords.program): \(message)\n")
  }
}
