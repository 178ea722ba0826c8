/// One minus the concordance correlation coefficient (CCC) of sequences, over all frames of a
/// micro-batch.
///
/// Of n frames with predictions x and targets y, with population variances and covariance,
///
///     CCC = 2 cov(x, y) / D,   D = var x + var y + (mean x − mean y)²
///     ∂CCC / ∂xᵢ = 2 / (n D) · ((yᵢ − mean y) − CCC · (xᵢ − mean y))
///
/// The loss is the mean of 1 − CCC over those dimensions that have support: at least two frames, not
/// all of them equal in x and y.
///
/// - Shapes: predictions and targets `[rows, …, D]`, weights `[rows, …]`. A frame of weight 0 is left
///   out, all others count alike; so is a target that is NaN.
/// - Source: L. Lin, "A concordance correlation coefficient to evaluate reproducibility", 1989.
struct ConcordanceLoss: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  /// One for each of the D dimensions, or none.
  let metrics: [String]

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    ConcordanceKernel(
      vectors: VectorTargets(shape: shape, prediction, targets), sums: sums,
      reportsDimensions: !metrics.isEmpty, gradient: gradient)
  }
}

private struct ConcordanceKernel: StepKernel {
  let vectors: VectorTargets
  let sums: LossSums
  let reportsDimensions: Bool
  let gradient: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: vectors.count * vectors.dimensions)
    var (supported, loss) = (0.0, 0.0)
    for dimension in 0..<vectors.dimensions {
      guard let moments = Moments(of: vectors, dimension) else { continue }
      supported += 1
      loss += 1 - moments.concordance
      if reportsDimensions {
        sums.record(metric: dimension, sum: moments.concordance, count: 1, in: context)
      }
    }
    guard supported > 0 else { return }
    let factor = sums.scale(in: context) / supported
    for dimension in 0..<vectors.dimensions {
      guard let moments = Moments(of: vectors, dimension) else { continue }
      writeGradient(moments, dimension, factor: factor)
    }
    sums.record(loss / supported, in: context)
  }

  private func writeGradient(_ moments: Moments, _ dimension: Int, factor: Double) {
    let slope = -2 * factor / (moments.count * moments.denominator)
    for vector in 0..<vectors.count where vectors.isKnown(vector, dimension) {
      let target = vectors.target(vector, dimension) - moments.targetMean
      let prediction = vectors.prediction(vector, dimension) - moments.targetMean
      gradient[vectors.index(vector, dimension)] = Float(
        slope * (target - moments.concordance * prediction))
    }
  }
}

/// What the CCC of one dimension is made of.
private struct Moments {
  let count: Double
  let targetMean: Double
  let denominator: Double
  let concordance: Double

  /// Nil where the frames give no CCC.
  init?(of vectors: VectorTargets, _ dimension: Int) {
    var (count, x, y) = (0.0, 0.0, 0.0)
    for vector in 0..<vectors.count where vectors.isKnown(vector, dimension) {
      count += 1
      x += vectors.prediction(vector, dimension)
      y += vectors.target(vector, dimension)
    }
    guard count >= 2 else { return nil }
    (x, y) = (x / count, y / count)
    var (spread, covariance) = (0.0, 0.0)
    for vector in 0..<vectors.count where vectors.isKnown(vector, dimension) {
      let left = vectors.prediction(vector, dimension) - x
      let right = vectors.target(vector, dimension) - y
      spread += left * left + right * right
      covariance += left * right
    }
    self.count = count
    targetMean = y
    denominator = spread / count + (x - y) * (x - y)
    // A prediction that is NaN must reach the loss, where it is noticed: it is not a lack of support.
    if denominator <= 0 { return nil }
    concordance = 2 * covariance / count / denominator
  }
}

extension Graph {
  /// Adds one minus the concordance correlation of `predictions` and targets, over all frames of the
  /// micro-batch; the mean over the dimensions.
  ///
  /// - Shapes: predictions and targets `[T, D]` for sequences of T frames, weights `[T]`, all with the
  ///   same rows. A frame of weight 0 and a target that is NaN are left out; other weights are alike.
  /// - Parameters:
  ///   - name: what the loss is reported as.
  ///   - dimensions: what the CCC of each dimension is reported as, for example `valence_ccc` and
  ///     `arousal_ccc`; empty for no such report.
  ///   - factor: λ, see `Loss`.
  /// - Throws: `NetsError.shape`.
  public mutating func concordanceLoss(
    _ predictions: ValueID, targets: ValueID, weights: ValueID, name: String,
    dimensions: [String] = [], factor: Float = 1
  ) throws {
    try requireVectorTargets(
      predictions, targets: targets, weights: weights, dimensions: dimensions, loss: name)
    append(
      ConcordanceLoss(
        name: name, factor: factor, prediction: predictions, targets: [targets, weights],
        metrics: dimensions))
  }
}
