import Nets

extension AverageSection {
  /// The average of a model, where that is asked for.
  ///
  /// - Throws: `NetsError` where there is no memory for it.
  func makeAverage(of parameters: ParameterStore) throws -> WeightAverage? {
    decay > 0 ? try WeightAverage(of: parameters, decay: decay, warmsUp: warmsUp) : nil
  }
}

extension OptimizerSection {
  /// What shortens the gradients of a model's parameters, where that is asked for.
  func makeClipping(_ tensors: [UpdateRange]) -> GradientClipping? {
    clipNorm.map { GradientClipping(limit: $0, tensors: tensors) }
  }

  /// The optimizer that the section describes, for a flat vector of `count` elements.
  ///
  /// - Parameter tensors: one stretch for each parameter.
  func makeOptimizer(count: Int, _ tensors: [UpdateRange]) -> any Optimizer {
    let moments = AdamMoments(beta1: beta1, beta2: beta2, epsilon: epsilon)
    return switch name {
    case .sgd:
      RuledOptimizer(
        SGD(momentum: momentum, nesterov: nesterov, weightDecay: weightDecay), count: count,
        tensors: tensors)
    case .adamw:
      RuledOptimizer(
        AdamW(moments: moments, weightDecay: weightDecay), count: count, tensors: tensors)
    case .lars:
      RuledOptimizer(
        LARS(momentum: momentum, weightDecay: weightDecay, trustCoefficient: trustCoefficient),
        count: count, tensors: tensors)
    case .lamb:
      RuledOptimizer(
        LAMB(moments: moments, weightDecay: weightDecay), count: count, tensors: tensors)
    }
  }
}
