import Datasets

/// What the weights of labels are multiplied by, step after step, so that they have a mean of 1 over the
/// global batch: losses whose denominator are the rows are then weighted means over the whole global
/// batch, however its samples are dealt to micro-batches and ranks.
///
/// The order of samples is known beforehand, and with it what they weigh: nothing is communicated. Where
/// samples are mixed, their own labels count; where one cannot be read, it still counts instead of its
/// substitute.
struct BatchDenominators {
  /// What weights are multiplied by.
  struct Scales: Equatable {
    /// Those of classes.
    var classes: Float = 1
    /// Those of valence and arousal.
    var affect: Float = 1
  }

  private let known: any SampleLabels
  private let classWeights: [Float]
  private let microBatches: Int
  /// All micro-batches of the steps; nil where every sample weighs as much as any other.
  private var requests: TrainingRequests?

  /// - Parameters:
  ///   - known: the labels of the samples that the plan numbers.
  ///   - hasAffect: whether valence and arousal matter.
  ///   - classWeights: the weight of each class; nil where classes do not matter.
  ///   - epochs: the order of the samples.
  ///   - steps: those that will be asked for.
  init(
    known: any SampleLabels, hasAffect: Bool, classWeights: [Float]?, epochs: EpochPlan,
    steps: Range<Int>
  ) {
    self.known = known
    self.classWeights = classWeights ?? []
    microBatches = epochs.microBatchesPerStep
    let isEven = (0..<known.count).allSatisfy { sample in
      let affect = known.affect(at: sample)
      return (classWeights.map { Self.weight(known.classIndex(at: sample), $0) == 1 } ?? true)
        && (!hasAffect || !affect.x.isNaN && !affect.y.isNaN)
    }
    requests =
      isEven
      ? nil : epochs.requests(steps: steps, leaves: 0..<epochs.microBatchesPerStep)
  }

  /// The scales of the next step.
  mutating func next() -> Scales {
    guard requests != nil else { return Scales() }
    var (samples, classes, affects) = (0, 0.0, 0.0)
    for _ in 0..<microBatches {
      for index in requests?.next()?.sampleIndices ?? [] {
        let affect = known.affect(at: Int(index))
        samples += 1
        classes += Double(Self.weight(known.classIndex(at: Int(index)), classWeights))
        affects += (affect.x.isNaN ? 0 : 0.5) + (affect.y.isNaN ? 0 : 0.5)
      }
    }
    return Scales(
      classes: classes == 0 ? 1 : Float(Double(samples) / classes),
      affect: affects == 0 ? 1 : Float(Double(samples) / affects))
  }

  private static func weight(_ classIndex: Int?, _ weights: [Float]) -> Float {
    classIndex.flatMap { weights.indices.contains($0) ? weights[$0] : nil } ?? 0
  }
}
