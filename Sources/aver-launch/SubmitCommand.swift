import ArgumentParser
import CommandArguments
import Launcher
import Trainer

/// `aver-launch submit`
struct SubmitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "submit",
    abstract: "Hands a training in to Slurm or PBS, with a batch script that sees it through.",
    discussion: """
      Example: aver-launch submit --cluster cluster/example.yaml teacher --config \
      configs/teacher.yaml --run runs/teacher data.root=/data/affectnet

      The number of the job is the only line of the standard output. The script, the job's number and \
      its log are in the folder submit of the run. A job that is preempted or reaches its time limit \
      writes a checkpoint, goes back into the queue and goes on; one that is handed in once more after \
      it has ended goes on as well. The configuration is checked before anything is handed in. A \
      scheduler that is away is asked again for ten minutes, and never given a job twice.

      Pipelines: --after names jobs, or runs that were handed in, which have to finish first:
        aver-launch submit --cluster c.yaml teacher --config configs/teacher.yaml --run runs/t
        aver-launch submit --cluster c.yaml --after runs/t distill --config configs/distill.yaml --run \
      runs/d distill.teacher=runs/t

      Arrays: --each seed=1,2,3 makes a training of each value, in the folders RUN/seed=1 and so on.

      Keys of a cluster file:
      \(ClusterFile.keyTable)

      Exit codes: 0 handed in; 64 refused, by the configuration or the scheduler; 65 a broken record; \
      70 the scheduler does not answer.
      """)

  @Option(help: "The YAML file that describes the cluster.", completion: .file())
  var cluster: String

  @OptionGroup var clusterOverrides: ClusterOverrides

  @Option(help: "The job's name (default: the run folder's).")
  var name: String?

  @Option(
    help: ArgumentHelp(
      "A run, or a job's number, that has to finish first; can be repeated.",
      valueName: "run|job"))
  var after: [String] = []

  @Option(
    help: ArgumentHelp(
      "One training for each value of a configuration key, as an array.",
      valueName: "key=a,b,…"))
  var each: String?

  @Option(help: "How many trainings of an array run at the same time (default: all).")
  var atMost: Int?

  @Flag(help: "Print the script, and hand nothing in.")
  var dryRun = false

  @Argument(help: "What to train.")
  var stage: StageName

  @OptionGroup var arguments: StageArguments

  func validate() throws {
    guard atMost ?? 1 > 0 else { throw ValidationError("--at-most must be 1 or more") }
    guard atMost == nil || each != nil else { throw ValidationError("--at-most needs --each") }
    guard arguments.runFolder != "" else {
      throw ValidationError("--run '': name the folder, such as --run runs/first")
    }
    if let each, values(each) == nil {
      throw ValidationError("--each \(each): expected KEY=VALUE,VALUE, such as seed=1,2,3")
    }
    guard arguments.resume == nil || arguments.resume == "auto" else {
      throw ValidationError(
        "--resume: a job that goes on by itself goes on from the newest checkpoint")
    }
  }

  func run() throws {
    let plan = SubmissionPlan(
      stage: stage, clusterFile: cluster, clusterOverrides: clusterOverrides.words,
      configurationFile: arguments.config, overrides: arguments.overrides,
      arguments: arguments.flags, run: arguments.runFolder ?? stage.newRunFolder(),
      each: each.flatMap(values), concurrency: atMost, name: name)
    let submitter = Submitter { Job.printError($0) }
    let text = try explainingFailures {
      try dryRun
        ? submitter.script(of: plan) : "\(submitter.submit(plan, after: after))\n"
    }
    try StandardStream.output.write(text)
  }

  /// `seed=1,2` as the key and its values; nil where it is nothing like that.
  private func values(_ text: String) -> (key: String, values: [String])? {
    let parts = text.split(separator: "=", maxSplits: 1)
    guard parts.count == 2 else { return nil }
    let values = parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard !values.contains(""), Set(values).count == values.count else { return nil }
    return (String(parts[0]), values)
  }
}
