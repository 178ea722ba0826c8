import Datasets
import Nets

extension RunEvaluation {
  /// Tries the features of a run's backbone on RAF-DB. Collective.
  func evaluateFeatures(
    of configuration: some FaceConfiguration, on root: String, job: Job
  ) throws -> Measured {
    let policy = configuration.data.errorPolicy
    let parts = try job.agreement.manifestsOfRankZero(2) {
      let splits = try readRAFDB(root, onError: policy)
      return [splits.training, splits.test]
    }
    let (inference, weights) = try job.agreement.together {
      try makeInference(configuration, job: job, hasFeatures: true)
    }
    let extracted = try parts.map { try inference.features(of: $0) }
    let (training, test) = (extracted[0].features, extracted[1].features)
    try job.throwingAlike { try requireSamples(training, test, of: root, weights: weights) }
    let probe = FeatureProbe(classes: ClassificationTally.classesWithoutContempt, job: job)
    let report = ProbeReport(
      features: training.length, training: training.count,
      linear: try probe.linear(training: training, test: test),
      nearest: try probe.nearest(training: training, test: test),
      problems: extracted.flatMap(\.problems))
    return (report, weights)
  }

  private func readRAFDB(
    _ root: String, onError: ErrorPolicy
  ) throws -> (training: FaceManifest, test: FaceManifest) {
    let list = "\(root)/\(FaceManifest.rafDBList)"
    guard DurableFiles.exists(list) else {
      throw TrainerError.usage(
        "--probe: '\(list)' does not exist; name the folder that holds RAF-DB's EmoLabel and Image")
    }
    return try FaceManifest.rafDB(root: root, onError: onError)
  }

  private func requireSamples(
    _ training: FeatureSet, _ test: FeatureSet, of root: String, weights: String
  ) throws {
    let least = 5 * Set(training.labels).count
    guard training.count >= max(2, least), test.count > 0 else {
      throw TrainerError.usage(
        "\(root): \(training.count) readable training and \(test.count) test images are too few: "
          + "a probe needs 5 training images a class and one to test on")
    }
    guard training.values.allSatisfy(\.isFinite), test.values.allSatisfy(\.isFinite) else {
      throw TrainerError.outputsNotFinite(weights: weights)
    }
  }
}

extension FaceInference {
  /// What the heads read of each labelled image of a list, in the order of the list. Collective; the
  /// same on all ranks.
  ///
  /// - Returns: also the images that could not be used.
  func features(
    of manifest: FaceManifest
  ) throws -> (features: FeatureSet, problems: [SampleProblem]) {
    guard let output = features else { preconditionFailure("features were not asked for") }
    try refreshWeights()
    let length = output.count / microBatch
    var own: [[Float]] = []
    var counted: [[Float]] = []
    let problems = try run(over: manifest, isStopRequested: { false }) { batch in
      own.append(Array(output))
      counted.append(batch.weights)
    }
    let values = Array(try gather(own).joined())
    let weights = Array(try gather(counted).joined())
    var set = FeatureSet(length: length)
    for index in manifest.records.indices where weights[index] > 0 {
      guard let expression = manifest.records.expression(at: index) else { continue }
      set.append(values[(index * length)..<((index + 1) * length)], label: expression.rawValue)
    }
    return (set, problems ?? [])
  }
}
