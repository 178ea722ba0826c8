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
  /// `key=value` arguments that win over it.
  public var overrides: [String]
  /// What else aver-launch is told.
  public var arguments: [String]
  /// The run folder; of several trainings, the one that theirs are in.
  public var run: String
  /// The values of a key, one for each of several trainings; nil where there is one.
  public var each: (key: String, values: [String])?
  /// How many of them run at the same time.
  public var concurrency: Int?
  /// What the scheduler calls the job; nil for the run folder's name.
  public var name: String?

  /// A plan with every field given.
  public init(
    stage: StageName, clusterFile: String, clusterOverrides: [String], configurationFile: String,
    overrides: [String], arguments: [String], run: String,
    each: (key: String, values: [String])?, concurrency: Int?, name: String?
  ) {
    self.stage = stage
    (self.clusterFile, self.clusterOverrides) = (clusterFile, clusterOverrides)
    (self.configurationFile, self.overrides) = (configurationFile, overrides)
    (self.arguments, self.run) = (arguments, run)
    (self.each, self.concurrency, self.name) = (each, concurrency, name)
  }

  /// The run folders, in the order of the trainings.
  var runs: [String] {
    guard let each else { return [run] }
    // A value may be a path.
    return each.values.map { "\(run)/\(each.key)=\($0.replacing("/", with: "_"))" }
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
    let words = trainings(chosen)
    let outlines = try words.map { words in
      try TrainingOutline(of: stage, file: configurationFile, overrides: words) { _ in
        cluster.nodes * ranksPerNode
      }
    }
    let threads = outlines.map(\.threads).max() ?? 1
    try loaded.requireFit(ranksPerNode: ranksPerNode, threads: threads)
    let files = SubmissionFiles(run: run)
    return BatchJob(
      cluster: cluster, name: JobName(name ?? (run as NSString).lastPathComponent),
      workingFolder: workingFolder, executables: cluster.executables ?? ownFolder, stage: stage,
      ranksPerNode: ranksPerNode, threads: threads,
      trainings: zip(runs, words).map { run, overrides in
        ["--config", configurationFile, "--run", run] + arguments + ["--"] + overrides
      },
      script: "\(workingFolder)/\(files.script)",
      log: files.log(cluster.scheduler, isArray: each != nil),
      concurrency: concurrency)
  }

  /// The overrides of each training, those that the cluster wants first, so that others win.
  private func trainings(_ chosen: [String]) -> [[String]] {
    guard let each else { return [chosen + overrides] }
    return each.values.map { chosen + overrides + ["\(each.key)=\($0)"] }
  }
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
