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
}

extension PredictedLabels {
  /// The classes' recalls are told with an interval from so many samples on: that of a few which are
  /// all recognised would have no width.
  static let fewestSamplesOfRecall = 10

  /// The names of what has intervals: `accuracy`, `uar`, and `recall_` with the name of each class.
  static func names(classes: [String]) -> [String] {
    ["accuracy", "uar"] + classes.map { "recall_\($0)" }
  }

  /// The intervals of the numbers that have `names`. A replicate's recalls, and their mean, are of the
  /// classes that it has.
  ///
  /// - Parameters:
  ///   - classNames: of all classes.
  ///   - units: what is drawn of these samples; nil for single ones.
  func intervals(
    classNames: [String], _ population: Bootstrap.Population, _ bootstrap: Bootstrap,
    over units: Bootstrap.Units? = nil
  ) -> [String: ConfidenceInterval] {
    let sizes = confusion
    return bootstrap.intervals(
      of: Self.names(classes: classNames), population, over: units ?? .samples(count)
    ) { drawn in
      let confusion = confusion(of: drawn)
      return [confusion.accuracy, confusion.meanRecall]
        + (0..<classes).map { label in
          sizes.samples(of: label) < Self.fewestSamplesOfRecall ? nil : confusion.recall(of: label)
        }
    }
  }
}
