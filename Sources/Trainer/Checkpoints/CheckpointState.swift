import Nets

/// Where a run stood when its checkpoint was written: the content of `state.json`.
struct CheckpointState: Codable, Equatable, Sendable {
  /// The best evaluation so far.
  struct Best: Codable, Equatable, Sendable {
    /// The value of `best.metric`.
    var score: Double
    /// The update after which it was reached.
    var step: Int
  }

  /// The format that this program writes.
  static let currentFormat = 2

  /// The format of this file.
  var formatVersion = Self.currentFormat
  /// Updates that were made.
  var step: Int
  /// Passes over the training set, as a fraction.
  var epoch: Double
  /// Whether the evaluation that is due after this step, if any, has been made.
  var isEvaluated: Bool
  /// The best evaluation so far, nil before the first.
  var best: Best?
  /// What a plateau schedule remembers; nil where there is none.
  var plateau: Patience.State?
  /// What early stopping remembers; nil where it is off.
  var stopping: Patience.State?
  /// Samples that could not be used and had a substitute, as ascending indices into the training
  /// list's records: those of all ranks since the start.
  var skippedSamples: [Int32]
  /// Micro-batches of a global batch: the leaves of the reduction tree.
  var microBatches: Int
  /// What the bits depend on besides the configuration.
  var engine: EngineIdentity
  /// A digest of the training list as it was read.
  var trainingData: String
  /// A digest of what was chosen of it before the first step; nil where nothing is.
  var choice: String?
  /// The values of the keys that decide the trained weights.
  var configuration: [String: String]
  /// Those of all others; nil in checkpoints that are older than this entry.
  var settings: [String: String]?

  /// What was configured otherwise than now without deciding the weights, one line each.
  func changedSettings(since other: CheckpointState) -> [String] {
    guard let then = other.settings, let now = settings else { return [] }
    return now.keys.sorted().compactMap { key in
      guard let before = then[key], let after = now[key], before != after else { return nil }
      return "\(key): \(before) -> \(after)"
    }
  }

  /// What differs from `other` in a way that gives another result, one line each.
  ///
  /// - Parameter defaults: the values of all keys where nothing is configured, which is what a
  ///   checkpoint that is older than a key was trained with.
  func differences(to other: CheckpointState, defaults: [String: String] = [:]) -> [String] {
    let keys = Set(configuration.keys).union(other.configuration.keys).sorted()
    var lines = keys.compactMap { key -> String? in
      let (then, now) = (configuration[key] ?? defaults[key], other.configuration[key])
      return then == now ? nil : "\(key): \(then ?? "absent") -> \(now ?? "absent")"
    }
    if trainingData != other.trainingData {
      lines.append(
        "what is learned from is not the same: the rows of data.train, another list, or another model"
      )
    }
    if let choice, let now = other.choice, choice != now {
      lines.append(
        "the faces that the teacher has answered for are not the same: some can be read again, or no "
          + "more; put them back as they were")
    }
    return lines
  }
}

extension EngineIdentity {
  /// The identity in words.
  var summary: String {
    "\(library), \(instructionSet), \(threads) thread\(threads == 1 ? "" : "s")"
  }
}
