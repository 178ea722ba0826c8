import ArgumentParser

/// The tool beside the trainer: data, evaluation, diagnosis.
@main
struct Aver: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aver",
    abstract: "Data, evaluation and diagnosis for audio-visual emotion recognition.",
    subcommands: [SynthCommand.self, EvaluateCommand.self, Doctor.self])
}

extension ExitCode {
  /// The data, not the command, is at fault.
  static let badData = ExitCode(65)
}
