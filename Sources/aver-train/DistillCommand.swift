import ArgumentParser
import CommandArguments
import Trainer

/// `aver-train distill`
struct DistillCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distill",
    abstract: "Trains a student of a teacher, on labelled faces and on faces without labels.",
    discussion: StageArguments.discussion(
      of: "distill",
      about: """
        The teacher is a run of the stage teacher, or of this one: distill.teacher names its folder. \
        With distill.generations above 1, each student is the next one's teacher; all but the last \
        have a folder generation-N in the run folder.
        """,
      keys: Distill.keyTable))

  @OptionGroup var arguments: StageArguments

  func run() throws { try arguments.run(Distill.run) }
}
