/// Classifies samples by a vote of the most alike ones among labelled samples; alike is what has the
/// largest cosine of the angle between its features and theirs.
///
/// Each of the k nearest has one vote, and the lowest of the classes with most votes wins, as in
/// scikit-learn's `KNeighborsClassifier(metric="cosine")`. Of equally near samples the first is nearer.
struct NearestNeighbors: Sendable {
  private let labels: [Int]
  private let classes: Int
  private let directions: FeatureDirections

  /// Takes the labelled samples.
  ///
  /// - Parameter classes: labels are below this.
  init(_ set: FeatureSet, classes: Int) {
    labels = set.labels
    self.classes = classes
    directions = FeatureDirections(of: set)
  }

  /// The labels of the nearest samples, the nearest first; of all where there are fewer than `count`.
  ///
  /// - Parameter query: a sample of `queries`.
  func nearestLabels(to query: Int, of queries: FeatureDirections, count: Int) -> [Int] {
    let cosines = directions.cosines(with: query, of: queries)
    // The nearest so far, kept in order: most samples are not among them.
    var found: [Int] = []
    for sample in cosines.indices {
      if found.count == count {
        guard let last = found.last, cosines[sample] > cosines[last] else { continue }
        found.removeLast()
      }
      let place = found.firstIndex { cosines[$0] < cosines[sample] } ?? found.endIndex
      found.insert(sample, at: place)
    }
    return found.map { labels[$0] }
  }

  /// The winner of a vote of the `k` first.
  func vote(_ nearest: [Int], k: Int) -> Int {
    var votes = [Int](repeating: 0, count: classes)
    for label in nearest.prefix(k) { votes[label] += 1 }
    var best = 0
    for label in votes.indices where votes[label] > votes[best] { best = label }
    return best
  }
}

/// Features of unit length.
struct FeatureDirections: Sendable {
  private let length: Int
  /// `[samples, F]`; zeros, which point nowhere, stay zeros.
  private let values: [Double]

  /// Divides the features of each sample by their norm.
  init(of set: FeatureSet) {
    length = set.length
    var values = set.values.map(Double.init)
    for sample in 0..<set.count {
      let range = (sample * length)..<((sample + 1) * length)
      let squares = values[range].reduce(0) { $0 + $1 * $1 }
      guard squares > 0 else { continue }
      let norm = squares.squareRoot()
      for index in range { values[index] /= norm }
    }
    self.values = values
  }

  /// Samples in all.
  var count: Int { values.count / length }

  /// The cosine of the angle between each of these and one of `queries`.
  fileprivate func cosines(with query: Int, of queries: FeatureDirections) -> [Double] {
    values.withUnsafeBufferPointer { values in
      queries.values.withUnsafeBufferPointer { others in
        guard let values = values.baseAddress, let others = others.baseAddress else { return [] }
        return (0..<count).map {
          innerProduct(values + $0 * length, others + query * length, count: length)
        }
      }
    }
  }
}
