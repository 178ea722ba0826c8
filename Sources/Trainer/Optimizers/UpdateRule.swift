/// How an optimizer changes a stretch of the flat vector.
protocol UpdateRule {
  /// What it remembers of each element between updates, by PyTorch's names.
  static var memory: [String] { get }
  /// Whether a stretch has to be one tensor, for its norms; else neighbours may be one stretch.
  static var needsTensors: Bool { get }

  /// Updates a stretch in place.
  ///
  /// - Parameters:
  ///   - gradientScale: multiplies the gradients first.
  ///   - learningRate: of the stretch in this update.
  ///   - step: the number of the update, counted from 1.
  func update(_ stretch: UpdatedStretch, gradientScale: Double, learningRate: Double, step: Int)
}

/// A stretch of weights with all that belongs to it.
///
/// - Shapes: weights, gradients and each memory are `[count]`.
struct UpdatedStretch {
  let weights: UnsafeMutablePointer<Float>
  let gradients: UnsafePointer<Float>
  let count: Int
  /// Whether weight decay applies, and the trust ratio of the rules that have one.
  let decays: Bool
  fileprivate let start: Int
  fileprivate let vectors: [FlatVector]

  /// What the rule remembers, by its place in `UpdateRule.memory`; nil without elements.
  func memory(_ place: Int) -> UnsafeMutablePointer<Float>? {
    vectors[place].values.baseAddress.map { $0 + start }
  }
}

/// An optimizer that goes through the flat vector stretch by stretch.
final class RuledOptimizer<Rule: UpdateRule>: Optimizer {
  private let rule: Rule
  private let vectors: [FlatVector]
  private let ranges: [UpdateRange]

  /// An optimizer of `count` elements that remembers nothing yet.
  ///
  /// - Parameter tensors: one stretch for each parameter.
  init(_ rule: Rule, count: Int, tensors: [UpdateRange]) {
    self.rule = rule
    vectors = Rule.memory.map { _ in FlatVector(count: count) }
    ranges = Rule.needsTensors ? tensors : UpdateRange.merging(tensors)
  }

  var state: [(name: String, values: UnsafeMutableBufferPointer<Float>)] {
    zip(Rule.memory, vectors).map { ($0, $1.values) }
  }

  func update(
    _ weights: UnsafeMutableBufferPointer<Float>, gradients: UnsafeBufferPointer<Float>,
    elements: Range<Int>, gradientScale: Double, learningRate: Double, step: Int
  ) {
    guard let weights = weights.baseAddress, let gradients = gradients.baseAddress else { return }
    for range in ranges {
      let part = range.elements.clamped(to: elements)
      guard let rateFactor = range.rateFactor, !part.isEmpty else { continue }
      let start = part.lowerBound
      rule.update(
        UpdatedStretch(
          weights: weights + start, gradients: gradients + start, count: part.count,
          decays: range.decays, start: start, vectors: vectors),
        gradientScale: gradientScale, learningRate: learningRate * rateFactor, step: step)
    }
  }
}
