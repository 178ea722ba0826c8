import Trainer

/// The schedulers that jobs can be submitted to.
enum SchedulerName: String, ConfigurationChoice {
  case slurm
  /// OpenPBS and PBS Professional.
  case pbs
}

/// What starts the ranks of a batch job.
enum BatchStarter: String, ConfigurationChoice {
  case mpirun
  case srun
}

/// A cluster file: where jobs run there and with what, the same for all of them.
struct ClusterConfiguration: ConfigurationSection {
  /// What jobs are submitted to.
  var scheduler = SchedulerName.slurm
  /// Slurm's partition, or the queue of PBS.
  var partition: String?
  /// Whom the job is charged to.
  var account: String?
  /// Slurm's quality of service.
  var qos: String?
  /// Nodes of a job.
  var nodes = 1
  /// Ranks on each of them; nil for one in each NUMA domain, or one where that is not known.
  var ranksPerNode: Int?
  /// Kernel threads of each rank; nil for the cores of a NUMA domain, or what the configuration says.
  var threads: Int?
  /// What a node is made of.
  var node = NodeSection()
  /// How long a job may take before it is run again, in the words of Slurm's `--time`.
  var time = "04:00:00"
  /// Seconds before that, and before the scheduler kills a job, at which it is told.
  var signalSeconds = 120
  /// Whether jobs that are stopped go on by themselves.
  var requeue = true
  /// Memory of a node, in the scheduler's words.
  var memory: String?
  /// Whether a job has its nodes for itself.
  var exclusive = false
  /// Further words for the scheduler, one `#SBATCH` or `#PBS` line each.
  var options: [String] = []
  /// What starts the ranks.
  var launcher = BatchStarter.mpirun
  /// Words for mpirun or srun.
  var launcherOptions: [String] = []
  /// Environment modules to load.
  var modules: [String] = []
  /// `NAME=value`.
  var environment: [String] = []
  /// Lines of shell that every job begins with.
  var prologue: [String] = []
  /// An Apptainer image that has aver-train.
  var container: String?
  /// Words for `apptainer exec`.
  var containerOptions: [String] = []
  /// The folder of aver-launch and aver-train on the nodes; nil for that of this program.
  var executables: String?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] { placeKeys + section("node", \.node) + programKeys }

  private static var placeKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("scheduler", \.scheduler, "What jobs are submitted to."),
      ConfigurationKey(
        "partition", \.partition, "Slurm's partition, or the queue of PBS.",
        must: Requirement<String>.schedulerName.ifPresent),
      ConfigurationKey(
        "account", \.account, "Whom jobs are charged to.",
        must: Requirement<String>.schedulerName.ifPresent),
      ConfigurationKey(
        "qos", \.qos, "Slurm's quality of service.",
        must: Requirement<String>.schedulerName.ifPresent),
      ConfigurationKey("nodes", \.nodes, "Nodes of a job.", must: .oneTo(100_000)),
      ConfigurationKey(
        "ranks_per_node", \.ranksPerNode,
        "Ranks on a node; null: one in each NUMA domain, or one where node does not tell.",
        must: Requirement<Int>.oneTo(4096).ifPresent),
      ConfigurationKey(
        "threads", \.threads,
        "Kernel threads of a rank, and its cores; null: the cores of a NUMA domain, or what the "
          + "training's configuration says.",
        must: Requirement<Int>.oneTo(1024).ifPresent),
      ConfigurationKey(
        "time", \.time, "How long a start may take: minutes, HH:MM:SS or days-HH:MM:SS.",
        must: Requirement(words: "minutes, HH:MM:SS or days-HH:MM:SS") { TimeLimit($0) != nil }),
      ConfigurationKey(
        "signal_seconds", \.signalSeconds,
        "So long before its end a start is asked for a checkpoint.", must: .from(5, to: 65_535)),
      ConfigurationKey(
        "requeue", \.requeue, "Whether a job that was preempted or ran out of time goes on."),
      ConfigurationKey(
        "memory", \.memory, "Memory of a node, such as 180G.",
        must: Requirement<String>.schedulerName.ifPresent),
      ConfigurationKey("exclusive", \.exclusive, "Whether a job has its nodes for itself."),
      ConfigurationKey(
        "options", \.options, "Further options of sbatch or qsub, such as --constraint=spr.",
        must: Requirement(words: "options on one line each that begin with -") { words in
          words.allSatisfy { $0.hasPrefix("-") && $0.isPrintable }
        }),
    ]
  }

  private static var programKeys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey("launcher", \.launcher, "What starts the ranks."),
      ConfigurationKey(
        "launcher_options", \.launcherOptions, "Words for mpirun or srun, in their order."),
      ConfigurationKey("modules", \.modules, "Environment modules to load."),
      ConfigurationKey(
        "environment", \.environment, "Variables, NAME=value.",
        must: Requirement(words: "NAME=value each") { $0.allSatisfy(\.isAssignment) }),
      ConfigurationKey("prologue", \.prologue, "Lines of shell that a job begins with."),
      ConfigurationKey(
        "container", \.container,
        "An Apptainer image that has aver-train; the launcher stays outside."),
      ConfigurationKey(
        "container_options", \.containerOptions, "Words for apptainer exec, such as --bind=/data."),
      ConfigurationKey(
        "executables", \.executables,
        "The folder of aver-launch and aver-train on the nodes; null: that of this aver-launch."),
    ]
  }
}

/// `node`: what a node is made of; both or neither.
struct NodeSection: ConfigurationSection {
  /// Cores, without the second threads of any.
  var cores: Int?
  /// Domains of memory that is near: sockets, or parts of them.
  var numaDomains: Int?

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    [
      ConfigurationKey(
        "cores", \.cores, "Cores of a node, without hyper-threads.",
        must: Requirement<Int>.positive.ifPresent),
      ConfigurationKey(
        "numa_domains", \.numaDomains, "NUMA domains of a node (lscpu tells).",
        must: Requirement<Int>.positive.ifPresent),
    ]
  }

  /// The cores of a NUMA domain; nil where that is not known.
  var coresPerDomain: Int? {
    guard let cores, let numaDomains else { return nil }
    return max(1, cores / numaDomains)
  }
}

extension Requirement<String> {
  /// What stands in a script for schedulers to read: they have rules of their own for quotes.
  static var schedulerName: Self {
    Requirement(words: "letters, digits and any of . _ , : = + - /") { text in
      !text.isEmpty && !text.hasPrefix("-")
        && text.unicodeScalars.allSatisfy { $0.isSafe || ".,:=+-/_".unicodeScalars.contains($0) }
    }
  }
}

extension String {
  /// Whether it stays on its line.
  fileprivate var isPrintable: Bool {
    unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
  }

  /// Whether it sets a variable of the shell.
  fileprivate var isAssignment: Bool {
    guard let end = firstIndex(of: "=") else { return false }
    let name = self[..<end].unicodeScalars
    return name.first.map { !("0"..."9").contains($0) } ?? false
      && name.allSatisfy { $0.isSafe || $0 == "_" }
  }
}

extension Unicode.Scalar {
  /// Whether it is a letter or a digit that means nothing else to anybody.
  var isSafe: Bool {
    switch self {
    case "a"..."z", "A"..."Z", "0"..."9": true
    default: false
    }
  }
}

/// A cluster file, for help texts.
public enum ClusterFile {
  /// The table of its keys.
  public static var keyTable: String { ClusterConfiguration.keyTable }
}
