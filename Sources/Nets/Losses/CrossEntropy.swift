import Glibc

/// Softmax cross-entropy with class labels, each sample with its weight.
///
/// With p = softmax(z) of a sample's C logits z, its label y, the classes' weights w (1 where there
/// are none) and the smoothing ε, the loss of a sample is Σ_c t_c · −log p_c with
/// t_c = (1 − ε) w_y [c = y] + w_c ε / C, and its gradient is (Σ_c t_c) p − t. In the mean over the
/// rows it counts as w_y times its own weight.
///
/// A sample that is mixed of two has a second label with a weight of its own, and counts as two
/// samples with the same logits.
///
/// - Shapes: logits `[rows, C]`; labels and weights, and those of partners where there are any,
///   `[rows]`. A sample of weight 0 or with a negative label is left out.
/// - Source: C. Szegedy et al., "Rethinking the Inception architecture", 2015 (label smoothing);
///   `torch.nn.functional.cross_entropy` with `weight` and `label_smoothing` computes the same.
struct CrossEntropy: Loss {
  let name: String
  let factor: Float
  let prediction: ValueID
  let targets: [ValueID]
  let labelSmoothing: Double
  /// `[C]`; empty for 1.
  let classWeights: [Float]
  let denominator: LossDenominator
  let metrics: [String]

  func kernel(
    shape: [Int], sums: LossSums, prediction: UnsafePointer<Float>,
    gradient: UnsafeMutablePointer<Float>, targets: [UnsafeRawPointer]
  ) -> any StepKernel {
    CrossEntropyKernel(
      rows: shape[0], classes: shape[1], smoothing: labelSmoothing,
      classWeights: classWeights.isEmpty ? nil : ClassWeights(classWeights),
      denominator: denominator, sums: sums,
      logits: prediction, gradient: gradient, own: WeightedLabels(targets[0], targets[1]),
      partners: targets.count > 2 ? WeightedLabels(targets[2], targets[3]) : nil)
  }
}

/// A label for each row, with its weight.
private struct WeightedLabels {
  private let labels: UnsafePointer<Int32>
  private let weights: UnsafePointer<Float>

  init(_ labels: UnsafeRawPointer, _ weights: UnsafeRawPointer) {
    self.labels = labels.assumingMemoryBound(to: Int32.self)
    self.weights = weights.assumingMemoryBound(to: Float.self)
  }

  /// Of a row that counts; nil where it does not.
  subscript(row: Int) -> (label: Int, weight: Double)? {
    weights[row] != 0 && labels[row] >= 0 ? (Int(labels[row]), Double(weights[row])) : nil
  }
}

/// A weight for each class.
private struct ClassWeights {
  let values: FixedList<Double>
  let mean: Double

  init(_ weights: [Float]) {
    values = FixedList(weights.map(Double.init))
    mean = weights.reduce(0) { $0 + Double($1) } / Double(weights.count)
  }

  subscript(index: Int) -> Double { values.elements[index] }
}

private struct CrossEntropyKernel: StepKernel {
  let rows: Int
  let classes: Int
  let smoothing: Double
  let classWeights: ClassWeights?
  let denominator: LossDenominator
  let sums: LossSums
  let logits: UnsafePointer<Float>
  let gradient: UnsafeMutablePointer<Float>
  let own: WeightedLabels
  let partners: WeightedLabels?

  func run(_ context: StepContext) {
    gradient.update(repeating: 0, count: rows * classes)
    let weight = totalWeight
    guard weight != 0 else { return }
    let total = denominator == .weights ? weight : Double(rows)
    let scale = sums.scale(in: context) / total
    var (loss, correct, samples) = (0.0, 0.0, 0.0)
    for row in 0..<rows {
      let (target, partner) = (own[row], partners?[row])
      guard target != nil || partner != nil else { continue }
      let softmax = Softmax(of: logits + row * classes, count: classes)
      if let (label, weight) = partner {
        loss += weight * sampleLoss(label, softmax)
        addGradient(row, label, softmax, factor: scale * weight)
      }
      guard let target else { continue }
      loss += target.weight * sampleLoss(target.label, softmax)
      addGradient(row, target.label, softmax, factor: scale * target.weight)
      samples += 1
      if softmax.top == target.label { correct += 1 }
    }
    sums.record(loss / total, support: weight / total, in: context)
    sums.record(metric: 0, sum: correct, count: samples, in: context)
  }

