import Datasets
import Foundation
import Nets

/// Evaluates an audio network on whole utterances.
///
/// What the network says of an utterance is the mean over its patches: of the probabilities of the
/// classes, so that no single patch can outvote all others as it can in a mean of logits, and of valence
/// and arousal. The means are taken in the order of the list, in double precision, by every rank from
/// the outputs of all.
final class SpeechEvaluator: Evaluator {
  private let manifest: SpeechManifest
  private let list: SpeechPatchList
  private let settings: Settings
  private let plan: InferencePlan
  private let rounds: InferenceRounds
  private let logits: UnsafeMutableBufferPointer<Float>?
  private let affect: UnsafeMutableBufferPointer<Float>?

  /// How utterances are loaded.
  struct Settings {
    var cut: SpeechPatches
    /// Patches of a batch.
    var microBatch: Int
    var workers: Int
    var queueBatches: Int
    var onError: ErrorPolicy
  }

  /// - Parameters:
  ///   - list: the manifest's patches.
  ///   - parameters: are read when an evaluation begins.
  /// - Throws: `NetsError` where the network does not fit.
  init(
    _ manifest: SpeechManifest, _ list: SpeechPatchList, network: AudioNetwork,
    precision: Precision, parameters: ParameterStore, settings: Settings, job: Job
  ) throws {
    self.manifest = manifest
    self.list = list
    self.settings = settings
    plan = try InferencePlan(
      graph: network.graph(), batch: settings.microBatch, precision: precision,
      parameters: parameters, pixels: .asRead)
    rounds = try InferenceRounds(
      plan: plan, input: "patches", microBatch: settings.microBatch, onError: settings.onError,
      job: job)
    logits = network.classes == nil ? nil : try plan.output("logits")
    affect = network.hasAffect ? try plan.output("affect") : nil
  }

  /// Rows of the list that could not be used.
  var rowsLeftOut: Int { manifest.problems.count }

  func evaluate(isStopRequested: () throws -> Bool) throws -> AudioReport? {
    try plan.refreshWeights()
    var own: [[Float]] = []
    let problems = try rounds.run(
      samples: list.patches.indices, isStopRequested: isStopRequested, makeLoader: makeLoader
    ) { own.append(outputs(of: $0)) }
    guard let problems else { return nil }
    let means = UtteranceMeans(
      try rounds.gather(own).flatMap { $0 }, of: list.patches, classes: classes,
      hasAffect: affect != nil, utterances: manifest.records.count)
    return report(means, problems: list.problems + problems)
  }

  private var classes: Int { (logits?.count ?? 0) / settings.microBatch }

  /// Of each patch: whether it counts, its logits, its valence and arousal.
  private func outputs(of batch: MicroBatch) -> [Float] {
    var numbers: [Float] = []
    for patch in batch.weights.indices {
      numbers.append(batch.weights[patch])
      if let logits { numbers += logits[(patch * classes)..<((patch + 1) * classes)] }
      if let affect { numbers += affect[(2 * patch)..<(2 * patch + 2)] }
    }
    return numbers
  }

  private func makeLoader(_ requests: [MicroBatchRequest]) throws -> BatchLoader {
    try BatchLoader(
      manifest: manifest, cut: settings.cut, patches: list.patches, augmentation: .none,
      mode: .evaluation, requests: requests, seed: 0, microBatch: settings.microBatch,
      workers: settings.workers, queueDepth: settings.queueBatches,
      format: rounds.format, onError: settings.onError)
  }

  private func report(_ means: UtteranceMeans, problems: [SampleProblem]) -> AudioReport {
    var labelled: [EmotionScore.Utterance] = []
    var pairs: [Float] = []
    var speakers: [String] = []
    for (record, mean) in zip(manifest.records, means.utterances) {
      guard let mean else { continue }
      speakers.append(record.speaker)
      if let emotion = record.emotion {
        labelled.append(
          EmotionScore.Utterance(
            probabilities: mean.probabilities, label: emotion.rawValue, speaker: record.speaker))
      }
      if affect != nil {
        pairs += [
          mean.affect.x, record.valence ?? .nan, mean.affect.y, record.arousal ?? .nan,
        ]
      }
    }
    return AudioReport(
      emotions: logits == nil ? nil : EmotionScore(labelled),
      affect: affect == nil ? nil : AffectReport(pairs), speakers: speakers,
      means: means.utterances, problems: problems)
  }
}

/// What a network says of utterances: means over the patches of each.
struct UtteranceMeans {
  /// Of one utterance.
  struct Mean: Equatable {
    var probabilities: [Double]
    var affect: SIMD2<Float>

    /// The first of the classes with the largest probability; nil without classes.
    var prediction: Int? { EmotionScore.prediction(by: probabilities) }
  }

  /// By the utterance's place in the list; nil where a patch of it could not be read.
  let utterances: [Mean?]

  /// - Parameters:
  ///   - outputs: of each patch whether it counts, the logits, and valence and arousal where there are
  ///     any; padding may follow.
  ///   - patches: in the order of the utterances.
  init(
    _ outputs: [Float], of patches: [SpeechPatch], classes: Int, hasAffect: Bool, utterances: Int
  ) {
    let width = 1 + classes + (hasAffect ? 2 : 0)
    var sums = [(probabilities: [Double], affect: SIMD2<Double>, count: Double)](
      repeating: (Array(repeating: 0, count: classes), .zero, 0), count: utterances)
    var isWhole = [Bool](repeating: true, count: utterances)
    for (index, patch) in patches.enumerated() {
      let row = outputs[(index * width)..<((index + 1) * width)]
      let utterance = Int(patch.utterance)
      guard row.first == 1 else {
        isWhole[utterance] = false
        continue
      }
      let logits = row.dropFirst().prefix(classes)
      for (label, value) in Self.probabilities(logits).enumerated() {
        sums[utterance].probabilities[label] += value
      }
      if hasAffect {
        let pair = Array(row.suffix(2)).map(Double.init)
        sums[utterance].affect += SIMD2(pair[0], pair[1])
      }
      sums[utterance].count += 1
    }
    self.utterances = zip(sums, isWhole).map { sum, isWhole in
      guard isWhole, sum.count > 0 else { return nil }
      let affect = sum.affect / sum.count
      return Mean(
        probabilities: sum.probabilities.map { $0 / sum.count },
        affect: SIMD2(Float(affect.x), Float(affect.y)))
    }
  }

  /// softmax(logits).
  private static func probabilities(_ logits: ArraySlice<Float>) -> [Double] {
    let largest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
