/// Where things lie in a slot: the flat float32 vector that one micro-batch produces and that the
/// tree reduces over all micro-batches.
///
/// The parts follow each other: gradients, batch statistics, sums. Each array starts on a 64-byte
/// boundary; the elements between arrays are always zero.
public struct SlotLayout: Sendable, Equatable {
  /// Gradients, in the order in which the backward pass completes them; as long as the flat vector
  /// of the master weights and in the same layout.
  public let gradients: Range<Int>
  /// Mean and variance of each batch normalisation's input over the micro-batch.
  public let statistics: Range<Int>
  /// Sums over the micro-batch's samples, see `Sum`.
  public let sums: Range<Int>

  /// The sums, by their position in `sums`.
  public enum Sum: Int, CaseIterable, Sendable {
    /// Σ weight · loss.
    case loss
    /// Σ weight.
    case weight
    /// Samples of positive weight whose largest logit is that of their label.
    case correct
  }

  /// Elements of a slot.
  public var count: Int { sums.upperBound }

  init(gradients: Int, statistics: Int) {
    self.gradients = 0..<gradients
    self.statistics = gradients..<gradients + statistics
    sums = self.statistics.upperBound..<self.statistics.upperBound + Sum.allCases.count
  }
}
