import Datasets
import Nets

extension RunEvaluation {
  /// Evaluates a run that trained an audio network. Collective.
  func evaluateSpeech(job: Job) throws -> Measured {
    let configuration = try job.agreement.together {
      try loadConfiguration(AudioConfiguration.self)
    }
    let data = configuration.data
    let manifest = try job.agreement.speechOfRankZero { try readSpeech(data) }
    let patches = try SpeechPatchList(
      manifest, cut: try data.patches(), onError: data.errorPolicy, job: job)
    let (evaluator, weights) = try job.agreement.together {
      let weights = try findWeights(configuration, job: job)
      var settings = try configuration.evaluationSettings()
      settings.microBatch = batch ?? settings.microBatch
      let evaluator = try SpeechEvaluator(
        manifest, patches, network: configuration.network, precision: configuration.precision,
        parameters: try ModelSnapshot.parameters(weights, of: configuration.network.graph()),
        settings: settings, job: job)
      return (evaluator, weights)
    }
    return (try evaluator.evaluate(), weights)
  }

  /// The run's validation speakers, those of another of its splits, or another list.
  private func readSpeech(_ data: SpeechSection) throws -> SpeechManifest {
    guard let list else {
      let split = try wantedSplit()
      try data.requireFiles()
      let manifest = try data.manifest()
      let part = manifest.part(split, by: try data.speakers(of: manifest))
      return try part.requiringUtterances(of: split)
    }
    guard DurableFiles.exists(list) else {
      throw TrainerError.missingData(path: list, key: "--data")
    }
    return try data.manifest(list: list)
  }
}

extension AudioConfiguration {
  /// How an evaluation loads its patches.
  func evaluationSettings() throws -> SpeechEvaluator.Settings {
    SpeechEvaluator.Settings(
      cut: try data.patches(), microBatch: common.batch.micro, workers: data.workers,
      queueBatches: data.queueBatches, onError: data.errorPolicy)
  }
}