  private var totalWeight: Double {
    var total = 0.0
    for row in 0..<rows {
      if let (label, weight) = own[row] { total += weight * classWeight(label) }
      if let (label, weight) = partners?[row] { total += weight * classWeight(label) }
    }
    return total
  }

  private func classWeight(_ index: Int) -> Double { classWeights?[index] ?? 1 }

  private func target(_ index: Int, label: Int) -> Double {
    let share = (index == label ? 1 - smoothing : 0) + smoothing / Double(classes)
    return classWeights.map { share * $0[index] } ?? share
  }

  /// The sum of a sample's targets.
  private func targetSum(label: Int) -> Double {
    classWeights.map { (1 - smoothing) * $0[label] + smoothing * $0.mean } ?? 1
  }

  private func sampleLoss(_ label: Int, _ softmax: Softmax) -> Double {
    guard smoothing > 0 else { return -classWeight(label) * softmax.logarithm(label) }
    var loss = 0.0
    for index in 0..<classes { loss -= target(index, label: label) * softmax.logarithm(index) }
    return loss
  }

  private func addGradient(_ row: Int, _ label: Int, _ softmax: Softmax, factor: Double) {
    let sum = targetSum(label: label)
    for index in 0..<classes {
      let difference = sum * softmax.probability(index) - target(index, label: label)
      gradient[row * classes + index] += Float(factor * difference)
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
  /// With class weights it is PyTorch's `CrossEntropyLoss(weight:label_smoothing:)`, in whose mean
  /// samples count by their own weights, too.
  ///
  /// - Shapes: logits `[C]`, labels and weights `[]`, all with the same rows. A sample of weight 0
  ///   or with a negative label is left out.
  /// - Parameters:
  ///   - partners: second labels with their weights, of samples that are mixed of two.
  ///   - name: what the loss is reported as.
  ///   - accuracy: what the part of the counted samples whose label has the largest logit is
  ///     reported as.
  ///   - factor: λ, see `Loss`.
  ///   - labelSmoothing: ε, the part of the target that is spread over all classes; 0 ..< 1.
  ///   - classWeights: one for each class, none negative; empty for 1.
  ///   - denominator: of the mean.
  /// - Throws: `NetsError.shape`.
  public mutating func crossEntropy(
    _ logits: ValueID, labels: ValueID, weights: ValueID,
    partners: (labels: ValueID, weights: ValueID)? = nil, name: String,
    accuracy: String = "accuracy", factor: Float = 1, labelSmoothing: Float = 0,
    classWeights: [Float] = [], denominator: LossDenominator = .weights
  ) throws {
    let classes = try lossShape(of: logits, rank: 1, loss: name)[0]
    guard 0..<1 ~= labelSmoothing else {
      throw NetsError.shape(layer: name, problem: "label smoothing must be in 0 ..< 1")
    }
    guard classWeights.isEmpty || classWeights.count == classes,
      classWeights.allSatisfy({ $0 >= 0 && $0.isFinite })
    else {
      throw NetsError.shape(
        layer: name, problem: "needs a weight >= 0 for each of \(classes) classes")
    }
    let targets = [labels, weights] + (partners.map { [$0.labels, $0.weights] } ?? [])
    for (target, what) in zip(targets, ["labels", "weights", "partners' labels", "their weights"]) {
      try requireTarget(target, shape: [], rowsOf: logits, loss: name, what: what)
    }
    append(
      CrossEntropy(
        name: name, factor: factor, prediction: logits, targets: targets,
        labelSmoothing: Double(labelSmoothing), classWeights: classWeights,
        denominator: denominator, metrics: [accuracy]))
  }
}
