import Distributed
import Foundation
import Nets

// What every stage does on the way to its training loop.

extension Job {
  /// Makes the run folder ready and tells all ranks which one it is. Collective.
  func prepareRunFolder(stage: StageName, options: StageOptions) throws -> RunFolder {
    let path = try agreement.onRankZero {
      if options.runFolder == nil, options.resume == .auto {
        throw TrainerError.usage(
          "--resume auto needs --run DIR: a new run folder has nothing to resume")
      }
      if options.runFolder == "" {
        throw TrainerError.usage("--run '': name the folder, such as --run runs/first")
      }
      let folder = options.runFolder.map(RunFolder.init(path:)) ?? RunFolder.new(stage: stage)
      try folder.prepare(resume: options.resume)
      try takeLease(of: folder)
      // The one who had it may have made a run here since.
      try folder.prepare(resume: options.resume)
      try CheckpointStore(folder: folder.checkpoints).recover()
      return folder.path
    }
    let folder = RunFolder(path: path)
    runFolder = folder
    deadline =
      deadline
      ?? Deadline(
        limit: options.timeLimit?.seconds, since: began, date: LaunchEnvironment.current.endTime)
    graceSeconds = options.graceSeconds.map(Double.init)
    return folder
  }

  /// Takes the lease of a run folder, in the place of another folder's.
  private func takeLease(of folder: RunFolder) throws {
    lease?.release()
    lease = nil
    let own = LeaseRecord.own(
      host: communicator.hostName, LaunchEnvironment.current.scheduled)
    lease = try RunLease(
      folder: folder.path, own: own, isStopRequested: { signals.isStopRequested },
      wait: { holder in
        Self.printError(
          "\(folder.path) was being written to by \(holder.description): waiting for a sign of life"
        )
      })
  }

  /// Sets up the kernels and makes sure that all ranks compute the same bits. Collective.
  func configureEngine(threads: Int, allowIdentityChange: Bool) throws -> EngineIdentity {
    try agreement.together { try Engine.configure(threads: threads) }
    let own = Engine.identity(threads: threads)
    let all = try communicator.allGather(Array(own.summary.utf8))
      .map { String(decoding: $0, as: UTF8.self) }
    if !allowIdentityChange, let other = all.firstIndex(where: { $0 != all[0] }) {
      let error = TrainerError.identitiesDiffer(rank: other, there: all[other], here: all[0])
      throw TrainerError.agreed(rank: 0, status: error.exitStatus, message: "\(error)")
    }
    return own
  }

  /// Refuses a configuration that the newest checkpoint will not go with, before anything that takes
  /// long. Collective.
  ///
  /// Only its state is verified here: where anything is broken, an earlier one is taken later.
  func refuseChanges(
    since store: CheckpointStore, options: StageOptions, configuration: [String: String],
    engine: EngineIdentity, defaults: [String: String]
  ) throws {
    try agreement.onRankZero {
      let path: String? =
        switch options.resume {
        case .never: nil
        case .auto: try store.paths.last ?? store.origin
        case .checkpoint(let path): path
        }
      guard let path, let state = CheckpointStore.wholeState(path) else { return }
      let checkpoint = Checkpoint(path: path, state: state)
      var identity = checkpoint.state
      (identity.configuration, identity.engine) = (configuration, engine)
      try checkpoint.requireMatch(
        identity, defaults: defaults, allowIdentityChange: options.allowIdentityChange)
    }
  }

  /// The checkpoint that the run begins at, nil where it begins afresh. Collective.
  ///
  /// - Parameters:
  ///   - identity: what the checkpoint has to agree with.
  ///   - defaults: the configuration's, for keys that the checkpoint is older than.
  ///   - report: hears, on rank 0, of broken checkpoints, before an earlier one is taken.
  func findCheckpoint(
    in store: CheckpointStore, options: StageOptions, identity: CheckpointState,
    defaults: [String: String], report: (BrokenCheckpoint) throws -> Void
  ) throws -> Checkpoint? {
    let path = try agreement.onRankZero { () -> String in
      let checkpoint =
        switch options.resume {
        case .never: Checkpoint?.none
        case .auto: try store.newestValid(report: report) ?? store.loadOrigin()
        case .checkpoint(let path): try CheckpointStore.load(path)
        }
      if options.resume == .auto, checkpoint == nil { try store.refuseLoss() }
      try checkpoint?.requireMatch(
        identity, defaults: defaults, allowIdentityChange: options.allowIdentityChange)
      return checkpoint?.path ?? ""
    }
    guard !path.isEmpty else { return nil }
    // Rank 0 has verified the digests; the others only need to know where the run stands.
    return try agreement.together { try CheckpointStore.loadWithoutVerifying(path) }
  }
}

