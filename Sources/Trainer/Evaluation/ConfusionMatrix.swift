/// How often samples of each class were taken for each class.
struct ConfusionMatrix: Equatable, Sendable {
  /// Number of classes.
  let classes: Int
  /// Row-major [class, prediction].
  private(set) var counts: [Int]

  /// A matrix without samples.
  init(classes: Int) {
    self.classes = classes
    counts = Array(repeating: 0, count: classes * classes)
  }

  /// Takes over counts, row-major [class, prediction].
  init(classes: Int, counts: [Int]) {
    precondition(counts.count == classes * classes)
    self.classes = classes
    self.counts = counts
  }

  /// Counts a sample.
  mutating func add(label: Int, prediction: Int) {
    counts[label * classes + prediction] += 1
  }

  /// Adds the samples of another matrix.
  static func += (left: inout ConfusionMatrix, right: ConfusionMatrix) {
    precondition(left.classes == right.classes)
    for index in left.counts.indices { left.counts[index] += right.counts[index] }
  }

  /// How often `label` was taken for `prediction`.
  subscript(label: Int, prediction: Int) -> Int { counts[label * classes + prediction] }

  /// Samples in all.
  var total: Int { counts.reduce(0, +) }

  /// Samples of a class.
  func samples(of label: Int) -> Int { (0..<classes).reduce(0) { $0 + self[label, $1] } }

  /// The part of the samples that was recognised; 0 without samples.
  var accuracy: Double {
    let correct = (0..<classes).reduce(0) { $0 + self[$1, $1] }
    return total == 0 ? 0 : Double(correct) / Double(total)
  }

  /// The part of a class's samples that was recognised, nil where there are none.
  func recall(of label: Int) -> Double? {
    let count = samples(of: label)
    return count == 0 ? nil : Double(self[label, label]) / Double(count)
  }

  /// The mean recall over the classes that have samples (unweighted average recall, UAR).
  var meanRecall: Double {
    let recalls = (0..<classes).compactMap(recall)
    return recalls.isEmpty ? 0 : recalls.reduce(0, +) / Double(recalls.count)
  }
}
