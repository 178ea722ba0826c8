import ArgumentParser
import Trainer

/// The tool beside the trainer: data, evaluation, export, diagnosis.
@main
struct Aver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aver",
    abstract:
      "Data, evaluation, features, predictions, export and diagnosis for audio-visual emotion recognition.",
    subcommands: [
      SynthCommand.self, PackCommand.self, VerifyCommand.self, EvaluateCommand.self,
      ExtractCommand.self, PredictCommand.self, ExportCommand.self, Doctor.self,
    ])

  static func main() { main(ProcessWords.arguments) }
}

/// Prints what a command found, or leaves with the status of an internal error.
func printResult(_ text: String) throws {
  do {
    try StandardStream.output.write("\(text)\n")
  } catch {
    Job.printError("\(error)")
    throw ExitCode(ExitStatus.internalError.rawValue)
  }
}

extension ExitCode {
  /// The data, not the command, is at fault.
  static let badData = ExitCode(65)
}
