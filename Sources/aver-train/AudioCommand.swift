import ArgumentParser
import CommandArguments
import Trainer

/// `aver-train audio`
struct AudioCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audio",
    abstract: "Trains a network that hears emotions, on labelled speech.",
    discussion: StageArguments.discussion(
      of: "audio",
      about: """
        Utterances are found by the names that RAVDESS gives its files, or by a CSV list; no speaker \
        is in training and validation, unless the list says so.
        """,
      keys: Audio.keyTable))

  @OptionGroup var arguments: StageArguments

  func run() throws { try arguments.run(Audio.run) }
}
