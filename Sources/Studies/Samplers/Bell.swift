import Foundation

/// The normal distribution of mean 0 and deviation 1.
enum Bell {
  /// The part that is less.
  static func share(below place: Double) -> Double { 0.5 * erfc(-place / 2.0.squareRoot()) }

  /// The part between two places; in the tail that has more digits.
  static func share(from first: Double, to last: Double) -> Double {
    first > 0
      ? share(below: -first) - share(below: -last) : share(below: last) - share(below: first)
  }

  /// The place that a part of all is less than, by halving: 60 halvings leave no digit out.
  static func place(ofShare share: Double) -> Double {
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if self.share(below: middle) < share { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }
}
