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
  var runFolder: RunFolder?
  /// The right to write to it; rank 0 alone has it.
  var lease: RunLease?
  /// When the process came here first.
  let began = ContinuousClock.now
  /// What asks for a stop beside signals.
  var deadline: Deadline?
  /// How long a stop takes.
  var leavingTime = LeavingTime()
  /// How long the scheduler waits between asking the job to stop and killing it; nil where nobody said.
  var graceSeconds: Double?
  /// What the rank is doing, for crash reports.
  var activity = Activity.startingUp

  /// This process among the ranks.
  public var rank: Int { communicator.rank }
  /// Whether this rank writes files and to the terminal.
  public var isRankZero: Bool { communicator.rank == 0 }

  init(communicator: Communicator, signals: SignalWatcher) {
    self.communicator = communicator
    agreement = Agreement(communicator: communicator)
    self.signals = signals
  }

  /// Runs a command on this rank, from starting MPI to its end.
  ///
  /// A failure that all ranks agreed on is printed once, by rank 0. Any other is this rank's own:
  /// it is printed with rank and cause, recorded in the run folder, and ends every rank at once,
  /// because the others would wait for this one for ever.
  ///
  /// - Parameter takingSignals: whether signals ask `body` to stop instead of ending the process.
  /// - Returns: the status to leave the process with.
  public static func run(
    takingSignals: Bool = false, _ body: (Job) throws -> ExitStatus
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
      job = Job(communicator: try Communicator.world(), signals: signals)
    } catch {
      printError("\(error)")
      return ExitStatus(of: error)
    }
    defer { job.lease?.release() }
    do {
      let status = try body(job)
      try job.communicator.finalize()
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
    try? communicator.finalize()
    return status
  }

  /// Ends all ranks because of a failure that only this one knows.
  private func crash(_ error: any Error) -> Never {
    let status = ExitStatus(of: error)
    Self.printError(
      "rank \(rank) on \(communicator.hostName), \(activity): \(error)")
    let report = CrashReport(
      rank: rank, worldSize: communicator.worldSize, host: communicator.hostName,
      process: ProcessInfo.processInfo.processIdentifier, time: Date(), activity: "\(activity)",
      exitCode: status.rawValue, error: "\(error)")
    // A folder that another job has taken over is that job's.
    if lease?.isTaken != true, let path = runFolder?.crash(rank: rank) { report.write(to: path) }
    lease?.release()
    communicator.abort(exitCode: status.rawValue)
  }

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

  /// Writes a line to the standard error, after the program's name.
  public static func printError(_ message: String) {
    // Where even this fails, the exit status says what is left to say.
    try? StandardStream.errors.write("\(ProcessWords.program): \(message)\n")
  }
}

/// What a rank is doing.
enum Activity: CustomStringConvertible {
  case startingUp
  case extractingFeatures
  case askingTeacher
  case storingTeacherOutputs
  case step(Int)
  case evaluating(afterStep: Int)
  case writingCheckpoint(afterStep: Int)

  var description: String {
    switch self {
    case .startingUp: "starting up"
    case .extractingFeatures: "extracting features"
    case .askingTeacher: "asking the teacher"
    case .storingTeacherOutputs: "storing the teacher's outputs"
    case .step(let step): "step \(step)"
    case .evaluating(let step): "evaluating after step \(step)"
    case .writingCheckpoint(let step): "writing the checkpoint after step \(step)"
    }
  }
}
