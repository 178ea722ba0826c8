import Datasets
import Nets

extension FusionJoin: ConfigurationChoice {}
extension RecurrentCell: ConfigurationChoice {}

/// The configuration of `aver-train fusion`.
struct FusionConfiguration: StageConfiguration {
  var common = CommonSections(stage: .fusion)
  /// Which extractors.
  var fusion = FusionSection()
  /// How their features are made and kept.
  var features = FeaturesSection()
  /// Where faces are.
  var faces = FacesSection()
  /// What is trained.
  var model = FusionModelSection()
  /// On which recordings.
  var data = FusionDataSection()
  /// How recordings are cut.
  var window = WindowSection()
  /// By how much annotations are late.
  var delay = AnnotationDelay()
  /// What for.
  var loss = AffectLossSection(concordance: 1)
  /// What predictions undergo.
  var postProcessing = PostProcessingSection()

  /// The defaults.
  init() {}

  static var keys: [ConfigurationKey<Self>] {
    generalKeys + section("fusion", \.fusion) + section("features", \.features)
      + section("faces", \.faces) + section("model", \.model) + section("data", \.data)
      + section("window", \.window) + [
        ConfigurationKey(
          "delay_seconds", \.delay,
          "How much later than what they are about annotations are: of both dimensions, or "
            + "[valence, arousal].",
          must: Requirement(words: "from 0 to 60 seconds") { $0.isPossible })
      ] + section("loss", \.loss) + section("postprocessing", \.postProcessing) + trainingKeys
  }

  static var evaluationKeys: [String] {
    section("postprocessing", \.postProcessing).map(\.path)
  }

  static func contradictions(in loaded: LoadedConfiguration<Self>) -> [ConfigurationMistake] {
    loaded.runMistakes()
      + [
        loaded.windowMistake(), loaded.dropoutMistake(), loaded.tuningMistake(),
        loaded.lossMistake(),
      ].compactMap { $0 }
  }

  var metrics: [EvaluationMetric] { FusionReport.metrics }

  /// Beside extractors that learn, all that is new is a head; else the network as a whole learns at one
  /// rate.
  var heads: [String] {
    fusion.fineTune == .none
      ? []
      : Modality.allCases.flatMap { ["\($0).linear", "\($0).norm"] } + [
        "gate", "recurrent", "head",
      ]
  }

  /// The network as Nets takes it, of features of these widths; each has a last one that says whether
  /// the frame has any.
  func network(widths: [Modality: Int], tuned: TunedExtractors) -> FusionDescription {
    FusionDescription(
      visualFeatures: widths[.visual].map { $0 + 1 }, audioFeatures: widths[.audio].map { $0 + 1 },
      visualBackbone: tuned.visual?.network.backbone, audioBackbone: tuned.audio?.network,
      frames: window.frames, width: model.width, join: model.join, dropout: Float(model.dropout),
      recurrent: RecurrentDescription(
        cell: model.name, hidden: model.hidden, layers: model.layers,
        isBidirectional: model.bidirectional, dropout: Float(model.recurrentDropout)),
      isBounded: model.bounded)
  }
}

extension LoadedConfiguration<FusionConfiguration> {
  /// A modality that is used needs a run, one that is not is better not named: nobody would notice.
  fileprivate func runMistakes() -> [ConfigurationMistake] {
    Modality.allCases.compactMap { modality in
      guard values.fusion.modalities.all.contains(modality), values.fusion.run(of: modality) == nil
      else { return nil }
      return mistake(
        "fusion.\(modality.rawValue)",
        "names no run folder, and fusion.modalities is \(values.fusion.modalities.rawValue)")
    }
  }

  fileprivate func windowMistake() -> ConfigurationMistake? {
    guard values.window.overlap >= values.window.frames else { return nil }
    return mistake(
      "window.overlap",
      "windows of \(values.window.frames) frames cannot overlap by \(values.window.overlap)")
  }

  fileprivate func dropoutMistake() -> ConfigurationMistake? {
    guard values.fusion.modalityDropout > 0, values.fusion.modalities != .both else { return nil }
    return mistake(
      "fusion.modality_dropout",
      "a network of the \(values.fusion.modalities.rawValue) modality alone has none to drop")
  }

  fileprivate func tuningMistake() -> ConfigurationMistake? {
    let (tuned, used) = (values.fusion.fineTune, values.fusion.modalities)
    guard let unused = tuned.all.first(where: { !used.all.contains($0) }) else { return nil }
    return mistake(
      "fusion.fine_tune",
      "\(tuned.rawValue) names the \(unused) extractor, and fusion.modalities is \(used.rawValue)")
  }

  fileprivate func lossMistake() -> ConfigurationMistake? {
    guard !values.loss.hasAffect else { return nil }
    return mistake("loss.concordance", "is 0, and so is loss.squared_error: nothing to train for")
  }
}
