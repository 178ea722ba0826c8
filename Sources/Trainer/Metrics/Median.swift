extension [Double] {
  /// The middle value; of an even number of values the mean of the two in the middle, of none 0.
  var median: Double {
    let sorted = sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
