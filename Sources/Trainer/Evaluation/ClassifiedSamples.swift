import Foundation

/// What a classifier said of each sample of a list, in the order of the list.
struct ClassifiedSamples: Equatable, Sendable {
  /// Classes that are told apart.
  let classes: Int
  /// The true class of each sample; −1 where it has none or could not be read.
  private(set) var labels: [Int] = []
  /// `[samples, classes]`, row-major.
  private(set) var logits: [Float] = []

  /// No samples.
  init(classes: Int) { self.classes = classes }

  /// Samples from rows of a label and its logits, as ranks exchange them.
  ///
  /// - Parameter rows: `[samples, 1 + classes]`, row-major.
  init(classes: Int, rows: [Float]) {
    self.init(classes: classes)
    for start in stride(from: 0, to: rows.count, by: 1 + classes) {
      labels.append(Int(rows[start]))
      logits += rows[(start + 1)...(start + classes)]
    }
  }

  /// Takes a sample, whose label is −1 where it does not count.
  mutating func append(label: Int, logits: [Float]) {
    precondition(logits.count == classes)
    labels.append(label)
    self.logits += logits
  }

  /// The samples that have a class.
  var counted: [Int] { labels.indices.filter { labels[$0] >= 0 } }

  /// The first of the classes with the largest logit.
  ///
  /// - Parameter known: how many of the classes may be named, from the first on; nil for all.
  func prediction(of sample: Int, among known: Int? = nil) -> Int {
    let start = sample * classes
    var best = start
    for index in start..<(start + (known ?? classes)) where logits[index] > logits[best] {
      best = index
    }
    return best - start
  }

  /// softmax(logits), in double precision.
  func probabilities(of sample: Int) -> [Double] {
    let row = logits[(sample * classes)..<((sample + 1) * classes)]
    let largest = Double(row.max() ?? 0)
    let exponentials = row.map { exp(Double($0) - largest) }
    let sum = exponentials.reduce(0, +)
    return exponentials.map { $0 / sum }
  }

  /// −log softmax(logits)[label], in double precision.
  func crossEntropy(of sample: Int) -> Double {
    let row = logits[(sample * classes)..<((sample + 1) * classes)]
    let largest = Double(row.max() ?? 0)
    let sum = row.reduce(0) { $0 + exp(Double($1) - largest) }
    return log(sum) + largest - Double(row[row.startIndex + labels[sample]])
  }

  /// The intervals of `accuracy`, `uar`, the recalls and `accuracy_7`.
  ///
  /// `accuracy_7` is of the samples that are not of the last class, which is never named for them.
  func intervals(
    classNames: [String], _ bootstrap: Bootstrap
  ) -> [String: ConfidenceInterval] {
    let counted = counted
    let truth = counted.map { labels[$0] }
    let all = PredictedLabels(
      classes: classes, labels: truth, predictions: counted.map { prediction(of: $0) })
    let known = classes - 1
    let isRight = counted.map { prediction(of: $0, among: known) == labels[$0] }
    let ofSeven = bootstrap.intervals(
      of: ["accuracy_7"], .classified, over: .samples(counted.count)
    ) { drawn in
      let rest = drawn.filter { truth[$0] < known }
      return [Double(rest.count { isRight[$0] }) / Double(rest.count)]
    }
    return all.intervals(classNames: classNames, .classified, bootstrap)
      .merging(ofSeven) { $1 }
  }
}
