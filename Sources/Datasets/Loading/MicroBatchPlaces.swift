/// Where in their epochs the micro-batches of one rank lie, step after step.
struct MicroBatchPlaces: Sequence, IteratorProtocol, Sendable {
  private let leaves: Range<Int>
  private let stepsPerEpoch: Int
  private let perStep: Int
  private let perMicroBatch: Int
  private let end: Int
  private var step: Int
  private var leaf: Int

  /// - Parameters:
  ///   - steps: counted from 0 over all epochs.
  ///   - leaves: this rank's micro-batches of a step.
  ///   - perStep: elements of a step; those of a micro-batch divide them.
  init(
    steps: Range<Int>, leaves: Range<Int>, stepsPerEpoch: Int, perStep: Int, perMicroBatch: Int
  ) {
    precondition(leaves.lowerBound >= 0 && leaves.upperBound <= perStep / perMicroBatch)
    self.leaves = leaves
    self.stepsPerEpoch = stepsPerEpoch
    self.perStep = perStep
    self.perMicroBatch = perMicroBatch
    step = steps.lowerBound
    end = steps.upperBound
    leaf = leaves.lowerBound
  }

  /// The elements of the next micro-batch, counted within their epoch.
  mutating func next() -> (epoch: Int, elements: Range<Int>)? {
    guard step < end && !leaves.isEmpty else { return nil }
    let (epoch, stepOfEpoch) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
    let first = stepOfEpoch * perStep + leaf * perMicroBatch
    leaf += 1
    if leaf == leaves.upperBound {
      leaf = leaves.lowerBound
      step += 1
    }
    return (epoch, first..<(first + perMicroBatch))
  }
}
