import Datasets
import Nets

extension RunEvaluation {
  /// Evaluates a run that trained a face network. Collective.
  func evaluateFaces<Configuration: FaceConfiguration>(
    _ type: Configuration.Type, job: Job
  ) throws -> Measured {
    let configuration = try job.agreement.together { try loadConfiguration(type) }
    if let probe {
      return try evaluateFeatures(of: configuration, on: probe, job: job)
    }
    let manifest = try job.agreement.manifestOfRankZero { try readList(configuration.data) }
    let test = try job.agreement.tripletsOfRankZero {
      try configuration.triplets.triplets(
        configuration.triplets.test, images: configuration.triplets.imageMap(),
        onError: configuration.data.errorPolicy)
    }
    let (inference, weights) = try job.agreement.together {
      try makeInference(configuration, job: job)
    }
    let evaluator = FaceEvaluator(inference, faces: manifest, triplets: test)
    return (try evaluator.evaluate(), weights)
  }

  /// - Parameter hasFeatures: whether to show what the heads read.
  func makeInference(
    _ configuration: some FaceConfiguration, job: Job, hasFeatures: Bool = false
  ) throws -> (FaceInference, String) {
    let weights = try findWeights(configuration, job: job)
    var settings = configuration.evaluationSettings
    settings.microBatch = batch ?? settings.microBatch
    let inference = try FaceInference(
      network: configuration.network, precision: configuration.precision, weights: weights,
      settings: settings, job: job, hasFeatures: hasFeatures)
    return (inference, weights)
  }

  private func readList(_ data: DataSection) throws -> FaceManifest {
    let path = list ?? data.validationPath
    guard DurableFiles.exists(path) else {
      throw TrainerError.missingData(path: path, key: list == nil ? "data.validation" : "--data")
    }
    return try data.manifest(path)
  }
}

extension FaceConfiguration {
  /// How an evaluation loads its samples.
  var evaluationSettings: FaceInference.Settings {
    FaceInference.Settings(
      augmentation: data.augmentation(imageSize: model.imageSize),
      microBatch: common.batch.micro, workers: data.workers, queueBatches: data.queueBatches,
      onError: data.errorPolicy)
  }
}
