import Digests
import Nets

/// A trained face network that teaches another.
struct TeacherModel {
  /// The safetensors file.
  let weights: String
  /// The file's SHA-256.
  let digest: String
  /// What the file holds.
  let network: FaceNetwork
  /// Outputs that it had no labels for.
  let untaught: Set<String>
  /// How it wants its faces.
  let alignment: FacePlacement
  /// How far its run has come; nil for one that was brought to its end.
  let progress: String?

  /// Finds the model of a run.
  ///
  /// - Parameters:
  ///   - run: the folder of a run of the stage teacher or distill.
  ///   - checkpoint: which model, see `RunFolder.weights(named:)`.
  /// - Throws: `TrainerError` where the run has no such model or is of another stage.
  init(run: String, checkpoint: String) throws {
    let folder = RunFolder(path: run)
    let configuration = try folder.faceConfiguration()
    weights = try folder.weights(named: checkpoint)
    digest = try SHA256.digest(ofFile: weights).digest
    untaught = try ModelSnapshot.untaught(ofModel: weights)
    network = configuration.network
    alignment = configuration.data.alignment
    progress = folder.progress(of: configuration.train)
  }

  /// Where in a face's row each of the outputs is.
  var layout: TeacherOutputLayout {
    TeacherOutputLayout(
      classes: network.backbone.classes, hasAffect: network.hasAffect,
      embedding: network.embedding?.dimensions ?? 0)
  }
}

extension RunFolder {
  /// The resolved configuration of a run that trained a face network.
  ///
  /// - Throws: `TrainerError.usage` for a run of another stage.
  func faceConfiguration() throws -> any FaceConfiguration {
    let stage = try stage()
    switch stage {
    case .teacher: return try TeacherConfiguration.load(file: configuration).values
    case .distill: return try DistillConfiguration.load(file: configuration).values
    case .audio, .fusion:
      throw TrainerError.usage(
        "\(path): a run of the stage \(stage.rawValue), which sees no faces; name one of teacher or "
          + "distill")
    }
  }
}

extension RunFolder {
  /// The model of a run that trained a face network, as its resolved configuration says it.
  ///
  /// - Throws: `TrainerError`, also for a run of another stage.
  func faceModel() throws -> ModelSection {
    // Read as it is: what a file leaves open is not looked for in the run that it names in turn.
    try stage() == .distill
      ? ConfigurationReader<DistillConfiguration>.load(file: configuration, overrides: []).values
        .model
      : ConfigurationReader<TeacherConfiguration>.load(file: configuration, overrides: []).values
        .model
  }

  /// How far a run has come, in a few words: `step 40 of 200`; nil for one that was brought to its end.
  fileprivate func progress(of train: TrainSection) -> String? {
    guard !DurableFiles.exists(finalModel) else { return nil }
    // What stands in the way is told where the checkpoint is needed.
    let newest = (try? CheckpointStore(folder: checkpoints).paths)?.last
    guard let state = newest.flatMap({ try? CheckpointStore.loadWithoutVerifying($0).state }),
      state.epoch > 0
    else { return "no checkpoint yet" }
    let all = Double(train.epochs) * Double(state.step) / state.epoch
    return "step \(state.step) of \(min(Int(all.rounded()), train.maximumSteps ?? .max))"
  }
}

/// Where in a row of numbers a teacher's outputs for one face are.
struct TeacherOutputLayout: Equatable {
  /// Logits, from 0 on.
  let classes: Int
  /// Whether valence and arousal follow.
  let hasAffect: Bool
  /// The length of the embedding, which comes last.
  let embedding: Int

  /// Numbers of a face.
  var width: Int { embeddingStart + embedding }
  /// Where valence is.
  var affectStart: Int { classes }
  /// Where the embedding begins.
  var embeddingStart: Int { classes + (hasAffect ? 2 : 0) }
}
