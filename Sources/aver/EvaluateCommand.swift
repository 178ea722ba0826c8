import ArgumentParser
import Trainer

/// `aver evaluate`: how good a trained model is.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluates the model of a run on labelled faces, speech or recordings.",
    discussion: """
      Prints accuracy (of faces with 8 classes and with 7, without contempt), each class's recall and \
      the confusion matrix, calibration, what the other heads are worth, and bootstrap intervals. With \
      --probe it tells instead how far the frozen backbone's features carry to RAF-DB. Works under \
      mpirun with any number of ranks; the numbers are the same.

      Exit codes: \(ExitStatus.table).
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
  var folder: String

  @Option(
    help: """
      best (final where the run has no best), final, latest, or the path of a checkpoint or \
      safetensors file.
      """)
  var checkpoint = "best"

  @Option(
    help: """
      A list of faces or of utterances (CSV) instead of the run's own.
      """)
  var data: String?

  @Option(help: "The folder of the list's files, instead of the run's data.root.")
  var root: String?

  @Option(
    help: """
      Which part of a run's own speech or recordings: training, validation (dev, the default) or test.
      """)
  var split: String?

  @Option(
    help: ArgumentHelp(
      """
      A recording without film or sound ends the evaluation (fail), or is used without it (mask), \
      instead of the run's data.on_missing.
      """, valueName: "policy"))
  var onMissing: String?

  @Option(help: "Samples of a batch, instead of the run's batch.micro.")
  var batch: Int?

  @Option(help: "Number format (f32, bf16), instead of the run's.")
  var precision: String?

  @Option(
    help: ArgumentHelp(
      """
      A folder of RAF-DB: fits a linear probe and k-NN to the features of its training part and \
      tells how they do on its test part.
      """, valueName: "folder"), completion: .directory)
  var probe: String?

  @Option(help: "Bootstrap replicates for the 95 % intervals; 0 for none.")
  var bootstrap = 1000

  @Flag(help: "Print one JSON object instead of tables.")
  var json = false

  func run() throws {
    let evaluation = RunEvaluation(
      run: folder, checkpoint: checkpoint, list: data, root: root, batch: batch,
      precision: precision, split: split, onMissing: onMissing, probe: probe, bootstrap: bootstrap)
    let status = Job.run(limits: .patient) { job in
      let (report, weights) = try evaluation.evaluate(job: job)
      if job.isRankZero { report.problems.forEach { Job.printError("left out \($0)") } }
      try job.printResult(json ? report.json() : "weights   \(weights)\n\(report.text)")
      return .finished
    }
    guard status == .finished else { throw ExitCode(status.rawValue) }
  }
}
