/// Triplets of embeddings of which the first two are the most alike.
///
/// With d_ab = ‖e_a − e_b‖² and the margin δ of a triplet (e₁, e₂, e₃), its loss is
/// max(0, d₁₂ − d₁₃ + δ) + max(0, d₁₂ − d₂₃ + δ): the odd one out has to be farther from both of the
/// others than they are from each other.
///
/// - Shapes: embeddings `[3 T, D]`, the rows of a triplet together; margins and weights `[T]`, a weight
///   of 0 leaves a triplet out.
/// - Source: R. Vemulapalli and A. Agarwala, "A compact embedding for facial expression similarity",
///   CVPR 2019, whose margin is 0.1 for triplets of one class and 0.2 for others.
struct TripletLoss: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  let metrics: [String]

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    TripletKernel(
      length: shape[1], sums: sums, weights: SampleWeights(targets[1], count: shape[0] / 3),
      margins: targets[0].assumingMemoryBound(to: Float.self), embeddings: prediction,
      gradient: gradient)
  }
}

private struct TripletKernel: StepKernel {
  let length: Int
  let sums: LossSums
  let weights: SampleWeights
  let margins: UnsafePointer<Float>
  let embeddings: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: 3 * weights.count * length)
    let total = weights.total
    guard total != 0 else { return }
    let scale = sums.scale(in: context) / total
    var (loss, correct, triplets) = (0.0, 0.0, 0.0)
    for index in 0..<weights.count where weights[index] != 0 {
      let triplet = Triplet(
        embeddings + 3 * index * length, length: length, margin: Double(margins[index]))
      loss += weights[index] * triplet.loss
      triplet.writeGradient(
        to: gradient + 3 * index * length, length: length, factor: scale * weights[index])
      triplets += 1
      if triplet.isCorrect { correct += 1 }
    }
    sums.record(loss / total, in: context)
    sums.record(metric: 0, sum: correct, count: triplets, in: context)
  }
}

/// One triplet's distances and what they cost.
private struct Triplet {
  private let first: UnsafePointer<Float>
  private let second: UnsafePointer<Float>
  private let third: UnsafePointer<Float>
  /// d₁₂ − d₁₃ + δ and d₁₂ − d₂₃ + δ.
  private let excess: (first: Double, second: Double)
  /// Whether the first two are the closest pair.
  let isCorrect: Bool

  init(_ rows: UnsafePointer<Float>, length: Int, margin: Double) {
    (first, second, third) = (rows, rows + length, rows + 2 * length)
    var (like, firstOdd, secondOdd) = (0.0, 0.0, 0.0)
    for index in 0..<length {
      let (x, y, z) = (Double(first[index]), Double(second[index]), Double(third[index]))
      like += (x - y) * (x - y)
      firstOdd += (x - z) * (x - z)
      secondOdd += (y - z) * (y - z)
    }
    excess = (like - firstOdd + margin, like - secondOdd + margin)
    isCorrect = like < firstOdd && like < secondOdd
  }

  var loss: Double { Self.hinge(excess.first) + Self.hinge(excess.second) }

  /// max(0, value); NaN stays NaN.
  private static func hinge(_ value: Double) -> Double { value <= 0 ? 0 : value }

  func writeGradient(to gradient: UnsafeMutablePointer<Float>, length: Int, factor: Double) {
    let firstPart = excess.first <= 0 ? 0 : 2 * factor
    let secondPart = excess.second <= 0 ? 0 : 2 * factor
    let both = firstPart + secondPart
    for index in 0..<length {
      let (x, y, z) = (Double(first[index]), Double(second[index]), Double(third[index]))
      gradient[index] = Float(both * (x - y) - firstPart * (x - z))
      gradient[length + index] = Float(both * (y - x) - secondPart * (y - z))
      gradient[2 * length + index] = Float(firstPart * (x - z) + secondPart * (y - z))
    }
  }
}

extension Graph {
  /// Adds the loss of triplets of embeddings, of which the first two are to be closer to each other
  /// than the third is to either, by a margin; the weighted mean over the triplets.
  ///
  /// - Shapes: embeddings `[D]`, three rows a triplet; margins and weights `[]`, one row a triplet (see
  ///   `Rows.divided(by:)`). A weight of 0 leaves a triplet out.
  /// - Parameters:
  ///   - name: what the loss is reported as.
  ///   - accuracy: what the part of the counted triplets whose first two are the closest pair is
  ///     reported as.
  ///   - factor: λ, see `Loss`.
  /// - Throws: `NetsError.shape`.
  public mutating func tripletLoss(
    _ embeddings: ValueID, margins: ValueID, weights: ValueID, name: String,
    accuracy: String = "triplet_accuracy", factor: Float = 1
  ) throws {
    _ = try lossShape(of: embeddings, rank: 1, loss: name)
    guard let triplets = rows(of: embeddings).divided(by: 3) else {
      throw NetsError.shape(
        layer: name, problem: "\(rows(of: embeddings)) are not triplets: no multiple of three")
    }
    for (target, what) in [(margins, "margins"), (weights, "weights")] {
      try requireTarget(target, shape: [], rows: triplets, loss: name, what: what)
    }
    append(
      TripletLoss(
        name: name, factor: factor, prediction: embeddings, targets: [margins, weights],
        metrics: [accuracy]))
  }
}
