import ArgumentParser
import CommandArguments
import Launcher
import Trainer

/// `aver-launch sweep`
struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Searches for the best values of configuration keys.",
    discussion: """
      Examples:
        aver-launch sweep configs/sweeps/teacher-small.yaml --run sweeps/first
        aver-launch sweep configs/sweeps/teacher.yaml --run sweeps/big --cluster cluster/example.yaml
        aver-launch sweep --run sweeps/big --cluster cluster/example.yaml budget.trials=100

      Trials are trained on this machine, or as batch jobs where a cluster file is named. The sweep can \
      be killed at any time and goes on with the same command, from any host that sees its folder: \
      nothing that was measured is lost, and no trial counts twice. On this machine, trainings under \
      way end with a checkpoint; batch jobs go on by themselves.

      The sweep's folder: journal.log, which Optuna and optuna-dashboard open as it is \
      (JournalFileBackend); trials.csv; best.yaml, the configuration of the best trial; trials/00000, \
      the run folder of a trial; logs/launcher.log.

      Keys of a sweep file:
      \(SweepFile.keyTable)

      Exit codes: 0 finished; 64 refused; 65 a broken journal; 70 no trial came to anything, or the \
      system failed; 75 stopped, run it again; 130 interrupted twice.
      """)

  @Argument(
    help: "The sweep file, unless the sweep goes on, and values that win over it (KEY=VALUE).",
    completion: .file(extensions: ["yaml", "yml"]))
  var words: [String] = []

  @Option(name: .customLong("run"), help: "The sweep's folder.", completion: .directory)
  var folder: String

  @Option(
    name: [.customShort("n"), .long], help: "Ranks of each training on this machine (default: 1).")
  var ranks: Int?

  @Option(
    help: "The YAML file that describes the cluster to train on.", completion: .file())
  var cluster: String?

  @OptionGroup var clusterOverrides: ClusterOverrides

  func validate() throws {
    guard ranks ?? 1 > 0 else { throw ValidationError("--ranks must be 1 or more") }
    guard ranks == nil || cluster == nil else {
      throw ValidationError(
        "--ranks is for this machine; the cluster file tells those of a cluster")
    }
    guard cluster != nil || clusterOverrides.words.isEmpty else {
      throw ValidationError("--with changes what a cluster file says: name one with --cluster")
    }
    guard !folder.isEmpty else {
      throw ValidationError("--run '': name the folder, such as --run sweeps/first")
    }
  }

  func run() throws {
    let isFileNamed = words.first.map { !$0.contains("=") } ?? false
    let request = SweepRequest(
      file: isFileNamed ? words[0] : nil, overrides: Array(words.dropFirst(isFileNamed ? 1 : 0)),
      folder: folder, ranks: ranks ?? 1, cluster: cluster.map { ($0, clusterOverrides.words) })
    let status = try explainingFailures { try Sweep(request).run() }
    throw ExitCode(status.rawValue)
  }
}
