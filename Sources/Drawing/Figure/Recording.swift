/// What can be drawn of a recording's moments, in the order of time.
struct Recording {
  /// Ascending times; estimates hold what can be drawn alone.
  let moments: [DrawnMoment]
  /// For how long each moment stands: to the middle between it and its neighbours, and where these are
  /// far away no further than usual.
  let spans: [ClosedRange<Double>]
  /// Seconds between two moments beyond which nothing is known of what lies between.
  let longestGap: Double
  /// Whether somebody looked for faces: moments without one are shown then.
  let looksForFaces: Bool

  /// More than three years: what is beyond is a mistake, and would leave no room for the others.
  private static let latest = 1e8

  init(_ moments: [DrawnMoment]) {
    var drawable = moments.filter { abs($0.seconds) <= Self.latest }
    for index in drawable.indices { drawable[index].estimate = drawable[index].estimate.drawable }
    let times = drawable.map(\.seconds)
    if zip(times, times.dropFirst()).contains(where: { $0 > $1 }) {
      drawable.sort { $0.seconds < $1.seconds }
    }
    self.moments = drawable
    longestGap = Self.longestGap(drawable)
    spans = Self.spans(drawable, reach: longestGap / 2)
    looksForFaces =
      drawable.contains { $0.region != nil } || drawable.allSatisfy(\.estimate.isEmpty)
  }

  /// From the first moment to the last.
  var seconds: ClosedRange<Double>? {
    guard let first = moments.first, let last = moments.last else { return nil }
    return first.seconds...last.seconds
  }

  /// Whether the moment is shown as one without a face.
  func isFaceless(_ moment: Int) -> Bool { looksForFaces && moments[moment].region == nil }

  /// Four times the usual distance, so that a few lost frames do not part a curve.
  private static func longestGap(_ moments: [DrawnMoment]) -> Double {
    let distances = zip(moments, moments.dropFirst()).map { $1.seconds - $0.seconds }.sorted()
    return distances.isEmpty ? 1 : 4 * distances[distances.count / 2]
  }

  private static func spans(_ moments: [DrawnMoment], reach: Double) -> [ClosedRange<Double>] {
    moments.indices.map { index in
      let seconds = moments[index].seconds
      let before = index == 0 ? seconds : moments[index - 1].seconds
      let after = index == moments.count - 1 ? seconds : moments[index + 1].seconds
      return
        (seconds - min(reach, (seconds - before) / 2))...(seconds
        + min(reach, (after - seconds) / 2))
    }
  }
}

extension Recording {
  /// The share of time, 0 to 1, for which `isTrue`, and nil where there is no time at all.
  func share(of isCounted: (Int) -> Bool = { _ in true }, where isTrue: (Int) -> Bool) -> Double? {
    var (sum, whole) = (0.0, 0.0)
    for index in moments.indices where isCounted(index) {
      // A single moment has no time of its own, but counts.
      let weight = max(spans[index].upperBound - spans[index].lowerBound, 1e-9)
      whole += weight
      if isTrue(index) { sum += weight }
    }
    return whole > 0 ? sum / whole : nil
  }

  /// The mean over time of what is known; nil where nothing is.
  func mean(_ value: (EmotionEstimate) -> Float?) -> Double? {
    var (sum, count) = (0.0, 0)
    for moment in moments {
      guard let value = value(moment.estimate) else { continue }
      sum += Double(value)
      count += 1
    }
    return count > 0 ? sum / Double(count) : nil
  }

  /// For each class the share of time in which it is the most probable one; nil where none ever is.
  func sharesOfTime(classes: Int) -> [Double]? {
    let best = moments.map(\.estimate.mostProbableClass)
    guard best.contains(where: { $0 != nil }) else { return nil }
    var weights = [Double](repeating: 0, count: classes)
    for (index, best) in best.enumerated() {
      guard let best else { continue }
      weights[best] += max(spans[index].upperBound - spans[index].lowerBound, 1e-9)
    }
    let whole = weights.reduce(0, +)
    return weights.map { $0 / whole }
  }
}
