import Foundation
import Trainer

/// A training, or several that differ in a few words, as a batch job: everything that its script says.
struct BatchJob: Equatable, Sendable {
  /// Where it runs.
  var cluster: ClusterConfiguration
  /// How the scheduler calls it.
  var name: JobName
  /// The folder that all paths of the training are relative to.
  var workingFolder: String
  /// The folder of aver-launch and aver-train.
  var executables: String
  /// What is trained.
  var stage: StageName
  /// Ranks on each node.
  var ranksPerNode: Int
  /// Kernel threads of each rank, and its cores.
  var threads: Int
  /// What else aver-launch is told, word by word, of each training: its configuration, its folder, `--` and
  /// overrides. Several make an array.
  var trainings: [[String]]
  /// The file that the script is in, for schedulers under which a job has to submit it once more.
  var script: String
  /// The file that takes what the job prints, in the words of the scheduler.
  var log: String
  /// How many of an array run at the same time; nil for as many as there is room for.
  var concurrency: Int?

  /// Ranks on all nodes.
  var ranks: Int { cluster.nodes * ranksPerNode }
  /// How long a start may take.
  var seconds: Int { Int(TimeLimit(cluster.time)?.seconds ?? 0) }

  /// What mpirun or srun is told about the cores of a rank.
  var binding: [String] {
    switch cluster.launcher {
    case .srun: ["--cpu-bind=cores", "--distribution=block:block"]
    case .mpirun: ["--map-by", mapping, "--bind-to", "core"]
    }
  }

  private var mapping: String {
    guard let domains = cluster.node.numaDomains, ranksPerNode.isMultiple(of: domains) else {
      return "slot:PE=\(threads)"
    }
    return "ppr:\(ranksPerNode / domains):numa:PE=\(threads)"
  }
}

/// A job's name as schedulers take it: people may give any.
struct JobName: Equatable, Sendable, CustomStringConvertible {
  /// The name.
  let description: String
  /// PBS takes no more characters.
  private static let mostCharacters = 64

  /// What is left of a text without the characters that mean something to schedulers and shells.
  init(_ text: String) {
    let name = String(
      text.unicodeScalars.prefix(Self.mostCharacters).map { scalar in
        scalar.isSafe || "._-".unicodeScalars.contains(scalar) ? Character(scalar) : "-"
      })
    // Options begin with a dash, and PBS wants a letter.
    let isOfLetter = name.first.map { $0.isLetter } ?? false
    description = isOfLetter ? name : "aver" + (name.isEmpty ? "" : "-\(name.drop { $0 == "-" })")
  }
}
