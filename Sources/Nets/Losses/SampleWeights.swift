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
}
