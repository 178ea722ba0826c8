/// Where things lie in a slot: the flat float32 vector that one micro-batch produces and that the
/// tree reduces over all micro-batches.
///
/// The parts follow each other: gradients, batch statistics, sums. Each array starts on a 64-byte
/// boundary; the elements between arrays are always zero.
public struct SlotLayout: Sendable, Equatable {
  /// Gradients, in the order in which the backward pass completes them; in the layout of the flat
  /// vector of the master weights, as far as these are trained.
  public let gradients: Range<Int>
  /// Mean and variance of each batch normalisation's input over the micro-batch, unless it is frozen.
  public let statistics: Range<Int>
  /// What the losses sum up for the report; `metrics` tells what is in it.
  public let sums: Range<Int>
  /// What a step reports, `loss` first.
  public let metrics: [StepMetric]

  /// Elements of a slot.
  public var count: Int { sums.upperBound }

  init(_ builder: PlanBuilder, _ parameters: ParameterStore) {
    let sums = builder.sums
    gradients = 0..<parameters.trainedCount
    statistics =
      gradients.upperBound..<gradients.upperBound + parameters.statistics.trackedCount
    let start = statistics.upperBound
    self.sums = start..<start + sums.count
    metrics = sums.metrics.map {
      StepMetric(name: $0.name, sum: start + $0.sum, count: start + $0.count)
    }
  }
}

/// A number that a step reports: a mean, as the quotient of two sums in the slot.
public struct StepMetric: Sendable, Equatable {
  /// What it is called in metrics.
  public let name: String
  /// Elements of the slot: what is divided, and by what.
  let sum: Int
  let count: Int

  /// The value over the micro-batches that were added up in `slot`; NaN where none supports it.
  public func value(in slot: UnsafeMutableBufferPointer<Float>) -> Double {
    Double(slot[sum]) / Double(slot[count])
  }
}

/// The sums of a plan's losses.
struct StepSums {
  /// Of a graph without losses: none.
  private(set) var count = 0
  private var losses: [(name: String, sum: Int)] = []
  private var others: [(name: String, sum: Int)] = []

  /// Makes room for a loss and its metrics, two sums each; returns the place of the first.
  mutating func add(loss: String, metrics: [String]) -> Int {
    if count == 0 { count = StepSum.allCases.count }
    let first = count
    losses.append((loss, first))
    for (index, metric) in metrics.enumerated() { others.append((metric, first + 2 + 2 * index)) }
    count += 2 * (1 + metrics.count)
    return first
  }

  /// The loss of the step; the losses it is made of where there are several; what else they tell.
  var metrics: [(name: String, sum: Int, count: Int)] {
    guard count > 0 else { return [] }
    let whole = ("loss", StepSum.loss.rawValue, StepSum.microBatches.rawValue)
    return [whole]
      + ((losses.count > 1 ? losses : []) + others).map { ($0.name, $0.sum, $0.sum + 1) }
  }
}
