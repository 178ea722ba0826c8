import Foundation
import Logging

/// The numbers of one step, over the whole global batch.
struct StepResult {
  /// Updates that were made, this one included.
  var step: Int
  /// What the plan's losses report, `loss` first, NaN where no sample counted; then what is known of
  /// the update.
  var metrics: [(name: String, value: Double)]
  var learningRate: Double
}

/// Writes what happens to the metrics files, the log and the terminal.
///
/// Every rank has one; only rank 0's has files for metrics and a terminal.
final class TrainingReporter {
  let logger: Logger
  private let job: Job
  private let console: Console
  private let metrics: MetricsFile?
  private let tensorBoard: TensorBoardFile?
  private let report: ReportWriter?
  private let settings: LoopSettings
  private let stepsPerEpoch: Int
  private let globalBatch: Int
  /// What they are.
  private let samples: String
  /// Rows of the training list that could not be used.
  private let rowsLeftOut: Int
  private var timer = StepTimer()
  private var hasToldWait = false
  private var hasToldCost = false
  /// The rank that held the others up according to the last lines, and how many these are.
  private var straggler: (rank: Int, lines: Int)?
  /// What could not be written last.
  private var toldFailure: String?

  init(
    job: Job, logger: Logger, console: Console, metrics: MetricsFile?,
    tensorBoard: TensorBoardFile?, report: ReportWriter?, settings: LoopSettings,
    stepsPerEpoch: Int, globalBatch: Int, samples: String, rowsLeftOut: Int
  ) {
    self.job = job
    self.logger = logger
    self.console = console
    self.metrics = metrics
    self.tensorBoard = tensorBoard
    self.report = report
    self.settings = settings
    self.stepsPerEpoch = stepsPerEpoch
    self.globalBatch = globalBatch
    self.samples = samples
    self.rowsLeftOut = rowsLeftOut
  }

  /// Notes the start of a step.
  func beginStep(_ step: Int) {
    job.activity = .step(step)
    timer.begin()
  }

  /// Notes the end of a step and shows progress; accuracy where the step tells one.
  func endStep(_ step: Int, loss: Double, accuracy: Double?) {
    timer.end()
    guard job.isRankZero else { return }
    let left = Double(settings.totalSteps - step)
    console.show(
      Progress(
        step: step, totalSteps: settings.totalSteps, epoch: epoch(step), loss: loss,
        accuracy: accuracy,
        samples: samples, samplesPerSecond: Double(globalBatch) / timer.smoothedSeconds,
        secondsLeft: left * timer.smoothedSeconds),
      isLast: step == settings.totalSteps)
  }

  /// Writes a line of training metrics.
  ///
  /// - Parameters:
  ///   - skipped: images that could not be used, since the run began.
  ///   - shares: where the ranks' time went since the last line.
  func log(_ result: StepResult, skipped: Int, shares: RankShares) {
    let secondsPerStep = timer.takeWindow()
    let waited = (shares.ranks.map(\.data).max() ?? 0) / secondsPerStep
    write(
      MetricsRecord(
        step: result.step, epoch: epoch(result.step), split: .training,
        values: result.metrics.map { ($0.name, .number($0.value)) } + [
          ("learning_rate", .number(result.learningRate)),
          ("\(samples)_per_second", .number(Double(globalBatch) / secondsPerStep)),
          ("data_wait", .number(min(1, waited))),
          ("communication_wait", .number(shares.communicationPart)),
          ("skipped", .integer(skipped)), ("rows_left_out", .integer(rowsLeftOut)),
        ]))
    if job.isRankZero, shares.ranks.count > 1 { tell(shares) }
  }

  /// Tells where the ranks' time went; people who look at the terminal only hear of a rank that holds the others up
  /// line after line, and that once.
  private func tell(_ shares: RankShares) {
    func host(_ rank: Int) -> String { job.watchdog?.hosts[rank] ?? "?" }
    logger.info("\(shares.line(host: host))")
    let slowest = shares.straggler
    let lines = slowest?.rank == straggler?.rank ? (straggler?.lines ?? 0) + 1 : 1
    straggler = slowest.map { ($0.rank, lines) }
    if let slowest, lines == Self.linesOfStraggler {
      console.say("warning: \(RankShares.text(slowest, host: host(slowest.rank)))")
    }
  }

  /// A rank that is slow once may have been unlucky.
  private static let linesOfStraggler = 3

  /// Writes a line of validation metrics.
  ///
  /// - Parameter endsEarly: whether the training ends because of this evaluation.
  func log(_ evaluation: Evaluation, after step: Int, endsEarly: Bool) {
    let end = endsEarly ? [("end", MetricValue.text("early_stopping"))] : []
    write(
      MetricsRecord(
        step: step, epoch: epoch(step), split: .validation, values: evaluation.values + end))
    if job.isRankZero {
      console.say("evaluation after step \(step): \(evaluation.summary)")
    }
  }

  /// Writes what can be looked at after an evaluation; only rank 0 has anything to write.
  ///
  /// - Parameter summaries: further values for TensorBoard.
  func show(_ evaluation: Evaluation, after step: Int, summaries: () throws -> [SummaryValue]) {
    guard let tensorBoard, let report else { return }
    attempt {
      let content = try evaluation.content()
      try tensorBoard.append(
        try summaries() + ModelSummaries.figures(of: content.sections), step: step)
      try report.write(evaluation, after: step, content)
    }
  }

  /// Writes the report for the last time.
  func finishReport() { attempt { try report?.finish() } }

  /// Writes the report where the training ends before its last step.
  func stopReport(after step: Int) { attempt { try report?.stop(after: step) } }

