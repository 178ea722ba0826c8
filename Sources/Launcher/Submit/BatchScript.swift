import Trainer

/// The script of a batch job.
///
/// It says everything itself, so that it can be read, kept and submitted once more. What is in it of other
/// people's words is quoted for the shell, or restricted where a scheduler reads it.
struct BatchScript: Equatable, Sendable {
  /// What is to be run.
  let job: BatchJob

  /// The script, to be written to a file.
  var text: String {
    let head =
      ["#!/usr/bin/env bash"] + directives + [
        "#",
        "# \(job.stage), written by aver-launch submit. It can be submitted once more: the run goes on.",
      ]
    let parts = [
      head.joined(separator: "\n") + "\n" + BatchScriptText.preamble, identity,
      surroundings.joined(separator: "\n"), program.joined(separator: "\n"),
      BatchScriptText.conclusion,
    ]
    return parts.joined(separator: "\n\n") + "\n"
  }

  // MARK: - What the scheduler reads

  private var directives: [String] {
    switch job.cluster.scheduler {
    case .slurm: slurmOptions.map { "#SBATCH \($0)" }
    case .pbs: pbsOptions.map { "#PBS \($0)" }
    }
  }

  private var slurmOptions: [String] {
    let cluster = job.cluster
    let most = job.concurrency.map { "%\($0)" } ?? ""
    let chosen = [
      job.trainings.count > 1 ? "--array=0-\(job.trainings.count - 1)\(most)" : nil,
      cluster.partition.map { "--partition=\($0)" }, cluster.account.map { "--account=\($0)" },
      cluster.qos.map { "--qos=\($0)" }, cluster.memory.map { "--mem=\($0)" },
      cluster.exclusive ? "--exclusive" : nil,
    ]
    let size = [
      "--nodes=\(cluster.nodes)", "--ntasks-per-node=\(job.ranksPerNode)",
      "--cpus-per-task=\(job.threads)", "--time=\(cluster.time)",
    ]
    let course = [
      "--open-mode=append", cluster.requeue ? "--requeue" : "--no-requeue",
      "--signal=B:USR1@\(cluster.signalSeconds)",
    ]
    return ["--job-name=\(job.name)"] + chosen.compactMap { $0 } + size + course + cluster.options
  }

  private var pbsOptions: [String] {
    let cluster = job.cluster
    let most = job.concurrency.map { "%\($0)" } ?? ""
    let memory = cluster.memory.map { ":mem=\($0)" } ?? ""
    let chosen = [
      job.trainings.count > 1 ? "-J 0-\(job.trainings.count - 1)\(most)" : nil,
      cluster.partition.map { "-q \($0)" }, cluster.account.map { "-A \($0)" },
    ]
    let size = [
      "-l select=\(cluster.nodes):ncpus=\(job.ranksPerNode * job.threads)"
        + ":mpiprocs=\(job.ranksPerNode):ompthreads=\(job.threads)\(memory)",
      "-l place=scatter\(cluster.exclusive ? ":excl" : "")",
      "-l walltime=\(TimeLimit(wholeSeconds: job.seconds).text)",
    ]
    return ["-N \(job.name)"] + chosen.compactMap { $0 } + size
      + ["-j oe", cluster.requeue ? "-r y" : "-r n"] + cluster.options
  }

  // MARK: - What the shell reads

  private var identity: String {
    let (facts, requeue) =
      switch job.cluster.scheduler {
      case .slurm: (BatchScriptText.slurm, BatchScriptText.slurmRequeue)
      case .pbs: (BatchScriptText.pbs, BatchScriptText.pbsRequeue)
      }
    return facts + "\n\n" + (job.cluster.requeue ? requeue : BatchScriptText.noRequeue)
  }

  private var surroundings: [String] {
    let cluster = job.cluster
    let modules = cluster.modules.map { "module load \($0.shellQuoted)" }
    let variables = cluster.environment.map { assignment in
      let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return "export \(parts[0])=\(String(parts[1]).shellQuoted)"
    }
    let own =
      switch cluster.scheduler {
      case .slurm: [String]()
      case .pbs: ["script=\(job.script.shellQuoted)", "log=\(job.log.shellQuoted)"]
      }
    // The functions that load modules use variables that are not set.
    return ["cd \(job.workingFolder.shellQuoted)"] + own
      + (modules.isEmpty ? [] : ["set +u"] + modules + ["set -u"])
      + variables + cluster.prologue
      + ["export PATH=\(job.executables.shellQuoted):$PATH"]
  }

  private var program: [String] {
    let cluster = job.cluster
    let container =
      cluster.container.map { ["apptainer", "exec"] + cluster.containerOptions + [$0] } ?? []
    let options = ["--ranks", "\(job.ranks)"] + container.map { "--wrapper=\($0)" }
    let starter =
      switch cluster.scheduler {
      // srun of Slurm 22.05 and newer does not take this from the job by itself.
      case .slurm: "export SRUN_CPUS_PER_TASK=\(job.threads)"
      case .pbs: #"options+=(--hostfile "$PBS_NODEFILE")"#
      }
    return [
      "launcher=\(cluster.launcher.rawValue)", "options=(\(Self.words(options)))", starter,
      "binding=(\(Self.words(job.binding + cluster.launcherOptions)))",
    ] + chosenTraining
  }

  private var chosenTraining: [String] {
    let trainings = job.trainings.map { "set -- \(job.stage) \(Self.words(limit + $0))" }
    guard trainings.count > 1 else { return trainings }
    let index =
      switch job.cluster.scheduler {
      case .slurm: "SLURM_ARRAY_TASK_ID"
      case .pbs: "PBS_ARRAY_INDEX"
      }
    return ["case ${\(index):?} in"]
      + trainings.enumerated().map { "  \($0.offset)) \($0.element) ;;" }
      + [#"  *) say "no training $\#(index)" >&2 && exit 64 ;;"#, "esac"]
  }

  /// What Slurm says itself: PBS sends SIGTERM to all processes of a job, and soon after SIGKILL.
  private var limit: [String] {
    switch job.cluster.scheduler {
    case .slurm: []
    case .pbs:
      ["--time-limit", TimeLimit(wholeSeconds: job.seconds - job.cluster.signalSeconds).text]
    }
  }

  private static func words(_ words: [String]) -> String {
    words.map(\.shellQuoted).joined(separator: " ")
  }
}
