extension CommonSections {
  /// Whether rate or length of the training follow from evaluations.
  var isSteered: Bool { schedule.name == .plateau || earlyStopping.patience != nil }
}

extension StageConfiguration {
  /// The values of the keys that decide the trained weights, by dotted key: where evaluations steer
  /// the training, when they are made and on what as well.
  var identityValues: [String: String] {
    values { decidesWeights($0) }
  }

  /// The values of all other keys.
  var freeValues: [String: String] {
    values { !decidesWeights($0) }
  }

  private func values(where isWanted: (ConfigurationKey<Self>) -> Bool) -> [String: String] {
    Dictionary(uniqueKeysWithValues: Self.keys.filter(isWanted).map { ($0.path, $0.write(self)) })
  }

  private func decidesWeights(_ key: ConfigurationKey<Self>) -> Bool {
    let steering = isSteered ? Self.evaluationKeys + ["evaluation.every", "best.metric"] : []
    return key.changesResult || steering.contains(key.path)
  }

  var isSteered: Bool { common.isSteered }

  /// The learning rate at the peak of the schedule, for the global batch.
  var peakLearningRate: Double {
    let ratio = Double(common.batch.global) / Double(common.optimizer.baseBatch)
    switch common.optimizer.scaling {
    case .none: return common.optimizer.learningRate
    case .linear: return common.optimizer.learningRate * ratio
    case .sqrt: return common.optimizer.learningRate * ratio.squareRoot()
    }
  }

  /// What evaluations decide.
  var steering: EvaluationSteering {
    let best = metric(common.best.metric) ?? metrics[0]
    return EvaluationSteering(
      best: best,
      plateau: common.schedule.name == .plateau
        ? Patience(
          metric: metric(common.schedule.metric) ?? best, evaluations: common.schedule.patience,
          threshold: common.schedule.threshold) : nil,
      stopping: common.earlyStopping.patience.map {
        Patience(
          metric: metric(common.earlyStopping.metric) ?? best, evaluations: $0 - 1,
          threshold: common.earlyStopping.threshold)
      })
  }

  fileprivate func metric(_ name: String?) -> EvaluationMetric? {
    metrics.first { $0.name == name }
  }
}

extension LoadedConfiguration where Root: StageConfiguration {
  /// What is wrong with the schedule's and the evaluations' keys together.
  func steeringMistakes() -> [ConfigurationMistake] {
    let metrics = [
      ("best.metric", values.best.metric), ("schedule.metric", values.schedule.metric),
      ("early_stopping.metric", values.earlyStopping.metric),
    ]
    return metrics.compactMap(metricMistake) + [intervalMistake()].compactMap { $0 }
  }

  private func metricMistake(_ key: String, _ name: String?) -> ConfigurationMistake? {
    guard let name, values.metric(name) == nil else { return nil }
    let known = values.metrics.map(\.name).joined(separator: ", ")
    return mistake(key, "'\(name)' is no number that models are compared by: \(known)")
  }

  private func intervalMistake() -> ConfigurationMistake? {
    let schedule = values.schedule
    guard schedule.name == .step, (schedule.every == nil) == schedule.milestones.isEmpty else {
      return nil
    }
    return schedule.every == nil
      ? mistake("schedule.name", "step needs schedule.every or schedule.milestones")
      : mistake(
        "schedule.milestones", "says the same as schedule.every in another way; keep one of them")
  }

  /// The schedule in updates, now that the length of an epoch is known.
  ///
  /// - Throws: `TrainerError.configuration` where milestones do not ascend or lie in the warm-up.
  func learningRateSchedule(totalSteps: Int, stepsPerEpoch: Int) throws -> LearningRateSchedule {
    let schedule = values.schedule
    let warmup = schedule.warmup.steps(stepsPerEpoch: stepsPerEpoch)
    let shape: LearningRateSchedule.Shape =
      switch schedule.name {
      case .constant: .constant
      case .cosine: .cosine(totalSteps: totalSteps, finalFraction: schedule.finalFraction)
      case .plateau: .plateau(factor: schedule.factor, finalFraction: schedule.finalFraction)
      case .step:
        if let every = schedule.every {
          .every(every.steps(stepsPerEpoch: stepsPerEpoch), factor: schedule.factor)
        } else {
          .milestones(
            try milestones(after: warmup, stepsPerEpoch: stepsPerEpoch), factor: schedule.factor)
        }
      }
    return LearningRateSchedule(shape: shape, peak: values.peakLearningRate, warmupSteps: warmup)
  }

  private func milestones(after warmup: Int, stepsPerEpoch: Int) throws -> [Int] {
    let steps = values.schedule.milestones.map { $0.steps(stepsPerEpoch: stepsPerEpoch) }
    guard zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 }), steps.allSatisfy({ $0 >= warmup })
    else {
      throw TrainerError.configuration([
        mistake(
          "schedule.milestones",
          "are steps \(steps.map(String.init).joined(separator: ", ")); they have to ascend and to "
            + "lie behind the warm-up of \(warmup) steps")
      ])
    }
    return steps
  }
}
