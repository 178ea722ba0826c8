import Datasets
import Digests
import Foundation
import Logging
import Nets

/// The stage `audio`: emotions, and valence and arousal, learned from labelled speech by a network that
/// hears patches of log-mel energies.
public enum Audio {
  /// The configuration's keys with their meaning, for a help text.
  public static var keyTable: String { AudioConfiguration.keyTable }

  /// Runs the stage as one rank of `job`. Collective.
  ///
  /// - Returns: `.finished` or `.preempted`.
  /// - Throws: `TrainerError.agreed` for what all ranks know; anything else is this rank's own.
  public static func run(_ options: StageOptions, job: Job) throws -> ExitStatus {
    try StageRun<AudioStage>.run(options, job: job)
  }
}

/// What the stage trains, and on what.
private struct AudioStage: Stage {
  private let loaded: LoadedConfiguration<AudioConfiguration>
  private let job: Job
  private let manifest: SpeechManifest
  private let training: SpeechManifest
  private let validation: SpeechManifest
  private let patches: SpeechPatchList
  private let epochs: EpochPlan

  private var configuration: AudioConfiguration { loaded.values }

  static var samples: String { "utterances" }

  static func requireFiles(_ configuration: AudioConfiguration) throws {
    try configuration.data.requireFiles()
  }

  init(_ loaded: LoadedConfiguration<AudioConfiguration>, job: Job) throws {
    let data = loaded.values.data
    let manifest = try job.agreement.speechOfRankZero { try data.manifest() }
    let speakers = try job.agreement.together { try loaded.speakers(of: manifest) }
    func part(_ split: Split) throws -> SpeechManifest {
      try job.agreement.together {
        try manifest.part(split, by: speakers).requiringUtterances(of: split)
      }
    }
    let training = try part(.training)
    validation = try part(.validation)
    try job.agreement.together { try loaded.requireLabels(training) }
    epochs = try job.agreement.together { try loaded.epochPlan(for: training) }
    patches = try SpeechPatchList(
      validation, cut: data.patches(), onError: data.errorPolicy, job: job)
    self.manifest = manifest
    self.training = training
    self.loaded = loaded
    self.job = job
  }

  // MARK: - What there is

  var stepsPerEpoch: Int { epochs.stepsPerEpoch }
  var errorPolicy: ErrorPolicy { configuration.data.errorPolicy }
  var model: String { "\(configuration.model.name.rawValue) \(configuration.data.seconds) s" }
  var data: String {
    [(training, "training"), (validation, "validation")].map { part, name in
      let speakers = part.speakers.count
      return "\(part.records.count) \(name) utterances of \(speakers) "
        + (speakers == 1 ? "speaker" : "speakers")
    }.joined(separator: " and ")
  }
  var lists: [(path: String, problems: [RowProblem])] { [(manifest.path, manifest.problems)] }

  var remarks: [String] {
    var remarks: [String] = []
    let both = training.speakers.intersection(validation.speakers).sorted()
    if !both.isEmpty {
      remarks.append(
        "\(manifest.path): \(both.count) speakers are in training and validation, so that what is "
          + "measured is too good: \(both.prefix(5).joined(separator: ", "))")
    }
    remarks += untaught.map {
      "warning: no training utterance of \(manifest.path) has \($0 == "logits" ? "an emotion" : "valence, or none has arousal"): "
        + "predictions and exports leave it out"
    }
    if validation.speakers.count == 1 {
      remarks.append(
        "validation is of one speaker: what is measured tells little of others, and has no intervals"
      )
    }
    return remarks
  }

  var untaught: [String] {
    let (network, records) = (configuration.network, training.records)
    let lacksEmotion = network.classes != nil && records.allSatisfy { $0.emotion == nil }
    let lacksAffect =
      network.hasAffect
      && (records.allSatisfy { $0.valence == nil } || records.allSatisfy { $0.arousal == nil })
    return (lacksEmotion ? ["logits"] : []) + (lacksAffect ? ["affect"] : [])
  }

  func dataDigest(isSteered: Bool) throws -> String {
    let digest = try SHA256()
    for part in isSteered ? [training, validation] : [training] {
      try part.forEachDecidingPiece { try digest.update($0) }
    }
    return try digest.finish()
  }

  // MARK: - What is made of it

  func makeGraph() throws -> Graph {
    try configuration.network.graph(trainedBy: configuration.objective)
  }

  func loadInitialWeights(into parameters: ParameterStore) throws -> String? {
    try loaded.loadInitialWeights(
      configuration.model.weights, into: parameters, heads: configuration.network.heads,
      summingChannelsOf: configuration.network.imageConvolution)
  }

