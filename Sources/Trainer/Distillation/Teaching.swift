import CounterRandom
import Datasets
import Digests
import Nets

/// What a student learns from its teacher, and on which faces beside the labelled ones.
struct Teaching {
  private let sections: DistillSections
  private let teacher: TeacherModel
  private let job: Job
  /// All faces without labels; nil for none.
  private let unlabeled: FaceManifest?
  /// What people should know about the teacher and the list.
  private let caveats: [String]
  private var labelledAnswers: TeacherOutputs?
  private var pseudoLabelled: PseudoLabelled?

  /// The faces without labels that are learned from.
  private struct PseudoLabelled {
    /// With the teacher's classes.
    var manifest: FaceManifest
    /// The teacher's outputs for them.
    var answers: TeacherOutputs
    /// Of each class.
    var counts: [Int]
    /// The faces of the whole list that could not be read.
    var problems: [SampleProblem]
  }

  /// Finds the teacher and reads the list. Collective.
  ///
  /// - Parameter validation: the faces that the student is measured by.
  /// - Throws: `TrainerError.agreed`, also where teacher and student do not fit each other.
  init<Configuration: FaceConfiguration>(
    _ sections: DistillSections, _ loaded: LoadedConfiguration<Configuration>,
    validation: FaceManifest, job: Job
  ) throws {
    self.sections = sections
    self.job = job
    let teacher = try job.agreement.together {
      let teacher = try TeacherModel(
        run: sections.distill.teacher, checkpoint: sections.distill.checkpoint)
      let mistakes = loaded.mistakes(ofTeacher: teacher)
      guard mistakes.isEmpty else { throw TrainerError.configuration(mistakes) }
      return teacher
    }
    let unlabeled = try sections.unlabeled.list.map { list in
      try job.agreement.manifestOfRankZero {
        try FaceManifest.unlabeled(
          path: list, root: sections.unlabeledRoot ?? "",
          onError: loaded.values.data.errorPolicy)
      }
    }
    self.teacher = teacher
    self.unlabeled = unlabeled
    let shared = try job.agreement.onRankZero { unlabeled?.countShared(with: validation) ?? 0 }
    caveats =
      teacher.caveats(asTeacherOf: loaded.values.network)
      + (shared > 0
        ? [
          "warning: \(shared) faces without labels are of \(validation.path): the student learns from "
            + "what it is measured by"
        ] : [])
  }

  // MARK: - What there is

  /// What is taught, in a few words.
  var summary: String {
    guard let found = pseudoLabelled, let unlabeled else { return "" }
    return ", \(found.manifest.records.count) of \(unlabeled.records.count) faces without labels"
  }

  /// Further lines for people.
  var remarks: [String] {
    let lines = ["taught by \(teacher.weights)"] + caveats
    guard let counts = pseudoLabelled?.counts else { return lines }
    let classes = zip(Expression.allCases, counts).map { "\($0) \($1)" }
    return lines + ["the teacher's classes: \(classes.joined(separator: ", "))"]
  }

  /// The list that was read.
  var lists: [FaceManifest] { unlabeled.map { [$0] } ?? [] }

  /// Adds what training depends on.
  func update(_ digest: SHA256) throws {
    try Array(teacher.digest.utf8).withUnsafeBytes { try digest.update($0) }
    try unlabeled?.forEachDecidingPiece { try digest.update($0) }
  }

  /// A digest of the faces that the training is made on, which depends on what could be read; nil before
  /// the teacher was asked.
  func choiceDigest() throws -> String? {
    guard labelledAnswers != nil || pseudoLabelled != nil else { return nil }
    let digest = try SHA256()
    if let answers = labelledAnswers {
      let unknown = (0..<answers.count).filter { answers[$0].first?.isNaN == true }
      try unknown.withUnsafeBytes { try digest.update($0) }
    }
    try pseudoLabelled?.manifest.forEachDecidingPiece { try digest.update($0) }
    return try digest.finish()
  }

  // MARK: - Before the training

  /// Asks the teacher about all faces whose answers are needed beforehand. Collective.
  ///
  /// - Returns: false when a stop was requested.
  mutating func prepare(
    _ configuration: some FaceConfiguration, labelled: FaceManifest, folder: RunFolder,
    console: Console, isStopRequested: () throws -> Bool
  ) throws -> Bool {
    let survey = TeacherSurvey(
      teacher: teacher, precision: configuration.precision, threads: configuration.threads,
      settings: settings(configuration, microBatch: configuration.batch.micro),
      folder: sections.distill.outputs ?? folder.teacherOutputs, job: job, console: console)
    if sections.distill.view == .whole {
      labelledAnswers = try survey.outputs(
        for: labelled, called: "labelled faces", isStopRequested: isStopRequested)
      guard labelledAnswers != nil else { return false }
    }
    guard let unlabeled else { return true }
    let outputs = try survey.outputs(
      for: unlabeled, called: "faces without labels", isStopRequested: isStopRequested)
    guard let outputs else { return false }
    pseudoLabelled = try job.agreement.together { try choose(from: unlabeled, outputs) }
    return true
  }

