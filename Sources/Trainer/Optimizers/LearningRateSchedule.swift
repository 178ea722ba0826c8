import Foundation

/// The learning rate over the updates: a linear warm-up to the peak, then a shape.
///
/// A pure function of the step, and for `plateau` of how often evaluations have lowered the rate.
///
/// - Source: cosine annealing without restarts, I. Loshchilov and F. Hutter, "SGDR: stochastic
///   gradient descent with warm restarts", ICLR 2017; warm-up and milestones, P. Goyal et al.,
///   "Accurate, large minibatch SGD", 2017; the others as PyTorch's `StepLR` and
///   `ReduceLROnPlateau`.
struct LearningRateSchedule: Sendable, Equatable {
  /// The rate after the warm-up.
  enum Shape: Sendable, Equatable {
    /// The peak all along.
    case constant
    /// Half a cosine from the peak, which would reach a fraction of it one update after the last, as
    /// PyTorch's `CosineAnnealingLR` does.
    case cosine(totalSteps: Int, finalFraction: Double)
    /// Times the factor after every so many updates, counted from the start of the training.
    case every(Int, factor: Double)
    /// Times the factor after each of these numbers of updates, counted from the start.
    case milestones([Int], factor: Double)
    /// Times the factor for each reduction, down to a fraction of the peak.
    case plateau(factor: Double, finalFraction: Double)
  }

  /// The rate after the warm-up.
  var shape: Shape
  /// The learning rate at the end of the warm-up.
  var peak: Double
  /// Updates of the warm-up.
  var warmupSteps: Int

  /// A schedule with every field given.
  init(shape: Shape, peak: Double, warmupSteps: Int) {
    self.shape = shape
    self.peak = peak
    self.warmupSteps = warmupSteps
  }

  /// The learning rate of an update.
  ///
  /// - Parameters:
  ///   - step: counted from 0. The first update of a warm-up over n updates has 1/n of the peak, the
  ///     n-th the whole of it.
  ///   - reductions: how often a plateau has lowered the rate.
  func rate(step: Int, reductions: Int = 0) -> Double {
    step < warmupSteps
      ? peak * Double(step + 1) / Double(warmupSteps)
      : peak * fraction(step: step, reductions: reductions)
  }

  private func fraction(step: Int, reductions: Int) -> Double {
    switch shape {
    case .constant: return 1
    case .cosine(let totalSteps, let finalFraction):
      let progress = Double(step - warmupSteps) / Double(max(1, totalSteps - warmupSteps))
      let height = 0.5 * (1 + cos(.pi * min(progress, 1)))
      return finalFraction + (1 - finalFraction) * height
    case .every(let interval, let factor): return pow(factor, Double(step / interval))
    case .milestones(let steps, let factor):
      return pow(factor, Double(steps.count { $0 <= step }))
    case .plateau(let factor, let finalFraction):
      return max(finalFraction, pow(factor, Double(reductions)))
    }
  }
}
