import Glibc

/// Softmax cross-entropy with class labels, each sample with its weight.
///
/// With p = softmax(z) of a sample's C logits z, its label y and the smoothing ε, the loss of a
/// sample is Σ_c t_c · −log p_c with t_c = (1 − ε)[c = y] + ε / C, and its gradient is p − t.
/// A class-weighted loss has the weight of the label's class as the sample's weight.
///
/// - Shapes: logits `[rows, C]`; labels and weights `[rows]`. A sample of weight 0 or with a
///   negative label is left out.
/// - Source: C. Szegedy et al., "Rethinking the Inception architecture", 2015 (label smoothing);
///   `torch.nn.functional.cross_entropy(reduction="none")` computes the same for each sample.
struct CrossEntropy: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  let labelSmoothing: Double
  let metrics: [String]

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    CrossEntropyKernel(
      rows: shape[0], classes: shape[1], smoothing: labelSmoothing, sums: sums, logits: prediction,
      gradient: gradient, labels: targets[0].assumingMemoryBound(to: Int32.self),
      weights: targets[1].assumingMemoryBound(to: Float.self))
  }
}

private struct CrossEntropyKernel: StepKernel {
  let rows: Int
  let classes: Int
  let smoothing: Double
  let sums: LossSums
  let logits: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let labels: UnsafePointer<Int32>
  let weights: UnsafePointer<Float>

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: rows * classes)
    let total = totalWeight
    guard total != 0 else { return }
    let scale = sums.scale(in: context) / total
    var (loss, correct, samples) = (0.0, 0.0, 0.0)
    for row in 0..<rows where isCounted(row) {
      let weight = Double(weights[row])
      let softmax = Softmax(of: logits + row * classes, count: classes)
      loss += weight * sampleLoss(row, softmax)
      writeGradient(row, softmax, factor: scale * weight)
      samples += 1
      if softmax.top == Int(labels[row]) { correct += 1 }
    }
    sums.record(loss / total, in: context)
    sums.record(metric: 0, sum: correct, count: samples, in: context)
  }

  private func isCounted(_ row: Int) -> Bool { weights[row] != 0 && labels[row] >= 0 }

  private var totalWeight: Double {
    var total = 0.0
    for row in 0..<rows where isCounted(row) { total += Double(weights[row]) }
    return total
  }

  private func target(_ index: Int, label: Int) -> Double {
    (index == label ? 1 - smoothing : 0) + smoothing / Double(classes)
  }

  private func sampleLoss(_ row: Int, _ softmax: Softmax) -> Double {
    let label = Int(labels[row])
    guard smoothing > 0 else { return -softmax.logarithm(label) }
    var loss = 0.0
    for index in 0..<classes { loss -= target(index, label: label) * softmax.logarithm(index) }
    return loss
  }

  private func writeGradient(_ row: Int, _ softmax: Softmax, factor: Double) {
    for index in 0..<classes {
      let difference = softmax.probability(index) - target(index, label: Int(labels[row]))
      gradient[row * classes + index] = Float(factor * difference)
    }
  }
}

/// The softmax of a row of logits divided by a temperature, in double precision, one element at a
/// time: nothing is stored.
struct Softmax {
  /// The first of the largest logits.
  let top: Int
  private let logits: UnsafePointer<Float>
  private let inverseTemperature: Double
  private let largest: Double
  private let logarithmOfSum: Double

  init(of logits: UnsafePointer<Float>, count: Int, temperature: Double = 1) {
    self.logits = logits
    inverseTemperature = 1 / temperature
    var top = 0
    for index in 1..<count where logits[index] > logits[top] { top = index }
    self.top = top
    // Subtracting the largest keeps the exponentials finite.
    largest = Double(logits[top]) * inverseTemperature
    var sum = 0.0
    for index in 0..<count { sum += exp(Double(logits[index]) * inverseTemperature - largest) }
    logarithmOfSum = log(sum)
  }

  /// log p of an element.
  func logarithm(_ index: Int) -> Double {
    Double(logits[index]) * inverseTemperature - largest - logarithmOfSum
  }

  /// p of an element.
  func probability(_ index: Int) -> Double { exp(logarithm(index)) }
}

extension Graph {
  /// Adds the softmax cross-entropy of `logits` with class labels; the weighted mean over the rows.
  ///
  /// PyTorch's `CrossEntropyLoss(weight=class weights)` is this with the weight of each sample's
  /// class as its weight. (With label smoothing PyTorch weights the smooth part by each class's
  /// weight instead; here a sample has one weight.)
  ///
  /// - Shapes: logits `[C]`, labels and weights `[]`, all with the same rows. A sample of weight 0
  ///   or with a negative label is left out.
  /// - Parameters:
  ///   - name: what the loss is reported as.
  ///   - accuracy: what the part of the counted samples whose label has the largest logit is
  ///     reported as.
  ///   - factor: λ, see `Loss`.
  ///   - labelSmoothing: ε, the part of the target that is spread over all classes; 0 ..< 1.
  /// - Throws: `NetsError.shape`.
  public mutating func crossEntropy(
    _ logits: ValueID, labels: ValueID, weights: ValueID, name: String,
    accuracy: String = "accuracy", factor: Float = 1, labelSmoothing: Float = 0
  ) throws {
    _ = try lossShape(of: logits, rank: 1, loss: name)
    guard 0..<1 ~= labelSmoothing else {
      throw NetsError.shape(layer: name, problem: "label smoothing must be in 0 ..< 1")
    }
    for (target, what) in [(labels, "labels"), (weights, "weights")] {
      try requireTarget(target, shape: [], rowsOf: logits, loss: name, what: what)
    }
    append(
      CrossEntropy(
        name: name, factor: factor, prediction: logits, targets: [labels, weights],
        labelSmoothing: Double(labelSmoothing), metrics: [accuracy]))
  }
}
