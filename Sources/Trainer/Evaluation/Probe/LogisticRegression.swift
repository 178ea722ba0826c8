import Foundation

/// A linear classifier of features: multinomial logistic regression.
///
/// It minimises the mean cross-entropy + penalty / 2 · ‖W‖²; biases are not penalised. scikit-learn's
/// `LogisticRegression` with C = 1 / (penalty · samples) has the same minimum.
struct LogisticRegression: Equatable, Sendable {
  /// Classes that are told apart.
  let classes: Int
  /// Numbers of a sample, F.
  let length: Int
  /// `[classes, F + 1]`, row-major; the last column holds the biases.
  let weights: [Double]
  /// What was minimised.
  let loss: Double

  /// Fits the classifier. Deterministic: in double precision, in the order of the samples.
  ///
  /// - Parameters:
  ///   - tolerance: the largest element of the gradient at the end.
  ///   - classes: labels are below this.
  init(fitting set: FeatureSet, classes: Int, penalty: Double, tolerance: Double = 1e-5) {
    self.classes = classes
    length = set.length
    let objective = Objective(set: set, classes: classes, penalty: penalty)
    let minimum = LimitedMemoryBFGS(tolerance: tolerance)
      .minimum(
        from: [Double](repeating: 0, count: classes * (set.length + 1)), objective.evaluate)
    weights = minimum.place
    loss = minimum.value
  }

  /// The logits of all samples, `[samples, classes]`.
  func logits(of set: FeatureSet) -> [Double] {
    precondition(set.length == length)
    return (0..<set.count).flatMap { sample in
      let features = set.values[(sample * length)..<((sample + 1) * length)].map(Double.init)
      return (0..<classes).map { label in
        weights.withUnsafeBufferPointer { weights in
          features.withUnsafeBufferPointer { features in
            logit(weights, label, features, 0, length: length)
          }
        }
      }
    }
  }

  /// The first of the classes with the largest logit, of each sample.
  func predictions(of set: FeatureSet) -> [Int] {
    let logits = logits(of: set)
    return (0..<set.count).map { sample in
      var best = 0
      for label in 1..<classes
      where logits[sample * classes + label] > logits[sample * classes + best] {
        best = label
      }
      return best
    }
  }
}

/// W · x + b of one class and sample.
private func logit(
  _ weights: UnsafeBufferPointer<Double>, _ label: Int, _ features: UnsafeBufferPointer<Double>,
  _ sample: Int, length: Int
) -> Double {
  let row = label * (length + 1)
  guard let w = weights.baseAddress, let x = features.baseAddress else { return weights[row] }
  return innerProduct(w + row, x + sample * length, count: length) + weights[row + length]
}

/// The function that a fit minimises.
private struct Objective {
  /// `[samples, F]`
  private let features: [Double]
  private let labels: [Int]
  private let length: Int
  private let classes: Int
  private let penalty: Double

  init(set: FeatureSet, classes: Int, penalty: Double) {
    features = set.values.map(Double.init)
    labels = set.labels
    length = set.length
    self.classes = classes
    self.penalty = penalty
  }

  /// The value at `place`, `[classes, F + 1]`, and the gradient there.
  func evaluate(_ place: [Double], _ gradient: inout [Double]) -> Double {
    for index in gradient.indices { gradient[index] = 0 }
    let surprise = features.withUnsafeBufferPointer { features in
      place.withUnsafeBufferPointer { weights in
        gradient.withUnsafeMutableBufferPointer { addGradient($0, weights, features) }
      }
    }
    let count = Double(labels.count)
    var squares = 0.0
    for index in gradient.indices {
      gradient[index] /= count
      guard index % (length + 1) != length else { continue }
      gradient[index] += penalty * place[index]
      squares += place[index] * place[index]
    }
    return surprise / count + penalty / 2 * squares
  }

  /// Adds up Σ (softmax − truth) · x.
  ///
  /// - Returns: the sum of the cross-entropies.
  private func addGradient(
    _ gradient: UnsafeMutableBufferPointer<Double>, _ weights: UnsafeBufferPointer<Double>,
    _ features: UnsafeBufferPointer<Double>
  ) -> Double {
    var surprise = 0.0
    var logits = [Double](repeating: 0, count: classes)
    for (sample, truth) in labels.enumerated() {
      for label in 0..<classes {
        logits[label] = logit(weights, label, features, sample, length: length)
      }
      let largest = logits.max() ?? 0
      let sum = logits.reduce(0) { $0 + exp($1 - largest) }
      surprise += log(sum) + largest - logits[truth]
      for label in 0..<classes {
        let error = exp(logits[label] - largest) / sum - (label == truth ? 1 : 0)
        let (row, start) = (label * (length + 1), sample * length)
        for index in 0..<length { gradient[row + index] += error * features[start + index] }
        gradient[row + length] += error
      }
    }
    return surprise
  }
}
