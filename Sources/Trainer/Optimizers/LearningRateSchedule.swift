import Foundation

/// The learning rate as a pure function of the step: a linear warm-up, then half a cosine or a
/// constant.
///
/// - Source: cosine annealing without restarts, I. Loshchilov and F. Hutter, "SGDR: stochastic
///   gradient descent with warm restarts", ICLR 2017; warm-up, P. Goyal et al., "Accurate, large
///   minibatch SGD", 2017.
struct LearningRateSchedule: Sendable, Equatable {
  /// The shape after the warm-up.
  var name: ScheduleName
  /// The learning rate at the end of the warm-up.
  var peak: Double
  /// Updates of the warm-up.
  var warmupSteps: Int
  /// Updates of the whole training.
  var totalSteps: Int
  /// Where the cosine ends, as a fraction of the peak.
  var finalFraction: Double

  /// A schedule with every field given.
  init(
    name: ScheduleName, peak: Double, warmupSteps: Int, totalSteps: Int, finalFraction: Double
  ) {
    self.name = name
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
    self.finalFraction = finalFraction
  }

  /// The learning rate of an update.
  ///
  /// - Parameter step: counted from 0. The first update of a warm-up over n updates has 1/n of the
  ///   peak, the n-th the whole of it; the cosine starts at the peak and would reach its end one
  ///   update after the last, as PyTorch's `CosineAnnealingLR` does.
  func rate(step: Int) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps) }
    switch name {
    case .constant: return peak
    case .cosine:
      let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
      let height = 0.5 * (1 + cos(.pi * min(progress, 1)))
      return peak * (finalFraction + (1 - finalFraction) * height)
    }
  }
}