  func makeTask(
    _ plan: TrainingPlan, steps: Range<Int>, leaves: Range<Int>, evaluated: ParameterStore,
    logger: Logger
  ) throws -> any TrainingTask {
    let data = configuration.data
    let loader = try BatchLoader(
      manifest: training, cut: data.patches(), augmentation: data.augmentation.changes,
      mode: .training, requests: epochs.requests(steps: steps, leaves: leaves),
      seed: configuration.seed, microBatch: configuration.batch.micro, workers: data.workers,
      queueDepth: data.queueBatches,
      format: SampleFormat(try plan.pixels(input: "patches").format),
      mixing: data.augmentation.mixing, onError: data.errorPolicy.withoutLimit)
    let balanced =
      data.balance == .loss
      ? training.classWeights : Array(repeating: 1, count: VocalEmotion.allCases.count)
    let speech = try LabelledRows(
      plan: plan, input: "patches", rows: plan.microBatch, known: training.records,
      hasAffect: configuration.network.hasAffect,
      classWeights: configuration.network.classes == nil ? nil : balanced,
      mixed: configuration.objective.mixed, epochs: epochs, steps: steps, leaves: leaves,
      loader: loader)
    let cut = try data.patches()
    return AudioTask(
      plan: plan, speech: speech,
      evaluator: try SpeechEvaluator(
        validation, patches, network: configuration.network, precision: configuration.precision,
        parameters: evaluated, settings: configuration.evaluationSettings(), job: job),
      gallery: configuration.logging.images
        ? SpeechGallery(validation, patches: patches.patches, cut: cut) : nil,
      preview: SpeechPreview(
        speech: training, epochs: epochs, cut: cut, augmentation: data.augmentation.changes,
        mixing: data.augmentation.mixing, seed: configuration.seed),
      logger: logger)
  }
}

extension LoadedConfiguration<AudioConfiguration> {
  /// Refuses a training whose losses have nothing to learn from.
  ///
  /// - Throws: `TrainerError.configuration`.
  fileprivate func requireLabels(_ training: SpeechManifest) throws {
    let loss = values.loss
    let hasLabel = training.records.contains { record in
      loss.emotion > 0 && record.emotion != nil
        || loss.hasAffect && (record.valence != nil || record.arousal != nil)
    }
    guard !hasLabel else { return }
    let (key, label) =
      loss.emotion > 0
      ? ("loss.emotion", "emotion")
      : (
        loss.concordance > 0 ? "loss.concordance" : "loss.squared_error",
        "valence, or none has arousal"
      )
    throw TrainerError.configuration([
      mistake(key, "no training utterance of \(training.path) has \(label): nothing to learn from")
    ])
  }
}

/// What the stage learns from: micro-batches of utterances, and their evaluation.
private final class AudioTask: TrainingTask {
  private let plan: TrainingPlan
  private let speech: LabelledRows
  private let evaluator: SpeechEvaluator
  private let gallery: SpeechGallery?
  private let preview: SpeechPreview
  private var log: SampleLog

  /// - Parameter gallery: picks utterances to look at; nil where none are to be seen.
  init(
    plan: TrainingPlan, speech: LabelledRows, evaluator: SpeechEvaluator, gallery: SpeechGallery?,
    preview: SpeechPreview, logger: Logger
  ) {
    self.plan = plan
    self.speech = speech
    self.evaluator = evaluator
    self.gallery = gallery
    self.preview = preview
    log = SampleLog(logger)
  }

  var waitedSeconds: Double { speech.loader.waitedSeconds }
  var hasNewProblems: Bool { speech.loader.hasNewProblems }

  func takeProblems() -> [SampleProblem] {
    let problems = speech.loader.takeProblems()
    log.tellSkipped(problems)
    return problems
  }

  func fillNextMicroBatch(ofStep step: Int) throws { _ = try speech.fill() }

  var lastSamples: [String] { speech.loader.lastSamples }

  func evaluate(isStopRequested: () throws -> Bool) throws -> Evaluation? {
    guard let report = try evaluator.evaluate(isStopRequested: isStopRequested) else { return nil }
    log.tellLeftOut(report.problems)
    return Evaluation(
      hasFiniteOutputs: report.isFinite,
      values: report.values + [("rows_left_out", .integer(evaluator.rowsLeftOut))],
      summary: report.summary,
      content: { [gallery] in
        report.content(pictures: try gallery?.pictures(of: report.means) ?? [])
      })
  }

  func picture(ofStep step: Int) throws -> JPEGPicture? {
    try preview.images(ofStep: step)?.sheet()
  }
}

extension [SpeechRecord]: SampleLabels {
  func classIndex(at index: Int) -> Int? { self[index].emotion?.rawValue }

  func affect(at index: Int) -> SIMD2<Float> {
    SIMD2(self[index].valence ?? .nan, self[index].arousal ?? .nan)
  }
}
