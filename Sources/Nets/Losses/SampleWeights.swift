/// The weights of a loss's samples; those of weight 0 are left out.
struct SampleWeights {
  let count: Int
  private let weights: UnsafePointer<Float>

  init(_ weights: UnsafeRawPointer, count: Int) {
    self.weights = weights.assumingMemoryBound(to: Float.self)
    self.count = count
  }

  subscript(sample: Int) -> Double { Double(weights[sample]) }

  /// Σ w.
  var total: Double {
    var total = 0.0
    for sample in 0..<count { total += self[sample] }
    return total
  }

  /// Reports the weighted mean of the samples' losses; nothing where there is no support.
  ///
  /// - Parameter loss: is given a sample of weight other than 0 and what its gradient is to be
  ///   multiplied by; writes the gradient and returns the loss.
  func recordMean(
    in sums: LossSums, _ context: StepContext, loss: (_ sample: Int, _ factor: Double) -> Double
  ) {
    let total = total
    guard total != 0 else { return }
    let scale = sums.scale(in: context) / total
    var sum = 0.0
    for sample in 0..<count where self[sample] != 0 {
      sum += self[sample] * loss(sample, scale * self[sample])
    }
    sums.record(sum / total, in: context)
  }
}
