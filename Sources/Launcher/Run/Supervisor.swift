import Foundation
import Trainer

/// Runs a job until it has ended for good: starts it, passes signals on, starts it again.
public final class Supervisor {
  private let job: JobDescription
  private let starter: Starter
  private var placement: Placement
  private var policy: RestartPolicy
  private let maximalRestarts: Int
  private let log: LaunchLog
  private let inbox: SignalInbox
  private var stopRequests = StopRequests()
  private var stop: StopRequest { stopRequests.request }
  private var hasWrittenCheckpoint = false
  private let began = ContinuousClock.now
  private var secondsLeft: Double? {
    job.timeLimit.map { $0.seconds - (ContinuousClock.now - began) / .seconds(1) }
  }

  /// A supervisor of a job that has not been started yet.
  ///
  /// Make it on the first thread, before there are others: they inherit which signals are blocked.
  ///
  /// - Parameters:
  ///   - job: what to run.
  ///   - starter: the programs.
  ///   - placement: how many ranks, and where.
  ///   - maximalRestarts: how often it is started again at most.
  ///   - patience: failures in a row without a new checkpoint after which it is given up.
  public init(
    _ job: JobDescription, starter: Starter, placement: Placement, maximalRestarts: Int,
    patience: Int
  ) {
    inbox = SignalInbox()
    self.job = job
    self.starter = starter
    self.placement = placement
    self.maximalRestarts = maximalRestarts
    policy = RestartPolicy(maximalRestarts: maximalRestarts, patience: patience)
    log = LaunchLog(run: job.runFolder)
  }

  /// Runs the job on this thread, which has to be the first one.
  ///
  /// - Returns: the status to leave with: the last start's, or what a signal made of it.
  /// - Throws: `LaunchError` where it cannot be started.
  public func run() throws -> Int32 {
    var number = 1
    while true {
      let before = RunProgress(ofRun: job.runFolder)
      let running = try start(number, from: before)
      let end = wait(for: running)
      let after = RunProgress(ofRun: job.runFolder)
      if after.hasCheckpoint(since: before) { hasWrittenCheckpoint = true }
      let finding = FailureFinding(
        end: end, starter: starter.kind.rawValue, notices: running.notices(),
        crashes: after.crashes.subtracting(before.crashes))
      if let status = answer(end, finding, before: before, after: after) { return status }
      number += 1
    }
  }

  // MARK: - One start

  private func start(_ number: Int, from progress: RunProgress) throws -> RunningJob {
    let command = job.command(
      with: starter, at: placement,
      resume: job.resume(start: number, hasWrittenCheckpoint: hasWrittenCheckpoint),
      secondsLeft: secondsLeft)
    let ranks = placement.ranks == 1 ? "1 rank" : "\(placement.ranks) ranks"
    log.say(
      "starting \(ranks) with \(starter.kind.rawValue), run \(job.runFolder), "
        + "from \(progress.place)")
    return try RunningJob(command)
  }

  /// Waits for the job's end, and until nothing of it is left on this machine.
  private func wait(for running: RunningJob) -> JobEnd {
    var reminder = Reminder(of: stop)
    var loneliness = Loneliness()
    while true {
      running.reap()
      if let end = running.end {
        waitForRanks(of: running)
        OpenMPILeftovers(ofLauncher: running.process).remove()
        return end
      }
      log.writeWaiting()
      if loneliness.isOver(hasCompany: running.processes != [running.process]) {
        log.say(
          "nothing of the job is left, and \(starter.kind.rawValue) does not end: it is killed")
        running.send(SIGKILL)
      }
      // The run folder comes into being at some time.
      let time = min(reminder.time, log.isWaiting ? .seconds(1) : .seconds(5))
      if let signal = inbox.next(within: time), signal != SIGCHLD {
        note(signal)
        if stop != reminder.stop { reminder = Reminder(of: stop) }
      } else if let signal = reminder.signalIfDue() {
        running.send(signal)
      }
    }
  }

  /// Waits for ranks that have outlived mpirun, while the run folder is theirs; those that do not end by
  /// themselves are killed.
  private func waitForRanks(of running: RunningJob) {
    let patience = ContinuousClock.now + .seconds(10)
    while true {
      let processes = running.processes
      if processes.isEmpty { return }
      if ContinuousClock.now > patience || stop == .immediate {
        for process in processes { kill(process, SIGKILL) }
      }
      if let signal = inbox.next(within: .milliseconds(100)), signal != SIGCHLD { note(signal) }
    }
  }

  private func note(_ signal: Int32) {
    stopRequests = stopRequests.after(signal: signal)
    let answer =
      stop == .immediate
      ? "the job ends without a checkpoint" : "the job ends with its next checkpoint"
    log.say("signal \(signal): \(answer)")
  }

  // MARK: - What follows

  /// Does what the policy says.
  ///
  /// - Returns: the status to leave with, nil where the job is to be started again.
  private func answer(
    _ end: JobEnd, _ finding: FailureFinding, before: RunProgress, after: RunProgress
  ) -> Int32? {
    let madeProgress = after.hasCheckpoint(since: before)
    let verdict = policy.verdict(
      after: RestartPolicy.Attempt(
        end: end, madeProgress: madeProgress, host: finding.host, stop: stop,
        secondsLeft: secondsLeft))
    let failure = finding.sentence + (after.lastStep.map { " after step \($0)" } ?? "")
    switch verdict {
    case .leave(let status, let reason):
      log.say(reason.text(status: status, failure: failure, progress: after))
      return status
    case .restart(let number, let seconds, let suspect):
      log.say(
        "\(failure); starting again in \(seconds) s from \(after.place) "
          + "(restart \(number) of \(maximalRestarts))")
      if let suspect { avoid(suspect, madeProgress: madeProgress) }
      return pause(seconds) ? nil : ExitStatus.preempted.rawValue
    }
  }

  private func avoid(_ host: String, madeProgress: Bool) {
    // A job on one host that gets somewhere keeps its speed.
    switch placement.avoid(host, mayHalve: !madeProgress) {
    case .leftOut(let host, let ranks):
      log.say("\(host) failed twice in a row and is left out; ranks from now on: \(ranks)")
    case .halved(let host, let ranks):
      log.say("\(host) failed twice in a row and cannot be left out; ranks from now on: \(ranks)")
    case nil: break
    }
  }

  /// Waits before the next start.
  ///
  /// - Returns: false where somebody asked for the end meanwhile.
  private func pause(_ seconds: Int) -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while stop == .none, ContinuousClock.now < end {
      if let signal = inbox.next(within: end - ContinuousClock.now), signal != SIGCHLD {
        stopRequests = stopRequests.after(signal: signal)
        log.say("signal \(signal): the job is not started again")
      }
    }
    return stop == .none
  }
}
