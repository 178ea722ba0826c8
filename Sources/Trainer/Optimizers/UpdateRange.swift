import Nets

/// A stretch of the flat vector that is updated by one rule.
struct UpdateRange: Equatable, Sendable {
  /// Elements of the flat vector.
  var elements: Range<Int>
  /// Whether weight decay applies, and the trust ratio of the optimizers that have one.
  var decays: Bool
  /// Multiplies the learning rate; nil where nothing is updated.
  var rateFactor: Double?

  /// A stretch of the flat vector.
  init(elements: Range<Int>, decays: Bool, rateFactor: Double? = 1) {
    self.elements = elements
    self.decays = decays
    self.rateFactor = rateFactor
  }

  /// One stretch for each parameter, in the order of the flat vector.
  static func each(of parameters: [ParameterInfo]) -> [UpdateRange] {
    parameters.map {
      UpdateRange(elements: $0.range, decays: $0.decays, rateFactor: $0.isFrozen ? nil : 1)
    }
  }

  /// The fewest stretches with the same rules, for optimizers that do not look at whole tensors:
  /// neighbours of one rule become one. Padding between two parameters goes to one of them.
  static func merging(_ ranges: [UpdateRange]) -> [UpdateRange] {
    var merged: [UpdateRange] = []
    for range in ranges.sorted(by: { $0.elements.lowerBound < $1.elements.lowerBound }) {
      if let last = merged.last, last.hasRule(of: range) {
        merged[merged.count - 1].elements = last.elements.lowerBound..<range.elements.upperBound
      } else {
        merged.append(range)
      }
    }
    return merged
  }

  private func hasRule(of other: UpdateRange) -> Bool {
    decays == other.decays && rateFactor == other.rateFactor
  }
}
