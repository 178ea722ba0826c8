import Foundation

/// How well predictions of one continuous dimension agree with the truth.
struct DimensionScore: Equatable, Sendable {
  /// Samples whose truth is known.
  let samples: Int
  /// Concordance correlation coefficient: 2 cov(x, y) / (var x + var y + (mean x − mean y)²).
  let concordance: Double
  /// Pearson's correlation coefficient.
  let correlation: Double
  /// Root of the mean squared error.
  let rootMeanSquaredError: Double
  /// The part of the samples whose sign is right.
  let signAgreement: Double

  /// Whether all predictions were numbers: they are where none had a truth to be compared with.
  var hasFinitePredictions: Bool { samples == 0 || rootMeanSquaredError.isFinite }

  /// A number of a score for people.
  static func text(_ number: Double) -> String {
    number.isFinite ? String(format: "%.4f", number) : "–"
  }

  /// The numbers by their names in reports; nil where one is not a number.
  var numbers: [String: Double?] {
    [
      "samples": Double(samples), "ccc": concordance, "correlation": correlation,
      "rmse": rootMeanSquaredError, "sagr": signAgreement,
    ].mapValues { $0.isFinite ? $0 : nil }
  }

  /// Compares predictions with the truth; population moments, in double precision, in the given order.
  /// Coefficients are not a number where a variance is 0, and nothing is where there are no pairs.
  ///
  /// - Source: L. Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989;
  ///   A. Mollahosseini et al., "AffectNet", 2019 (sign agreement).
  init(_ pairs: some Sequence<(prediction: Float, truth: Float)>) {
    let pairs = Array(pairs)
    let count = Double(pairs.count)
    let x = pairs.map { Double($0.prediction) }
    let y = pairs.map { Double($0.truth) }
    let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
    var (varianceX, varianceY, covariance, squares, signs) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (x, y) in zip(x, y) {
      varianceX += (x - meanX) * (x - meanX) / count
      varianceY += (y - meanY) * (y - meanY) / count
      covariance += (x - meanX) * (y - meanY) / count
      squares += (x - y) * (x - y) / count
      if (x < 0) == (y < 0) { signs += 1 }
    }
    samples = pairs.count
    let distance = meanX - meanY
    concordance = 2 * covariance / (varianceX + varianceY + distance * distance)
    correlation = covariance / (varianceX * varianceY).squareRoot()
    rootMeanSquaredError = pairs.isEmpty ? .nan : squares.squareRoot()
    signAgreement = signs / count
  }
}

extension DimensionScore {
  /// The intervals of the coefficient and the error, `name_ccc` and `name_rmse`.
  ///
  /// - Parameter units: what is drawn of these pairs; nil for single ones.
  static func intervals(
    _ pairs: [(prediction: Float, truth: Float)], _ population: Bootstrap.Population,
    name: String, _ bootstrap: Bootstrap, over units: Bootstrap.Units? = nil
  ) -> [String: ConfidenceInterval] {
    bootstrap.intervals(
      of: ["\(name)_ccc", "\(name)_rmse"], population, over: units ?? .samples(pairs.count)
    ) {
      let score = DimensionScore($0.lazy.map { pairs[$0] })
      return [score.concordance, score.rootMeanSquaredError]
    }
  }
}
