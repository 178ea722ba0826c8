import ArgumentParser
import Trainer

/// `aver-train fusion`
struct FusionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fusion",
    abstract: "Trains valence and arousal over time on what trained extractors see and hear.",
    discussion: """
      Example: mpirun -n 2 aver-train fusion --config configs/fusion-small.yaml \
      --run runs/fusion fusion.visual=runs/teacher fusion.audio=runs/audio

      Features of films and sounds are extracted once, by all ranks, and kept in features.cache.

      The number of ranks must be a power of two that divides batch.global / batch.micro. Whichever \
      it is, and wherever the run was stopped and resumed, the trained weights are the same bit by \
      bit. A run that was stopped goes on with --run DIR --resume auto.

      Configuration keys:
      \(Fusion.keyTable)

      Exit codes: \(ExitStatus.table).
      """)

  @Option(help: "The configuration, a YAML file.", completion: .file(extensions: ["yaml", "yml"]))
  var config: String

  @Option(
    name: .customLong("run"),
    help: "The run folder (default: a new runs/fusion-<date>-<time>).", completion: .directory)
  var runFolder: String?

  @Option(
    help: """
      auto goes on from the run folder's newest valid checkpoint, or begins where there is none; \
      never begins afresh and refuses a folder that holds a run; a checkpoint's path goes on from \
      there.
      """)
  var resume = "never"

  @Flag(
    help: """
      Go on although the kernel library, the instruction set or the threads are others than the \
      checkpoint's or differ between ranks: the bits of the result will be others.
      """)
  var allowIdentityChange = false

  @Argument(help: "Configuration values that win over the file, such as train.epochs=4.")
  var overrides: [String] = []

  func run() throws {
    let options = StageOptions(
      configurationFile: config, overrides: overrides, runFolder: runFolder,
      resume: ResumePolicy(resume), allowIdentityChange: allowIdentityChange)
    try Job.run(takingSignals: true) { try Fusion.run(options, job: $0) }.leave()
  }
}
