import Foundation
import Trainer

/// Trainings that somebody wants to be run as one batch job.
public struct SubmissionPlan: Sendable {
  /// What is trained.
  public var stage: StageName
  /// The file that describes the cluster.
  public var clusterFile: String
  /// `key=value` arguments that win over it.
  public var clusterOverrides: [String]
  /// The training's configuration.
  public var configurationFile: String
  /// The run folder; of several trainings, the one that theirs are in.
  public var run: String
  /// The trainings.
  var trainings: [SubmittedTraining]
  /// Whether they are an array.
  var isArray: Bool
  /// How many of them run at the same time.
  public var concurrency: Int?
  /// What the scheduler calls the job; nil for the run folder's name.
  public var name: String?

  /// A plan of one training, or of some that differ in the value of a key.
  ///
  /// - Parameters:
  ///   - overrides: `key=value` arguments that win over the configuration.
  ///   - arguments: what else aver-launch is told.
  ///   - each: the values of a key, one for each of several trainings; nil where there is one.
  public init(
    stage: StageName, clusterFile: String, clusterOverrides: [String], configurationFile: String,
    overrides: [String], arguments: [String], run: String,
    each: (key: String, values: [String])?, concurrency: Int?, name: String?
  ) {
    let trainings =
      each.map { each in
        each.values.map { value in
          SubmittedTraining(
            // A value may be a path.
            run: "\(run)/\(each.key)=\(value.replacing("/", with: "_"))", arguments: arguments,
            overrides: overrides + ["\(each.key)=\(value)"])
        }
      } ?? [SubmittedTraining(run: run, arguments: arguments, overrides: overrides)]
    self.init(
      stage: stage, clusterFile: clusterFile, clusterOverrides: clusterOverrides,
      configurationFile: configurationFile,
      // One is no array, which PBS would not take either.
      run: trainings.count == 1 ? trainings[0].run : run, trainings: trainings,
      isArray: trainings.count > 1, name: name)
    self.concurrency = concurrency
  }

  /// A plan of trainings of which each has its own words.
  init(
    stage: StageName, clusterFile: String, clusterOverrides: [String], configurationFile: String,
    run: String, trainings: [SubmittedTraining], isArray: Bool, name: String?
  ) {
    self.stage = stage
    (self.clusterFile, self.clusterOverrides) = (clusterFile, clusterOverrides)
    (self.configurationFile, self.run) = (configurationFile, run)
    (self.trainings, self.isArray, self.name) = (trainings, isArray, name)
  }

  /// The job, everything checked that can be before it runs.
  ///
  /// - Parameters:
  ///   - workingFolder: what paths are relative to.
  ///   - ownFolder: where aver-launch and aver-train are, unless the cluster file tells.
  /// - Throws: `TrainerError.configuration`.
  func job(workingFolder: String, ownFolder: String) throws -> BatchJob {
    let loaded = try ConfigurationReader<ClusterConfiguration>.load(
      file: clusterFile, overrides: clusterOverrides, option: "--cluster")
    let cluster = loaded.values
    let ranksPerNode = cluster.ranksPerNode ?? cluster.node.numaDomains ?? 1
    let chosen = (cluster.threads ?? cluster.threadsOfDomain).map { ["threads=\($0)"] } ?? []
    // All of them: a value that makes no sense is to be known now, not when its turn comes.
    let outlines = try trainings.map { training in
      try TrainingOutline(
        of: stage, file: configurationFile, overrides: chosen + training.overrides
      ) { _ in cluster.nodes * ranksPerNode }
    }
    try requireFolders(cluster.scheduler)
    let threads = outlines.map(\.threads).max() ?? 1
    try loaded.requireFit(ranksPerNode: ranksPerNode, threads: threads)
    let files = SubmissionFiles(run: run)
    return BatchJob(
      cluster: cluster, name: JobName(name ?? (run as NSString).lastPathComponent),
      workingFolder: workingFolder, executables: cluster.executables ?? ownFolder, stage: stage,
      ranksPerNode: ranksPerNode, threads: threads,
      trainings: trainings.map { training in
        // What the cluster wants comes first, so that others win.
        ["--config", configurationFile, "--run", training.run] + training.arguments + ["--"]
          + chosen + training.overrides
      },
      script: "\(workingFolder)/\(files.script)",
      log: files.log(cluster.scheduler, isArray: isArray),
      concurrency: concurrency)
  }
}

extension SubmissionPlan {
  /// The plan without those of an array that are done.
  ///
  /// - Throws: `LaunchError.finished` where all are.
  func withoutFinished(say: (String) -> Void) throws -> SubmissionPlan {
    var plan = self
    plan.trainings = trainings.filter { !RunProgress(ofRun: $0.run).hasFinished }
    guard !plan.trainings.isEmpty else { throw LaunchError.finished(run: run) }
    let count = trainings.count - plan.trainings.count
    if count > 0 { say("\(run): \(count) of \(trainings.count) have finished, and are left out") }
    if plan.trainings.count == 1, isArray {
      (plan.run, plan.isArray) = (plan.trainings[0].run, false)
    }
    return plan
  }

  /// Throws where two trainings would have one folder, or a log could not be named.
  fileprivate func requireFolders(_ scheduler: SchedulerName) throws {
    if let same = Dictionary(grouping: trainings, by: \.run).first(where: { $1.count > 1 }) {
      throw LaunchError.runFolder(same.key, reason: "two of the trainings would have it")
    }
    // It takes what follows for itself, and leaves %j as it is.
    if scheduler == .slurm, run.contains("\\") {
      throw LaunchError.runFolder(run, reason: "Slurm writes no log where its path has a backslash")
    }
  }
}

/// One training of those that are handed in together.
struct SubmittedTraining: Equatable, Sendable {
  /// Its run folder.
  var run: String
  /// What else aver-launch is told.
  var arguments: [String]
  /// `key=value` arguments that win over the configuration.
  var overrides: [String]
}

extension ClusterConfiguration {
  /// The cores of a NUMA domain, where each has a rank.
  fileprivate var threadsOfDomain: Int? {
    guard ranksPerNode == nil || ranksPerNode == node.numaDomains else { return nil }
    return node.coresPerDomain
  }
}

extension LoadedConfiguration<ClusterConfiguration> {
  /// Throws `TrainerError.configuration` where a node is too small, or the time.
  fileprivate func requireFit(ranksPerNode: Int, threads: Int) throws {
    var mistakes: [ConfigurationMistake] = []
    if let cores = values.node.cores, ranksPerNode * threads > cores {
      mistakes.append(
        mistake(
          "node.cores",
          "\(ranksPerNode) ranks of \(threads) threads want \(ranksPerNode * threads) cores, and a "
            + "node has \(cores)"))
    }
    if let limit = TimeLimit(values.time), limit.seconds <= Double(values.signalSeconds) {
      mistakes.append(
        mistake("time", "is no longer than signal_seconds, which is \(values.signalSeconds)"))
    }
    guard mistakes.isEmpty else { throw TrainerError.configuration(mistakes) }
  }
}
