/// The Kullback-Leibler divergence of a student's class probabilities from its teacher's, both at a
/// temperature T.
///
/// With s and t the logits of student and teacher, p = softmax(t / T) and q = softmax(s / T), the
/// loss of a sample is T² · Σ_c p_c (log p_c − log q_c), and its gradient T · (q − p). The factor T²
/// keeps the gradient's size when the temperature changes.
///
/// - Shapes: both logits `[rows, C]`; weights `[rows]`, 0 leaves a sample out.
/// - Source: G. Hinton et al., "Distilling the knowledge in a neural network", 2015;
///   `torch.nn.functional.kl_div(reduction="batchmean")` where all weights are 1.
struct Distillation: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  let temperature: Double
  let metrics: [String] = []

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    DistillationKernel(
      classes: shape[1], temperature: temperature, sums: sums,
      weights: SampleWeights(targets[1], count: shape[0]), student: prediction,
      teacher: targets[0].assumingMemoryBound(to: Float.self), gradient: gradient)
  }
}

private struct DistillationKernel: StepKernel {
  let classes: Int
  let temperature: Double
  let sums: LossSums
  let weights: SampleWeights
  let student: UnsafePointer<Float>
  let teacher: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: weights.count * classes)
    weights.recordMean(in: sums, context) { addSample($0, factor: $1) }
  }

  /// Writes a sample's gradient; returns its loss.
  private func addSample(_ row: Int, factor: Double) -> Double {
    let start = row * classes
    let wanted = Softmax(of: teacher + start, count: classes, temperature: temperature)
    let found = Softmax(of: student + start, count: classes, temperature: temperature)
    var divergence = 0.0
    for index in 0..<classes {
      let probability = wanted.probability(index)
      // Where the teacher is sure that it is not this class, 0 · log 0 is 0.
      if probability != 0 {
        divergence += probability * (wanted.logarithm(index) - found.logarithm(index))
      }
      gradient[start + index] = Float(
        factor * temperature * (found.probability(index) - probability))
    }
    return temperature * temperature * divergence
  }
}

extension Graph {
  /// Adds the divergence of a student's class probabilities from its teacher's at a temperature,
  /// times the temperature squared; the weighted mean over the rows.
  ///
  /// - Shapes: both logits `[C]`, weights `[]`, all with the same rows. A weight of 0 leaves a sample
  ///   out.
  /// - Parameters:
  ///   - name: what the loss is reported as.
  ///   - factor: λ, see `Loss`.
  ///   - temperature: T > 0; higher ones weigh unlikely classes more.
  /// - Throws: `NetsError.shape`.
  public mutating func distillation(
    student logits: ValueID, teacher: ValueID, weights: ValueID, name: String, factor: Float = 1,
    temperature: Float
  ) throws {
    let shape = try lossShape(of: logits, rank: 1, loss: name)
    guard temperature > 0 else {
      throw NetsError.shape(layer: name, problem: "the temperature must be positive")
    }
    try requireTarget(teacher, shape: shape, rowsOf: logits, loss: name, what: "teacher logits")
    try requireTarget(weights, shape: [], rowsOf: logits, loss: name, what: "weights")
    append(
      Distillation(
        name: name, factor: factor, prediction: logits, targets: [teacher, weights],
        temperature: Double(temperature)))
  }
}
