/// Sums from which a dimension's scores follow. Those of several recordings add up, so that drawing
/// recordings again and again does not read their frames each time.
struct DimensionMoments: Equatable, Sendable {
  private var count = 0.0
  private var sum = SIMD2<Double>.zero
  private var squares = SIMD2<Double>.zero
  private var products = 0.0

  /// No samples.
  init() {}

  /// Sums over predictions and truths, in double precision.
  init(_ pairs: some Sequence<(Float, Float)>) {
    for (prediction, truth) in pairs {
      let pair = SIMD2(Double(prediction), Double(truth))
      count += 1
      sum += pair
      squares += pair * pair
      products += pair.x * pair.y
    }
  }

  /// Adds the samples of other sums.
  static func += (left: inout Self, right: Self) {
    left.count += right.count
    left.sum += right.sum
    left.squares += right.squares
    left.products += right.products
  }

  /// `DimensionScore.concordance`; not a number where nothing varies.
  var concordance: Double {
    let mean = sum / count
    let variance = squares / count - mean * mean
    let distance = mean.x - mean.y
    return 2 * (products / count - mean.x * mean.y)
      / (variance.x + variance.y + distance * distance)
  }

  /// `DimensionScore.rootMeanSquaredError`.
  var rootMeanSquaredError: Double {
    // What is left of numbers that cancel can be below 0.
    max(0, (squares.x - 2 * products + squares.y) / count).squareRoot()
  }
}
