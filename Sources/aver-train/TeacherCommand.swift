import ArgumentParser
import CommandArguments
import Trainer

/// `aver-train teacher`
struct TeacherCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "teacher",
    abstract: "Trains a network to see facial expressions, on labelled faces and triplets.",
    discussion: StageArguments.discussion(of: "teacher", keys: Teacher.keyTable))

  @OptionGroup var arguments: StageArguments

  func run() throws { try arguments.run(Teacher.run) }
}
