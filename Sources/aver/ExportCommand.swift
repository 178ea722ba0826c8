import ArgumentParser
import Trainer

extension ExportFormat: ExpressibleByArgument {}

/// `aver export`: a trained model for other programs.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Exports the networks of a run for other programs.",
    discussion: """
      --format onnx writes complete graphs: of a run that sees or hears model.onnx (images or log-mel \
      patches to all outputs), extractor.onnx (to features) and a head-….onnx each (from features); of a \
      fusion run model.onnx (features, presence and lengths to valence and arousal, standardisation \
      included) and an extractor for each modality. Batches may have any length, and recordings too.

      --format safetensors writes weights by torchvision's and torchvggish's names.

      With both come model.json, which says what networks take and give, and README.md, a model card: read \
      it before you pass the model on. Files are written beside their names and renamed when all are whole.

      Exit codes: \(ExitStatus.table).
      """)

  @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
  var folder: String

  @Option(help: "onnx or safetensors.")
  var format: ExportFormat

  @Option(
    help: """
      best (final where the run has no best), final, latest, or the path of a checkpoint or \
      safetensors file.
      """)
  var checkpoint = "best"

  @Option(
    help: ArgumentHelp(
      "The folder to write to, instead of export/FORMAT in the run folder.", valueName: "folder"),
    completion: .directory)
  var output: String?

  @Flag(
    help:
      "Of ONNX: leave batch normalisations as they are, instead of folding them into convolutions.")
  var keepBatchNorm = false

  @Flag(
    help: """
      Of ONNX and runs that hear: also write networks that take sound at 16 kHz instead of log-mel \
      patches.
      """)
  var logMel = false

  @Flag(
    help: "Replace files of the same names, and remove the others that an earlier export describes."
  )
  var force = false

  func run() throws {
    Interruption.removeUnfinishedFiles()
    let export = RunExport(
      run: folder, format: format, checkpoint: checkpoint, output: output,
      keepsBatchNormalizations: keepBatchNorm, includesLogMel: logMel, replaces: force)
    let summary: RunExport.Summary
    do {
      summary = try export.export()
    } catch {
      Job.printError("\(error)")
      throw ExitCode(ExitStatus(of: error).rawValue)
    }
    try printResult(summary.text)
  }
}
