import Trainer

/// What a run folder has in it: a model that sees faces, hears voices, or does both over time.
///
///     switch try TrainedModel(run: "runs/student") {
///     case .face(let model): print(try model.predict(Picture(contentsOf: "photo.jpg")))
///     case .voice(let model): print(try model.predict(samples: samples))
///     case .affect(let model): print(try model.predict(film: "talk.mp4").moments)
///     }
///
/// Models may be used by several threads at the same time, which then take turns; who wants them to compute side
/// by side loads as many models. What a model says is a function of its input, the weights and the kernels: the
/// same on any thread and beside whatever else is asked.
public enum TrainedModel: Sendable {
  /// Of the stages teacher and distill.
  case face(FaceModel)
  /// Of the stage audio.
  case voice(VoiceModel)
  /// Of the stage fusion.
  case affect(AffectModel)

  /// Loads a run's model.
  ///
  /// - Throws: an error whose description names the file and the fix.
  public init(run: String, options: InferenceOptions = InferenceOptions()) throws {
    try self.init(try TrainedRun(run, options), options)
  }

  /// The model of a run that was read with the same options.
  package init(_ trained: TrainedRun, _ options: InferenceOptions) throws {
    switch trained.content {
    case .faces(let settings):
      self = .face(try FaceModel(settings, of: trained, options))
    case .voices(let settings): self = .voice(try VoiceModel(settings, of: trained))
    case .fusion(let fusion):
      self = .affect(try AffectModel(fusion, threads: trained.threads, options))
    }
  }

  /// Whether valence and arousal are predicted: the run has learned them, and had labels to do so.
  public var predictsAffect: Bool {
    switch self {
    case .face(let model): model.predictsAffect
    case .voice(let model): model.predictsAffect
    case .affect: true
    }
  }

  /// What the model tells apart, in the order of `Estimate.probabilities`; empty for none.
  public var classes: [String] {
    switch self {
    case .face(let model): model.classes
    case .voice(let model): model.classes
    case .affect(let model): model.classes
    }
  }
}

extension TrainedRun {
  /// Reads a run as options say.
  ///
  /// - Throws: what a model's initialiser does.
  package init(_ run: String, _ options: InferenceOptions) throws {
    try options.validate()
    try self.init(run, options.choice)
  }
}

/// How far the work on a file is, 0 to 1, every so often.
public typealias InferenceProgress = (_ part: Double) -> Void
