import Datasets
import Nets

extension RunEvaluation {
  /// Evaluates a run that trained a fusion network, on its development or its test recordings.
  /// Collective.
  ///
  /// Post-processing is what the run's own evaluation of these weights chose; for other weights it is
  /// chosen anew, always on development recordings.
  func evaluateFusion(job: Job) throws -> Measured {
    let loaded = try job.agreement.together {
      try requireNoList()
      return try FusionConfiguration.load(file: folder.configuration, overrides: overrides)
    }
    let configuration = loaded.values
    let (weights, chosen) = try job.agreement.together {
      let weights = try findWeights(configuration, job: job)
      let step = try ModelSnapshot.step(ofModel: weights)
      return (weights, try folder.postProcessing(ofWeights: weights, step: step))
    }
    let wanted = try job.agreement.together { try fusionSplit() }
    let isChosen = chosen != nil || wanted == .validation
    let annotated = try job.agreement.onRankZero {
      try AnnotatedRecording.all(
        of: isChosen ? [wanted] : [.validation, wanted], in: configuration.data,
        for: configuration.fusion.modalities.all)
    }
    let extractors = try job.agreement.together { try FusionExtractors(loaded) }
    let reader = FusionReader(
      configuration: configuration, extractors: extractors, isTraining: false, job: job,
      cache: configuration.cache(of: folder), console: Console(style: .silent))
    guard
      let splits = try reader.read(annotated, isStopRequested: { false })
    else { preconditionFailure("an extraction that is never asked to stop comes to its end") }
    let predictor = try job.agreement.together {
      try makePredictor(configuration, tuned: extractors.tuned, weights: weights, job: job)
    }
    var choice = chosen
    if choice == nil, let development = splits[.validation] {
      choice = try report(
        development, of: .validation, predictor, configuration,
        by: .chosen(configuration.postProcessing) { _ in }
      ).postProcessing
    }
    guard let recordings = splits[wanted] else {
      preconditionFailure("a split that was read is there")
    }
    let found = try report(
      recordings, of: wanted, predictor, configuration, by: .given(choice))
    return (found, weights)
  }

  private func requireNoList() throws {
    guard list == nil else {
      throw TrainerError.usage(
        "--data names a list of faces; recordings are those of the run's data.root, or of --root")
    }
  }

  private func fusionSplit() throws -> Split {
    let split = try wantedSplit()
    guard split != .training else {
      throw TrainerError.usage("--split training: recordings are evaluated of dev or test")
    }
    return split
  }

  private func makePredictor(
    _ configuration: FusionConfiguration, tuned: TunedExtractors, weights: String, job: Job
  ) throws -> FusionPredictor {
    FusionPredictor(
      try WindowPlan(
        of: folder, configuration, tuned: tuned, weights: weights,
        batch: batch ?? configuration.batch.micro), job: job)
  }

  private func report(
    _ recordings: FusionSplit, of split: Split, _ predictor: FusionPredictor,
    _ configuration: FusionConfiguration, by source: FusionEvaluator.Source
  ) throws -> FusionReport {
    let evaluator = FusionEvaluator(
      predictor: predictor, split: split, recordings: recordings,
      dispensable: configuration.dispensable, postProcessing: source)
    return try evaluator.evaluate()
  }
}
