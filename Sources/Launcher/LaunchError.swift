import Trainer

/// Why a job cannot be started at all: whoever typed the command can mend it.
public enum LaunchError: Error, Equatable, CustomStringConvertible {
  /// No program that starts ranks was found; `wanted` is the one that was asked for.
  case noStarter(wanted: StarterChoice)
  /// aver-train is neither beside this program nor in a folder of PATH.
  case noTrainer(beside: String)
  /// A program is there and cannot be started.
  case cannotStart(program: String, reason: String)
  /// A list of hosts makes no sense.
  case hosts(String)
  /// A new run folder cannot be made.
  case runFolder(String, reason: String)
  /// The scheduler will not take a job; its words.
  case refused(String)
  /// The scheduler has not answered for a long time; its programs' words.
  case schedulerAway(String)
  /// The run waits or runs already.
  case submitted(run: String, job: String, state: String)
  /// The run is done.
  case finished(run: String)
  /// A job that another is to wait for will not end well.
  case predecessor(String)
  /// The record of a submission is not what this program writes.
  case recordBroken(String)
  /// A sweep of which the first trials have failed, all of them.
  case hopeless(String, failed: Int, reason: String)
  /// A sweep was begun in another working folder, which its paths are relative to.
  case begunElsewhere(String, folder: String)
  /// Something runs on another host, where it has to be ended.
  case heldElsewhere(String, holder: String)
  /// There is no room in a sweep's folder for what trainings write.
  case noRoom(String, reason: String)
  /// A line of a sweep's journal is none.
  case journal(String)
  /// A sweep's folder has trials, and no journal.
  case journalGone(String)
  /// A run's job has printed nothing.
  case noLogs(String)
  /// A run has no report yet.
  case noReport(String)
  /// There is neither a run nor a sweep in a folder.
  case noWork(String)
  /// There is no sweep in a folder, and no sweep file was named.
  case noSweep(String)
  /// A folder has a sweep that asks another question; what differs.
  case sweepChanged(String, [String])
  /// A call of the system that has to work failed.
  case system(call: String, reason: String)

  /// The status that the program leaves with.
  public var exitStatus: ExitStatus {
    switch self {
    case .noStarter, .noTrainer, .cannotStart, .hosts, .runFolder, .refused, .submitted, .finished,
      .predecessor, .noSweep, .sweepChanged, .noWork, .noLogs, .noReport, .begunElsewhere,
      .heldElsewhere:
      .usage
    case .recordBroken, .journal, .journalGone: .badData
    case .schedulerAway, .noRoom, .hopeless, .system: .internalError
    }
  }

  /// What is wrong and what to do about it.
  public var description: String {
    switch self {
    case .noStarter(.auto):
      "there is no mpirun in any folder of PATH: install Open MPI or load its module"
    case .noStarter(let wanted):
      "there is no \(wanted.rawValue) in any folder of PATH: install it, load its module, or leave "
        + "--launcher out"
    case .noTrainer(let folder):
      "aver-train is neither in \(folder) nor in any folder of PATH: build it with make build, or add "
        + "its folder to PATH"
    case .cannotStart(let program, let reason):
      "\(program) cannot be started: \(reason)"
    case .hosts(let message):
      message
    case .runFolder(let path, let reason):
      "\(path) cannot be made: \(reason); name a folder with --run"
    case .refused(let words):
      "the scheduler refuses the job: \(words)"
    case .schedulerAway(let words):
      "the scheduler does not answer: \(words). Nothing is lost: the same command goes on where it was"
    case .submitted(let run, let job, let state):
      "\(run) is job \(job) already: \(state)"
    case .finished(let run):
      "\(run) has finished: name another folder with --run"
    case .predecessor(let message):
      message
    case .hopeless(let folder, let failed, let reason):
      "\(folder): all of the first \(failed) trials failed, the last one so: \(reason). Mend that, and the same "
        + "command goes on with the others"
    case .begunElsewhere(let sweep, let folder):
      "\(sweep) was begun in \(folder), and its paths are relative to that: go there with cd first"
    case .heldElsewhere(let folder, let holder):
      "\(folder) is held by \(holder) and does not end: cancel it there"
    case .noRoom(let folder, let reason):
      "\(folder): \(reason). Nothing is lost: make room, and the same command goes on where it was"
    case .journal(let message):
      "\(message); restore the file from a copy, or begin another sweep"
    case .recordBroken(let path):
      "\(path) is not what aver-launch writes: find the run's job with the scheduler's own commands, end "
        + "it, and remove the file"
    case .journalGone(let folder):
      "\(folder) has trials, and journal.log, which tells what they are, is gone: restore it from a copy, or "
        + "name another folder with --run"
    case .noLogs(let run):
      "\(run) was handed in, and its job has printed nothing yet: aver-launch status tells how it stands"
    case .noReport(let run):
      "\(run) has no report.html yet: it is written at evaluations and where a run ends or is stopped"
    case .noWork(let folder):
      "there is neither a run nor a sweep in \(folder)"
    case .noSweep(let folder):
      "there is no sweep in \(folder): name a sweep file"
    case .sweepChanged(let folder, let differences):
      "\(folder) is a sweep that asks for something else; name another --run, or leave these as they are:\n"
        + differences.joined(separator: "\n")
    case .system(let call, let reason):
      "\(call): \(reason)"
    }
  }
}
