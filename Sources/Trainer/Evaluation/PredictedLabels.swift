/// Which classes samples have, and which they were taken for.
struct PredictedLabels: Equatable, Sendable {
  /// Classes that are told apart.
  let classes: Int
  private(set) var labels: [Int] = []
  private(set) var predictions: [Int] = []

  /// No samples.
  init(classes: Int) { self.classes = classes }

  /// Samples with their predictions.
  init(classes: Int, labels: [Int], predictions: [Int]) {
    precondition(labels.count == predictions.count)
    self.classes = classes
    self.labels = labels
    self.predictions = predictions
  }

  /// Samples in all.
  var count: Int { labels.count }

  /// Takes a sample.
  mutating func append(label: Int, prediction: Int) {
    labels.append(label)
    predictions.append(prediction)
  }

  /// How often samples of each class were taken for each class.
  var confusion: ConfusionMatrix { confusion(of: Array(labels.indices)) }

  /// The same of some samples, each as often as it is there.
  func confusion(of samples: [Int]) -> ConfusionMatrix {
    var matrix = ConfusionMatrix(classes: classes)
    for sample in samples {
      matrix.add(label: labels[sample], prediction: predictions[sample])
    }
    return matrix
  }

  /// The intervals of `accuracy` and `uar`. A replicate's mean recall is over the classes that it has.
  func intervals(
    _ population: Bootstrap.Population, _ bootstrap: Bootstrap
  ) -> [String: ConfidenceInterval] {
    bootstrap.intervals(of: ["accuracy", "uar"], population, count: count) { drawn in
      let confusion = confusion(of: drawn)
      return [confusion.accuracy, confusion.meanRecall]
    }
  }
}
