import Nets

extension OptimizerSection {
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
