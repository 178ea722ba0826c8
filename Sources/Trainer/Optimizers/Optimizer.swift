import Nets

/// Changes weights by their gradients, element by element.
///
/// Works on flat vectors in the plan's layout: what is padding there has zero weight and zero
/// gradient, and stays zero.
protocol Optimizer: AnyObject {
  /// Updates a part of the weights in place.
  ///
  /// - Shapes: `weights` and `gradients` are the flat vector [P].
  /// - Parameters:
  ///   - elements: which are updated: whole parameters.
  ///   - gradientScale: multiplies the gradients first.
  ///   - learningRate: of this update.
  ///   - step: the number of the update, counted from 1.
  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    elements: Range<Int>, gradientScale: Double, learningRate: Double, step: Int)

  /// What it remembers between updates, by name: flat vectors [P].
  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] { get }
}

extension Optimizer {
  /// Updates all weights in place.
  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    gradientScale: Double, learningRate: Double, step: Int
  ) {
    update(
      weights, gradients: gradients, elements: 0..<gradients.count, gradientScale: gradientScale,
      learningRate: learningRate, step: step)
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
