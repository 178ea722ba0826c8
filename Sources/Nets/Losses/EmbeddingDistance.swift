/// How far apart the directions of two embeddings are.
///
/// With x̂ = x / max(‖x‖, 10⁻¹²) and ŷ alike, the loss of a sample is ‖x̂ − ŷ‖² or 1 − x̂ · ŷ, which
/// is half of it. The gradient g with respect to x̂ becomes (g − x̂ (x̂ · g)) / ‖x‖ with respect to x.
///
/// - Shapes: embedding and target `[rows, D]`; weights `[rows]`, 0 leaves a sample out.
public enum EmbeddingDistance: Sendable {
  /// ‖x̂ − ŷ‖², 0 … 4.
  case squared
  /// 1 − x̂ · ŷ, 0 … 2.
  case cosine

  fileprivate func term(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .squared: (x - y) * (x - y)
    case .cosine: -x * y
    }
  }

  fileprivate func derivative(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .squared: 2 * (x - y)
    case .cosine: -y
    }
  }

  fileprivate var constant: Double { self == .cosine ? 1 : 0 }
}

/// `EmbeddingDistance` as an operation.
struct EmbeddingDistanceLoss: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  let distance: EmbeddingDistance
  let metrics: [String] = []

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    EmbeddingDistanceKernel(
      length: shape[1], distance: distance, sums: sums,
      weights: SampleWeights(targets[1], count: shape[0]), embeddings: prediction,
      targets: targets[0].assumingMemoryBound(to: Float.self), gradient: gradient)
  }
}

private struct EmbeddingDistanceKernel: StepKernel {
  let length: Int
  let distance: EmbeddingDistance
  let sums: LossSums
  let weights: SampleWeights
  let embeddings: UnsafePointer<Float>
  let targets: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: weights.count * length)
    weights.recordMean(in: sums, context) { addSample($0, factor: $1) }
  }

  /// Writes a sample's gradient; returns its loss.
  private func addSample(_ row: Int, factor: Double) -> Double {
    let start = row * length
    let x = NormalizedVector(embeddings + start, count: length)
    let y = NormalizedVector(targets + start, count: length)
    var loss = distance.constant
    var projection = 0.0
    for index in 0..<length {
      loss += distance.term(x[index], y[index])
      projection += x[index] * distance.derivative(x[index], y[index])
    }
    for index in 0..<length {
      let derivative = x.gradient(
        distance.derivative(x[index], y[index]), at: index, projection: projection)
      gradient[start + index] = Float(factor * derivative)
    }
    return loss
  }
}

extension Graph {
  /// Adds the distance between the directions of embeddings and of their targets; the weighted mean
  /// over the rows. Neither needs to be normalised.
  ///
  /// - Shapes: embeddings and targets `[D]`, weights `[]`, all with the same rows. A weight of 0
  ///   leaves a sample out.
  /// - Parameters:
  ///   - name: what the loss is reported as.
  ///   - factor: λ, see `Loss`.
  /// - Throws: `NetsError.shape`.
  public mutating func embeddingDistance(
    _ embeddings: ValueID, targets: ValueID, weights: ValueID, name: String, factor: Float = 1,
    distance: EmbeddingDistance = .squared
  ) throws {
    let shape = try lossShape(of: embeddings, rank: 1, loss: name)
    try requireTarget(targets, shape: shape, rowsOf: embeddings, loss: name, what: "targets")
    try requireTarget(weights, shape: [], rowsOf: embeddings, loss: name, what: "weights")
    append(
      EmbeddingDistanceLoss(
        name: name, factor: factor, prediction: embeddings, targets: [targets, weights],
        distance: distance))
  }
}
