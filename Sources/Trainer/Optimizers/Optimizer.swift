import Nets

/// Changes weights by their gradients, element by element.
///
/// Works on flat vectors in the plan's layout: what is padding there has zero weight and zero
/// gradient, and stays zero.
protocol Optimizer: AnyObject {
  /// Updates the weights in place.
  ///
  /// - Shapes: `weights` and `gradients` are the flat vector [P].
  /// - Parameters:
  ///   - gradientScale: multiplies the gradients first.
  ///   - learningRate: of this update.
  ///   - step: the number of the update, counted from 1.
  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    gradientScale: Double, learningRate: Double, step: Int)

  /// What it remembers between updates, by name: flat vectors [P].
  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] { get }
}

/// A stretch of the flat vector in which one weight decay holds.
struct DecayRange: Equatable, Sendable {
  /// Elements of the flat vector.
  var elements: Range<Int>
  /// Whether weight decay applies.
  var decays: Bool

  /// A stretch of the flat vector.
  init(elements: Range<Int>, decays: Bool) {
    self.elements = elements
    self.decays = decays
  }

  /// The fewest stretches that cover the parameters: neighbours of equal decay become one.
  static func covering(_ parameters: [ParameterInfo]) -> [DecayRange] {
    merging(parameters.map { DecayRange(elements: $0.range, decays: $0.decays) })
  }

  /// Neighbours of equal decay become one. Padding between two parameters goes to one of them.
  static func merging(_ ranges: [DecayRange]) -> [DecayRange] {
    var merged: [DecayRange] = []
    for range in ranges.sorted(by: { $0.elements.lowerBound < $1.elements.lowerBound }) {
      if let last = merged.last, last.decays == range.decays {
        merged[merged.count - 1].elements = last.elements.lowerBound..<range.elements.upperBound
      } else {
        merged.append(range)
      }
    }
    return merged
  }
}

/// A flat vector of zeros that its owner frees.
final class FlatVector {
  let values: UnsafeMutableBufferPointer<Float>

  init(count: Int) {
    values = .allocate(capacity: count)
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }
}

extension OptimizerSection {
  /// The optimizer that the section describes, for a model's parameters.
  func makeOptimizer(for parameters: ParameterStore) -> any Optimizer {
    let ranges = DecayRange.covering(parameters.parameters)
    switch name {
    case .sgd:
      return SGD(
        count: parameters.elementCount, ranges: ranges, momentum: momentum, nesterov: nesterov,
        weightDecay: weightDecay)
    case .adamw:
      return AdamW(
        count: parameters.elementCount, ranges: ranges, beta1: beta1, beta2: beta2,
        epsilon: epsilon, weightDecay: weightDecay)
    }
  }
}
