/// The weights that a training gives its losses on labels: with a mean of 1 over the global batch, here a
/// single micro-batch. So a loss by rows is the weighted mean that PyTorch computed.
extension [Float] {
  /// - Parameter targets: `[count, D]`, what the weights are of; elements that are not a number weigh
  ///   nothing. Nil where all are known.
  func withMeanOne(targets: [Float]? = nil) -> [Float] {
    let targets = targets ?? self
    let dimensions = targets.count / count
    var sum = 0.0
    for (place, target) in targets.enumerated() where !target.isNaN {
      sum += Double(self[place / dimensions])
    }
    return map { Float(Double($0) * Double(targets.count) / sum) }
  }
}
