import Datasets

extension LoadedConfiguration where Root: StageConfiguration {
  /// The intervals in steps, now that the length of an epoch is known.
  func loopSettings(stepsPerEpoch: Int, onDataError: ErrorPolicy) throws -> LoopSettings {
    let all = values.train.epochs * stepsPerEpoch
    let settings = LoopSettings(
      totalSteps: min(all, values.train.maximumSteps ?? all),
      evaluationEvery: values.evaluation.every.steps(stepsPerEpoch: stepsPerEpoch),
      checkpointEvery: values.checkpoint.everySteps,
      onCheckpointError: values.checkpoint.onError,
      writesInBackground: values.checkpoint.background, loggingEvery: values.logging.everySteps,
      onDataError: onDataError, showsHistograms: values.logging.histograms,
      showsImages: values.logging.images)
    let warmup = values.schedule.warmup.steps(stepsPerEpoch: stepsPerEpoch)
    guard warmup <= settings.totalSteps else {
      throw TrainerError.configuration([
        mistake(
          "schedule.warmup",
          "\(values.schedule.warmup) are \(warmup) steps, the training has "
            + "\(settings.totalSteps); shorten the warm-up")
      ])
    }
    return settings
  }
}