extension StageRun {
  /// The newest checkpoint in a run folder, nil where there is none. Collective.
  ///
  /// - Throws: what going on from it throws where configuration, data or kernels are others now.
  static func findCheckpoint(of options: StageOptions, job: Job) throws -> Checkpoint? {
    let loaded = try job.agreement.together {
      try S.Configuration.load(options, worldSize: job.communicator.worldSize)
    }
    try job.agreement.onRankZero { try S.requireFiles(loaded.values) }
    let engine = try job.configureEngine(
      threads: loaded.values.threads, allowIdentityChange: options.allowIdentityChange)
    let stage = try S(loaded, job: job)
    let identity = try job.agreement.together {
      try CheckpointState(identityOf: stage, loaded.values, engine: engine)
    }
    let folder = RunFolder(path: options.runFolder ?? "")
    return try job.findCheckpoint(
      in: CheckpointStore(folder: folder.checkpoints), options: options,
      identity: identity, defaults: S.Configuration().identityValues, report: { _ in })
  }
}

extension CheckpointState {
  /// What checkpoints of a training have to agree with.
  init<S: Stage>(
    identityOf stage: S, _ configuration: S.Configuration, engine: EngineIdentity
  ) throws {
    self.init(
      step: 0, epoch: 0, isEvaluated: true, best: nil, skippedSamples: [],
      microBatches: configuration.batch.microBatches, engine: engine,
      trainingData: try stage.dataDigest(isSteered: configuration.isSteered),
      choice: try stage.choiceDigest(),
      configuration: configuration.identityValues, settings: configuration.freeValues)
  }
}

extension Checkpoint {
  /// Throws where going on from the checkpoint would not give the uninterrupted run's weights.
  func requireMatch(
    _ identity: CheckpointState, defaults: [String: String] = [:], allowIdentityChange: Bool
  ) throws {
    let differences = state.differences(to: identity, defaults: defaults)
    guard differences.isEmpty else {
      throw TrainerError.configurationChanged(checkpoint: path, differences: differences)
    }
    if state.engine != identity.engine, !allowIdentityChange {
      throw TrainerError.identityChanged(
        checkpoint: path, then: state.engine.summary, now: identity.engine.summary)
    }
  }
}

/// Weights to start from that another training left.
enum InitialWeights {
  /// Loads a published or own model; a head of it is left as initialised where the shapes differ, or
  /// where the file has none, as torchvggish's do.
  ///
  /// - Parameters:
  ///   - heads: the names of each head's parameters, see `FaceNetwork.heads`.
  ///   - summed: a convolution whose input channels are summed, see `ParameterStore.loadModel`.
  /// - Returns: the names of the tensors that were left as initialised.
  /// - Throws: `WeightsError`, `NetsError` naming the file and the tensor.
  static func load(
    _ path: String, into parameters: ParameterStore, heads: [[String]],
    summingChannelsOf summed: String? = nil
  ) throws -> [String] {
    let shapes = Dictionary(
      uniqueKeysWithValues: parameters.parameters.map { ($0.name, $0.shape) })
    let file = try SafetensorsReader(path: path)
    // A head is one thing: its bias means nothing to a new weight.
    let replaced = heads.filter { head in
      let own = file.descriptions.filter { head.contains($0.name) }
      return own.isEmpty
        || own.contains { isOfAnotherHead($0, shape: shapes[$0.name] ?? $0.shape) }
    }.flatMap { $0 }
    try parameters.loadModel(from: file, keeping: replaced, summingChannelsOf: summed)
    return replaced
  }

  /// Whether a tensor tells another number of classes apart, and is a parameter of a head otherwise.
  private static func isOfAnotherHead(_ tensor: TensorDescription, shape: [Int]) -> Bool {
    tensor.type.isFloatingPoint && tensor.shape.count == shape.count
      && tensor.shape.first != shape.first && tensor.shape.dropFirst() == shape.dropFirst()
  }
}

extension LoadedConfiguration where Root: StageConfiguration {
  /// Replaces initial weights by those of the file that `model.weights` names.
  ///
  /// - Parameters:
  ///   - path: nil where the configuration names none.
  ///   - heads: the names of each head's parameters.
  ///   - summed: a convolution whose input channels are summed, see `ParameterStore.loadModel`.
  /// - Returns: a line for people; nil where there is no file.
  /// - Throws: `TrainerError.configuration`, and what `InitialWeights.load` throws.
  func loadInitialWeights(
    _ path: String?, into parameters: ParameterStore, heads: [[String]],
    summingChannelsOf summed: String? = nil
  ) throws -> String? {
    guard let path else { return nil }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw TrainerError.configuration([
        mistake("model.weights", "'\(path)' cannot be read; name a safetensors file")
      ])
    }
    let fresh = try InitialWeights.load(
      path, into: parameters, heads: heads, summingChannelsOf: summed)
    let exception =
      fresh.isEmpty ? "" : "; \(fresh.joined(separator: ", ")) of another shape start afresh"
    return "weights from \(path)\(exception)"
  }
}
