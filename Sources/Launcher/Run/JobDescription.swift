import Trainer

/// A training as it is to be run, whatever happens on the way.
public struct JobDescription: Sendable {
  /// The stage.
  public var stage: StageName
  /// The run folder, the same for all starts.
  public var runFolder: String
  /// Where the first start begins.
  public var resume: ResumePolicy
  /// How long all starts together may take; nil for as long as the scheduler lets them.
  public var timeLimit: TimeLimit?
  /// What else the trainer is told, word by word.
  public var trainerArguments: [String]
  /// What else mpirun or srun is told, word by word.
  public var starterArguments: [String]
  /// What starts the trainer on each rank, such as a container's program; empty for itself.
  public var wrapper: [String]

  /// A description with every field given.
  public init(
    stage: StageName, runFolder: String, resume: ResumePolicy, timeLimit: TimeLimit?,
    trainerArguments: [String], starterArguments: [String], wrapper: [String] = []
  ) {
    self.stage = stage
    self.runFolder = runFolder
    self.resume = resume
    self.timeLimit = timeLimit
    self.trainerArguments = trainerArguments
    self.starterArguments = starterArguments
    self.wrapper = wrapper
  }

  /// The words of a start, the program first.
  ///
  /// - Parameters:
  ///   - starter: the programs.
  ///   - placement: how many ranks, and where.
  ///   - resume: where this start begins.
  ///   - secondsLeft: how long it may take; nil for as long as it likes.
  func command(
    with starter: Starter, at placement: Placement, resume: ResumePolicy, secondsLeft: Double?
  ) -> [String] {
    [starter.path] + starter.defaults + starterArguments + starter.arguments(for: placement)
      // A container has its own, somewhere else.
      + (wrapper.isEmpty ? [starter.trainer] : wrapper + ["aver-train"])
      + ["\(stage)", "--run", runFolder, "--resume", "\(resume)"]
      + (secondsLeft.map { ["--time-limit", TimeLimit(wholeSeconds: Int($0)).text] } ?? [])
      + trainerArguments
  }

  /// Where a start begins: as it was asked for until this job has written a checkpoint, from then on at
  /// the newest one. A run that was to begin afresh has its own folder after the first start.
  func resume(start number: Int, hasWrittenCheckpoint: Bool) -> ResumePolicy {
    switch resume {
    case .checkpoint where !hasWrittenCheckpoint: resume
    case .never where number == 1: resume
    case .auto, .never, .checkpoint: .auto
    }
  }
}

extension Starter {
  /// What goes before the words of whoever starts the job, which win over it.
  fileprivate var defaults: [String] {
    switch kind {
    case .mpirun: []
    // Ranks of Open MPI find each other by it, whatever the cluster's default is.
    case .srun: ["--mpi=pmix"]
    }
  }

  /// The words that say how many ranks there are, and where.
  func arguments(for placement: Placement) -> [String] {
    switch kind {
    case .mpirun:
      let hosts = placement.namesHosts ? placement.hosts.map { ["--host", $0.text] } : nil
      return ["-n", "\(placement.ranks)"] + (hosts ?? [])
    case .srun:
      let hosts = placement.namesHosts ? placement.hosts?.hosts.map(\.name) : nil
      let choice = hosts.map { names in
        ["--nodes=\(names.count)", "--nodelist=\(names.joined(separator: ","))"]
      }
      // Or the other ranks would wait for the one that is gone.
      return ["--kill-on-bad-exit=1", "--ntasks=\(placement.ranks)"] + (choice ?? [])
    }
  }
}
