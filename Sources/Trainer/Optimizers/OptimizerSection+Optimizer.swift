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
  func makeClipping(for parameters: ParameterStore) -> GradientClipping? {
    clipNorm.map {
      GradientClipping(limit: $0, tensors: UpdateRange.each(of: parameters.parameters))
    }
  }

  /// The optimizer that the section describes, for a model's parameters.
  func makeOptimizer(for parameters: ParameterStore) -> any Optimizer {
    let count = parameters.elementCount
    let tensors = UpdateRange.each(of: parameters.parameters)
    switch name {
    case .sgd:
      return SGD(
        count: count, ranges: UpdateRange.merging(tensors), momentum: momentum,
        nesterov: nesterov, weightDecay: weightDecay)
    case .adamw:
      return AdamW(
        count: count, ranges: UpdateRange.merging(tensors), beta1: beta1, beta2: beta2,
        epsilon: epsilon, weightDecay: weightDecay)
    case .lars:
      return LARS(
        count: count, tensors: tensors, momentum: momentum, weightDecay: weightDecay,
        trustCoefficient: trustCoefficient)
    case .lamb:
      return LAMB(
        count: count, tensors: tensors, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: weightDecay)
    }
  }
}
