/// Mean squared error with missing values.
///
/// The loss is Σ w (x − y)² / D over the elements whose target y is a number and whose vector has a
/// weight w other than 0; its gradient is 2 w (x − y) / D. D is Σ w, or the number of all elements.
///
/// - Shapes: predictions x and targets y `[rows, …, D]`; weights `[rows, …]`, one a vector.
struct MeanSquaredError: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  let denominator: LossDenominator
  /// One for each of the D dimensions, or none.
  let metrics: [String]

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    MeanSquaredErrorKernel(
      vectors: VectorTargets(shape: shape, prediction, targets), denominator: denominator,
      sums: sums,
      reportsDimensions: !metrics.isEmpty, gradient: gradient)
  }
}

private struct MeanSquaredErrorKernel: StepKernel {
  let vectors: VectorTargets
  let denominator: LossDenominator
  let sums: LossSums
  let reportsDimensions: Bool
  let gradient: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: vectors.count * vectors.dimensions)
    var (weight, error) = (0.0, 0.0)
    for dimension in 0..<vectors.dimensions {
      let part = sum(over: dimension)
      weight += part.weight
      error += part.error
      if reportsDimensions, part.weight != 0 {
        sums.record(metric: dimension, sum: part.error / part.weight, count: 1, in: context)
      }
    }
    guard weight != 0 else { return }
    let total = denominator == .weights ? weight : Double(vectors.count * vectors.dimensions)
    writeGradient(factor: 2 * sums.scale(in: context) / total)
    sums.record(error / total, support: weight / total, in: context)
  }

  /// Σ w (x − y)² and Σ w of one dimension.
  private func sum(over dimension: Int) -> (error: Double, weight: Double) {
    var (error, weight) = (0.0, 0.0)
    for vector in 0..<vectors.count where vectors.isKnown(vector, dimension) {
      let difference = vectors.difference(vector, dimension)
      error += vectors.weight(vector) * difference * difference
      weight += vectors.weight(vector)
    }
    return (error, weight)
  }

  private func writeGradient(factor: Double) {
    for vector in 0..<vectors.count {
      for dimension in 0..<vectors.dimensions where vectors.isKnown(vector, dimension) {
        gradient[vectors.index(vector, dimension)] = Float(
          factor * vectors.weight(vector) * vectors.difference(vector, dimension))
      }
    }
  }
}

/// Vectors of predictions with their targets, of which some are missing: not a number, or in a vector
/// of weight 0.
struct VectorTargets {
  /// Vectors, and the length of each.
  let count: Int
  let dimensions: Int
  private let predictions: UnsafePointer<Float>
  private let targets: UnsafePointer<Float>
  private let weights: UnsafePointer<Float>

  /// - Parameters:
  ///   - shape: of the predictions, `[rows, …, D]`.
  ///   - targets: targets like the predictions, and weights `[rows, …]`.
  init(shape: [Int], _ predictions: UnsafePointer<Float>, _ targets: [UnsafeRawPointer]) {
    count = shape.dropLast().reduce(1, *)
    dimensions = shape[shape.count - 1]
    self.predictions = predictions
    self.targets = targets[0].assumingMemoryBound(to: Float.self)
    weights = targets[1].assumingMemoryBound(to: Float.self)
  }

  func index(_ vector: Int, _ dimension: Int) -> Int { vector * dimensions + dimension }

  func isKnown(_ vector: Int, _ dimension: Int) -> Bool {
    weights[vector] != 0 && !targets[index(vector, dimension)].isNaN
  }

  func weight(_ vector: Int) -> Double { Double(weights[vector]) }

  func prediction(_ vector: Int, _ dimension: Int) -> Double {
    Double(predictions[index(vector, dimension)])
  }

  func target(_ vector: Int, _ dimension: Int) -> Double {
    Double(targets[index(vector, dimension)])
  }

  func difference(_ vector: Int, _ dimension: Int) -> Double {
    prediction(vector, dimension) - target(vector, dimension)
  }
}

extension Graph {
  /// Adds the mean squared error of `predictions`, over all elements whose target is known.
  ///
  /// - Shapes: predictions and targets `[…, D]`, weights `[…]`, one a vector, all with the same rows.
  ///   A target that is NaN is missing; a weight of 0 leaves a vector out.
  /// - Parameters:
  ///   - name: what the loss is reported as.
  ///   - dimensions: what the error of each dimension is reported as, for example `valence_mse` and
  ///     `arousal_mse`; empty for no such report.
  ///   - factor: λ, see `Loss`.
  ///   - denominator: of the mean.
  /// - Throws: `NetsError.shape`.
  public mutating func meanSquaredError(
    _ predictions: ValueID, targets: ValueID, weights: ValueID, name: String,
    dimensions: [String] = [], factor: Float = 1, denominator: LossDenominator = .weights
  ) throws {
    try requireVectorTargets(
      predictions, targets: targets, weights: weights, dimensions: dimensions, loss: name)
    append(
      MeanSquaredError(
        name: name, factor: factor, prediction: predictions, targets: [targets, weights],
        denominator: denominator, metrics: dimensions))
  }

  /// Throws unless targets and weights fit the predictions `[…, D]`, and the names D.
  func requireVectorTargets(
    _ predictions: ValueID, targets: ValueID, weights: ValueID, dimensions: [String], loss: String
  ) throws {
    let shape = shape(of: predictions)
    guard let length = shape.last, dimensions.isEmpty || dimensions.count == length else {
      throw NetsError.shape(
        layer: loss, problem: "\(dimensions.count) names for the dimensions of \(shape)")
    }
    try requireTarget(targets, shape: shape, rowsOf: predictions, loss: loss, what: "targets")
    try requireTarget(
      weights, shape: shape.dropLast(), rowsOf: predictions, loss: loss, what: "weights")
  }
}
