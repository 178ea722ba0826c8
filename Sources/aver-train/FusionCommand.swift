import ArgumentParser
import CommandArguments
import Trainer

/// `aver-train fusion`
struct FusionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fusion",
    abstract: "Trains valence and arousal over time, by film and sound.",
    discussion: StageArguments.discussion(
      of: "fusion",
      about: """
        fusion.visual and fusion.audio name the runs of the extractors. Their features are extracted once, \
        by all ranks, and kept in features.cache under names that say what they depend on.
        """,
      keys: Fusion.keyTable))

  @OptionGroup var arguments: StageArguments

  func run() throws { try arguments.run(Fusion.run) }
}
