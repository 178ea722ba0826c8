import Datasets
import Nets

/// What is known of samples, by their index.
protocol SampleLabels {
  /// Samples.
  var count: Int { get }
  /// The class of a sample; nil where it is unknown.
  func classIndex(at index: Int) -> Int?
  /// Valence and arousal; each not a number where unknown.
  func affect(at index: Int) -> SIMD2<Float>
}

extension FaceRecords: SampleLabels {
  func classIndex(at index: Int) -> Int? { expression(at: index)?.rawValue }
}

/// The rows of a micro-batch that are labelled faces or utterances: classes, and valence and arousal
/// where known.
final class LabelledRows {
  let loader: BatchLoader
  private let known: any SampleLabels
  private let samples: UnsafeMutableRawBufferPointer
  private let classes: ClassifierArrays?
  private let affect: AffectInputs?
  /// The weight of each class in the loss.
  private let classWeights: [Float]
  private var denominators: BatchDenominators
  private var scales = BatchDenominators.Scales()
  /// This rank's micro-batches of a step, and those of the current one that are done.
  private let microBatches: Int
  private var microBatchesDone = 0

  private struct AffectInputs {
    /// `[rows, 2]`, not a number where unknown.
    let targets: UnsafeMutableBufferPointer<Float>
    /// `[rows]`
    let weights: UnsafeMutableBufferPointer<Float>
  }

  /// - Parameters:
  ///   - input: the plan's input that the loader fills.
  ///   - rows: the first rows of the plan's batch, as many.
  ///   - known: the labels of the samples that the loader numbers.
  ///   - hasAffect: whether the plan has a loss on valence and arousal.
  ///   - classWeights: the weight of each class; nil where the plan has no loss on classes.
  ///   - epochs: the order of the samples.
  ///   - steps: those to come.
  ///   - leaves: this rank's micro-batches of each.
  ///   - loader: gives these micro-batches, in the plan's format.
  /// - Throws: `NetsError.unknownArray` where the plan is not such a network's.
  init(
    plan: TrainingPlan, input: String = "images", rows: Int, known: any SampleLabels,
    hasAffect: Bool, classWeights: [Float]?, mixed: Bool, epochs: EpochPlan, steps: Range<Int>,
    leaves: Range<Int>, loader: BatchLoader
  ) throws {
    self.loader = loader
    self.known = known
    self.classWeights = classWeights ?? []
    denominators = BatchDenominators(
      known: known, hasAffect: hasAffect, classWeights: classWeights, epochs: epochs, steps: steps)
    microBatches = leaves.count
    samples = try plan.pixels(input: input).rows(0..<rows, of: plan.microBatch)
    classes = try classWeights.map { _ in try ClassifierArrays(plan, mixed: mixed) }
    affect =
      try hasAffect
      ? AffectInputs(
        targets: plan.floats(input: "affect_targets"),
        weights: plan.floats(input: "affect_weights")) : nil
  }

  /// Takes the next micro-batch.
  func fill() throws -> MicroBatch {
    guard let batch = try loader.next(into: samples) else {
      preconditionFailure("the requests cover every step of the training")
    }
    if microBatchesDone % microBatches == 0 { scales = denominators.next() }
    microBatchesDone += 1
    for sample in batch.labels.indices {
      if let classes { set(classes, sample, of: batch) }
      if let affect { set(affect, sample, of: batch) }
    }
    return batch
  }

  private func set(_ classes: ClassifierArrays, _ sample: Int, of batch: MicroBatch) {
    let label = batch.labels[sample]
    classes.labels[sample] = label
    classes.weights[sample] =
      weight(sample, of: batch) * classWeights[Int(label)] * scales.classes
      * (1 - batch.partnerShares[sample])
    guard let partners = classes.partners else { return }
    let partner = batch.partnerLabels[sample]
    partners.labels[sample] = partner
    partners.weights[sample] =
      weight(batch.partner(of: sample), of: batch) * classWeights[Int(partner)] * scales.classes
      * batch.partnerShares[sample]
  }

  /// 0 also where a sample has no class.
  private func weight(_ sample: Int, of batch: MicroBatch) -> Float {
    let index = Int(batch.sampleIndices[sample])
    guard batch.weights[sample] > 0, index >= 0, known.classIndex(at: index) != nil else {
      return 0
    }
    return batch.weights[sample]
  }

  /// A mixed sample's truth is mixed in the same way, where both are known.
  private func set(_ affect: AffectInputs, _ sample: Int, of batch: MicroBatch) {
    let share = batch.partnerShares[sample]
    var truth = truth(sample, of: batch)
    if share > 0 {
      truth += share * (self.truth(batch.partner(of: sample), of: batch) - truth)
    }
    affect.targets[2 * sample] = truth.x
    affect.targets[2 * sample + 1] = truth.y
    affect.weights[sample] = batch.weights[sample] * scales.affect
  }

  private func truth(_ sample: Int, of batch: MicroBatch) -> SIMD2<Float> {
    let index = Int(batch.sampleIndices[sample])
    return index < 0 ? SIMD2(repeating: .nan) : known.affect(at: index)
  }
}

extension PixelArray {
  /// The images of some rows.
  func rows(_ rows: Range<Int>, of count: Int) -> UnsafeMutableRawBufferPointer {
    let length = bytes.count / count
    return UnsafeMutableRawBufferPointer(
      rebasing: bytes[(rows.lowerBound * length)..<(rows.upperBound * length)])
  }
}