  /// What is looked at is no reason to stop a training: a full disk shows at the next checkpoint.
  private func attempt(_ body: () throws -> Void) {
    do { try body() } catch { tell(failure: error) }
  }

  private func tell(failure: any Error) {
    logger.warning("report: \(failure)")
    // Once is enough of what every step would say.
    let text = "\(failure)"
    if text != toldFailure { console.say("warning: what is to be seen is not up to date: \(text)") }
    toldFailure = text
  }

  // MARK: - Checkpoints

  /// Tells of a checkpoint on disk.
  func tell(checkpointAfter step: Int, _ cost: CheckpointCost) {
    let size = Double(cost.bytes) / 1_048_576
    let text = """
      checkpoint after step \(step): \(String(format: "%.1f", size)) MiB, \
      \(String(format: "%.3f", cost.stallSeconds)) s of the training, on disk after \
      \(String(format: "%.3f", cost.seconds)) s
      """
    logger.info("\(text)")
    // Once is enough to know what preemption has to leave time for.
    if !hasToldCost {
      console.say(text)
      job.graceSeconds.flatMap(job.leavingTime.warning).map(tell(remark:))
    }
    hasToldCost = true
  }

  /// Tells what went wrong after a checkpoint was on disk.
  func tell(remark: String) {
    logger.warning("\(remark)")
    console.say("warning: \(remark)")
  }

  /// Tells of a checkpoint that could not be written.
  func tell(failedCheckpointAfter step: Int, _ message: String) {
    tell(
      failedWrite:
        "the checkpoint after step \(step) could not be written, those before are as they were: "
        + message)
  }

  /// Tells of a best model that could not be written.
  func tell(failedBestModelAfter step: Int, _ message: String) {
    tell(
      failedWrite:
        "the best model so far, after step \(step), could not be kept; the one before is: "
        + message)
  }

  private func tell(failedWrite text: String) {
    logger.error("\(text)")
    console.say("warning: \(text)")
  }

  /// Tells that the training stood still for the checkpoint before.
  func tellWait(forCheckpoint seconds: Double) {
    let text =
      "waited \(String(format: "%.1f", seconds)) s for the checkpoint before: writing one takes longer "
      + "than checkpoint.every_steps"
    logger.warning("\(text)")
    if !hasToldWait { console.say("warning: \(text)") }
    hasToldWait = true
  }

  /// Tells that the time was up before this start of the run made an update.
  func tellNoStep() {
    let text = String(
      format: "no step was made in the %.1f s since the start: the time limit leaves no time "
        + "for one",
      job.began.secondsAgo)
    logger.warning("\(text)")
    console.say("warning: \(text)")
  }

  /// Tells why the run ends before its end.
  ///
  /// - Parameter isLate: whether the time limit is all that asked for it.
  func sayPreempted(after step: Int, isLate: Bool) {
    let signal = job.signals.isStopRequested ? "a signal" : "a signal to another rank"
    let cause = isLate ? "the time limit" : signal
    logger.notice("stopped after step \(step), because of \(cause)")
    guard job.isRankZero else { return }
    console.say(
      "stopped after step \(step), checkpoint saved (\(cause)); go on with --run "
        + "\(job.runFolder?.path ?? "") --resume auto")
  }

  /// Tells that the run pauses where it was told to.
  func sayPaused(after step: Int) {
    logger.notice("paused after step \(step)")
    guard job.isRankZero else { return }
    console.say(
      "paused after step \(step), checkpoint saved (--stop-after); go on with --run "
        + "\(job.runFolder?.path ?? "") --resume auto")
  }

  /// Tells why the run ends before its last step.
  func sayStoppedEarly(after step: Int, _ patience: Patience, _ state: Patience.State) {
    let best = state.best.map { String(format: " than %.4f", $0) } ?? ""
    let text =
      "early stopping after step \(step): no better \(patience.metric.name)\(best) in "
      + "\(patience.evaluations + 1) evaluations"
    logger.notice("\(text)")
    if job.isRankZero { console.say(text) }
  }

  /// Tells where the results lie.
  func sayFinished(best: CheckpointState.Best?, metric: String) {
    logger.notice("finished")
    guard job.isRankZero else { return }
    if let best {
      console.say(
        "best \(metric) \(String(format: "%.4f", best.score)) after step \(best.step)")
    }
    console.say("results in \(job.runFolder?.path ?? "")")
  }

  private func write(_ record: MetricsRecord) {
    attempt { try metrics?.append(record) }
    attempt { try tensorBoard?.append(record) }
    report?.append(record)
  }

  private func epoch(_ step: Int) -> Double { Double(step) / Double(stepsPerEpoch) }
}

/// Times steps; what lies between them (evaluation, checkpoints) does not count.
struct StepTimer {
  /// Weight of the newest step in the smoothed time.
  private static let smoothing = 0.05

  /// Seconds of a step, smoothed.
  private(set) var smoothedSeconds = 0.0
  private var started = ContinuousClock.now
  private var windowSeconds = 0.0
  private var windowSteps = 0

  mutating func begin() { started = .now }

  mutating func end() {
    let seconds = started.duration(to: .now) / .seconds(1)
    // The first step pays for first touches of memory and for the first samples.
    let weight = windowSteps == 0 && smoothedSeconds == 0 ? 1 : Self.smoothing
    smoothedSeconds += weight * (seconds - smoothedSeconds)
    windowSeconds += seconds
    windowSteps += 1
  }

  /// Seconds of the mean step since the last call.
  mutating func takeWindow() -> Double {
    defer { (windowSeconds, windowSteps) = (0, 0) }
    return windowSeconds / Double(max(1, windowSteps))
  }
}
