import Datasets
import Foundation
import Nets

/// The configuration of `aver-train distill`.
struct DistillConfiguration: FaceConfiguration {
  var common = CommonSections(stage: .distill)
  var model = ModelSection()
  var data = DataSection()
  var triplets = TripletSection()
  var loss = LossSection()
  /// What the teacher teaches.
  var distill = DistillSection()
  /// On which faces beside the labelled ones.
  var unlabeled = UnlabeledSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    generalKeys + section("distill", \.distill) + section("unlabeled", \.unlabeled) + faceKeys
      + trainingKeys
  }

  /// The architecture is the teacher's where the configuration does not say.
  static func complete(_ loaded: inout LoadedConfiguration<Self>) {
    let hasName = loaded.origins["model.name"] != nil
    let hasSize = loaded.origins["model.image_size"] != nil
    // A teacher that is not there is refused when its files are looked for.
    guard !hasName || !hasSize,
      let teacher = try? RunFolder(path: loaded.values.distill.teacher).faceModel()
    else { return }
    if !hasName { loaded.values.model.name = teacher.name }
    if !hasSize { loaded.values.model.imageSize = teacher.imageSize }
  }

  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake] {
    loaded.faceMistakes()
      + [loaded.emptyTeachingMistake(), loaded.unlabeledMistake()].compactMap { $0 }
  }

  /// The best model of a generation that is followed by another decides that one's weights.
  var isSteered: Bool { common.isSteered || distill.isFollowed }

  var distillation: DistillSections? { DistillSections(distill: distill, unlabeled: unlabeled) }
  var unlabeledPerMicroBatch: Int { unlabeled.perMicroBatch }
  var hasAffect: Bool { loss.hasAffect || distill.affect > 0 }
  var hasEmbedding: Bool { triplets.root != nil || distill.embedding > 0 }

  var objective: FaceObjective {
    var objective = labelledObjective
    objective.unlabeled = unlabeled.perMicroBatch
    objective.distillation = FaceDistillation(
      classes: Float(distill.classes), temperature: Float(distill.temperature),
      affect: Float(distill.affect), embedding: Float(distill.embedding))
    return objective
  }
}

/// The sections about a teacher, of a configuration that has them.
struct DistillSections {
  let distill: DistillSection
  let unlabeled: UnlabeledSection

  /// The folder that relative paths of the list of faces without labels start from.
  var unlabeledRoot: String? {
    unlabeled.root ?? unlabeled.list.map(DurableFiles.parent)
  }

  /// - Throws: `TrainerError.missingData` naming the key of what is not there.
  func requireFiles() throws {
    let run = RunFolder(path: distill.teacher)
    guard DurableFiles.exists(run.configuration) else {
      throw TrainerError.missingData(path: run.configuration, key: "distill.teacher")
    }
    if let list = unlabeled.list, !FaceManifest.listExists(path: list) {
      throw TrainerError.missingData(path: list, key: "unlabeled.list")
    }
  }
}

extension LoadedConfiguration<DistillConfiguration> {
  fileprivate func emptyTeachingMistake() -> ConfigurationMistake? {
    let distill = values.distill
    guard distill.classes == 0, distill.affect == 0, distill.embedding == 0 else { return nil }
    return mistake(
      "distill.classes",
      "is 0, as distill.affect and distill.embedding are: the teacher would teach nothing")
  }

  fileprivate func unlabeledMistake() -> ConfigurationMistake? {
    switch (values.unlabeled.list, values.unlabeled.perMicroBatch) {
    case (nil, 1...):
      mistake("unlabeled.per_micro_batch", "needs unlabeled.list, the faces without labels")
    case (.some, 0):
      mistake(
        "unlabeled.per_micro_batch", "is 0: none of the faces of unlabeled.list would be seen")
    default: nil
    }
  }
}