  /// The faces that the teacher is sure enough about.
  private func choose(
    from manifest: FaceManifest, _ outputs: TeacherOutputs
  ) throws -> PseudoLabelled {
    let section = sections.unlabeled
    let chosen = PseudoLabels(
      outputs, confidence: section.confidence, perClass: section.perClass)
    guard !chosen.faces.isEmpty else {
      throw DatasetError.setting(
        name: "unlabeled.confidence",
        reason: "the teacher is as sure as \(section.confidence) of none of the "
          + "\(outputs.count) faces of \(manifest.path)")
    }
    var answers = TeacherOutputs(layout: outputs.layout)
    for face in chosen.faces { answers.append(Array(outputs[Int(face)])) }
    return PseudoLabelled(
      manifest: manifest.selecting(chosen.faces, expressions: chosen.labels), answers: answers,
      counts: chosen.counts, problems: outputs.problems)
  }

  /// How the teacher sees faces.
  private func settings(
    _ configuration: some FaceConfiguration, microBatch: Int
  ) -> FaceInference.Settings {
    var settings = configuration.evaluationSettings
    settings.augmentation = configuration.data.augmentation(
      imageSize: teacher.network.backbone.imageSize)
    settings.microBatch = microBatch
    return settings
  }

  // MARK: - In the training

  /// The faces that the teacher could not be asked about, on rank 0, with their numbers among the samples
  /// of the run.
  ///
  /// - Parameter firstNumber: how many samples have a number before faces without labels.
  func problems(firstNumber: Int) -> [SampleProblem] {
    guard job.isRankZero else { return [] }
    // Those without labels are not learned from; their numbers come behind those that are.
    let next = firstNumber + (pseudoLabelled?.manifest.records.count ?? 0)
    return (labelledAnswers?.problems ?? [])
      + (pseudoLabelled?.problems ?? []).numbered(from: Int32(clamping: next))
  }

  /// The rows that the teacher teaches.
  func makeTaughtRows(_ plan: TrainingPlan, _ objective: FaceObjective) throws -> TaughtRows? {
    try objective.distillation.map {
      try TaughtRows(plan: plan, layout: teacher.layout, distillation: $0)
    }
  }

  /// What the teacher says about labelled faces.
  ///
  /// - Parameter requests: the student's.
  func makeLabelledAnswers(
    _ configuration: some FaceConfiguration, _ manifest: FaceManifest,
    requests: sending some Sequence<MicroBatchRequest>
  ) throws -> any TeacherAnswers {
    if let labelledAnswers { return StoredAnswers(labelledAnswers) }
    return try makeLiveAnswers(
      configuration, manifest, microBatch: configuration.facesPerMicroBatch, requests: requests,
      seed: configuration.seed)
  }

  /// The student's faces without labels, and what the teacher says about them; nil where there are
  /// none.
  ///
  /// - Parameter firstNumber: how many samples have a number already.
  func makeUnlabeled(
    _ configuration: some FaceConfiguration, _ plan: TrainingPlan, steps: Range<Int>,
    leaves: Range<Int>, firstNumber: Int
  ) throws -> (UnlabeledRows, any TeacherAnswers)? {
    guard let found = pseudoLabelled else { return nil }
    let objective = configuration.objective
    let epochs = try epochPlan(configuration, found.manifest)
    // Faces without labels have other random numbers than labelled faces of the same number.
    var generator = CounterRandom(seed: configuration.seed, purpose: .unlabeledFaces)
    let seed = generator.next()
    let loader = try configuration.makeTrainingLoader(
      found.manifest, requests: epochs.requests(steps: steps, leaves: leaves), seed: seed,
      microBatch: objective.unlabeled, plan: plan)
    let rows = try UnlabeledRows(
      plan: plan, rows: objective.faces..<(objective.faces + objective.unlabeled), loader: loader,
      firstNumber: firstNumber)
    guard sections.distill.view == .crop else { return (rows, StoredAnswers(found.answers)) }
    return (
      rows,
      try makeLiveAnswers(
        configuration, found.manifest, microBatch: objective.unlabeled,
        requests: epochs.requests(steps: steps, leaves: leaves), seed: seed)
    )
  }

  private func epochPlan(
    _ configuration: some FaceConfiguration, _ manifest: FaceManifest
  ) throws -> EpochPlan {
    let perMicroBatch = sections.unlabeled.perMicroBatch
    do {
      return try EpochPlan(
        classOfSample: manifest.classOfSample,
        globalBatch: perMicroBatch * configuration.batch.microBatches, microBatch: perMicroBatch,
        seed: configuration.seed,
        sampling: sections.unlabeled.balance == .sampling ? .balanced : .shuffled,
        shards: configuration.data.windows(of: manifest))
    } catch DatasetError.setting("batch.global", _) {
      throw DatasetError.setting(
        name: "unlabeled.per_micro_batch",
        reason:
          "\(perMicroBatch) in each of \(configuration.batch.microBatches) micro-batches exceed "
          + "the \(manifest.records.count) faces that are learned from")
    }
  }

  private func makeLiveAnswers(
    _ configuration: some FaceConfiguration, _ manifest: FaceManifest, microBatch: Int,
    requests: sending some Sequence<MicroBatchRequest>, seed: UInt64
  ) throws -> LiveAnswers {
    let inference = try FaceInference(
      network: teacher.network, precision: configuration.precision, weights: teacher.weights,
      settings: settings(configuration, microBatch: microBatch), job: job)
    try inference.refreshWeights()
    let data = configuration.data
    let loader = try BatchLoader(
      manifest: manifest,
      augmentation: data.augmentation(imageSize: teacher.network.backbone.imageSize).geometryOnly,
      mode: .training, requests: requests, seed: seed, microBatch: microBatch,
      workers: data.workers, queueDepth: data.queueBatches, format: inference.format,
      onError: data.errorPolicy.withoutLimit)
    return LiveAnswers(loader: loader, inference: inference, layout: teacher.layout)
  }
}
