/// What a backbone made of labelled samples.
struct FeatureSet: Equatable, Sendable {
  /// Numbers of a sample, F.
  let length: Int
  /// `[samples, F]`, row-major.
  private(set) var values: [Float]
  /// Classes, counted from 0.
  private(set) var labels: [Int]

  /// Samples in all.
  var count: Int { labels.count }

  /// Features with every field given.
  init(length: Int, values: [Float] = [], labels: [Int] = []) {
    precondition(values.count == length * labels.count)
    self.length = length
    self.values = values
    self.labels = labels
  }

  /// Takes a sample.
  mutating func append(_ features: some Sequence<Float>, label: Int) {
    values += features
    labels.append(label)
    precondition(values.count == length * labels.count)
  }

  /// The samples at some places, in their order.
  func samples(at places: [Int]) -> FeatureSet {
    var part = FeatureSet(length: length)
    part.values.reserveCapacity(places.count * length)
    for place in places {
      part.append(values[(place * length)..<((place + 1) * length)], label: labels[place])
    }
    return part
  }

  /// Every fifth sample of each class, and the rest: what settings are chosen on, and from.
  func holdingOut(every stride: Int = 5) -> (kept: FeatureSet, heldOut: FeatureSet) {
    var seen: [Int: Int] = [:]
    let isHeldOut = labels.map { label in
      seen[label, default: 0] += 1
      return seen[label, default: 0] % stride == 0
    }
    return (
      samples(at: labels.indices.filter { !isHeldOut[$0] }),
      samples(at: labels.indices.filter { isHeldOut[$0] })
    )
  }
}

/// Moves each feature to mean 0 and standard deviation 1, as measured on a training part.
struct FeatureScaling: Equatable, Sendable {
  private let means: [Double]
  private let factors: [Double]

  /// Measures the features of `set`, in double precision, in its order; one that does not vary becomes 0.
  init(of set: FeatureSet) {
    let count = Double(set.count)
    var means = [Double](repeating: 0, count: set.length)
    var squares = means
    for index in set.values.indices { means[index % set.length] += Double(set.values[index]) }
    for feature in means.indices { means[feature] /= count }
    for index in set.values.indices {
      let difference = Double(set.values[index]) - means[index % set.length]
      squares[index % set.length] += difference * difference
    }
    self.means = means
    factors = squares.map { $0 > 0 ? (count / $0).squareRoot() : 0 }
  }

  /// The features of `set`, rounded to float32.
  func scaled(_ set: FeatureSet) -> FeatureSet {
    let values = set.values.indices.map { index in
      let feature = index % set.length
      return Float((Double(set.values[index]) - means[feature]) * factors[feature])
    }
    return FeatureSet(length: set.length, values: values, labels: set.labels)
  }
}
