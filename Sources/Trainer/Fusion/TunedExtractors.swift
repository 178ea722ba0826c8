import Nets

/// The names of `fusion.fine_tune`.
enum FineTuning: String, Sendable, ConfigurationChoice {
  /// Extractors stay as they are.
  case none
  /// The visual one learns.
  case visual
  /// The audio one learns.
  case audio
  /// Both learn.
  case both

  /// Those that learn.
  var all: [Modality] {
    switch self {
    case .none: []
    case .visual: [.visual]
    case .audio: [.audio]
    case .both: Modality.allCases
    }
  }
}

/// The extractors that learn together with the network over time, as their runs left them.
struct TunedExtractors: Equatable, Sendable {
  /// nil where its features are given.
  var visual: FilmExtractor.Settings?
  /// nil where its features are given.
  var audio: SoundExtractor.Settings?

  /// All features are given.
  static let none = TunedExtractors()

  /// Whether the extractor of a modality learns.
  func contains(_ modality: Modality) -> Bool { weights(of: modality) != nil }

  /// Features that each gives.
  func widths() throws -> [Modality: Int] {
    var widths: [Modality: Int] = [:]
    widths[.visual] = try visual?.network.backbone.name.featureCount()
    widths[.audio] = try audio?.network.backbone.featureCount()
    return widths
  }

  /// What is tuned, for people: `visual resnet18`.
  var summary: [String] {
    [
      visual.map { "visual \($0.network.backbone.name)" },
      audio.map { "audio \($0.network.backbone)" },
    ]
    .compactMap { $0 }
  }

  private func weights(of modality: Modality) -> String? {
    modality == .visual ? visual?.weights : audio?.weights
  }

  private func graph(of modality: Modality) throws -> Graph? {
    try modality == .visual ? visual?.network.graph() : audio?.network.graph()
  }

  /// Replaces the initial weights and statistics of backbones by those of their runs.
  ///
  /// - Returns: the files; empty where there are no backbones.
  /// - Throws: `WeightsError`, `NetsError` naming the file and the tensor.
  func loadWeights(into parameters: ParameterStore) throws -> [String] {
    try Modality.allCases.compactMap { modality in
      guard let weights = weights(of: modality), let graph = try graph(of: modality) else {
        return nil
      }
      let extractor = try ModelSnapshot.parameters(weights, of: graph)
      let prefix = "\(modality.rawValue).backbone."
      let loaded = Dictionary(
        uniqueKeysWithValues: try extractor.modelTensors().map { (prefix + $0.name, $0) })
      try parameters.loadModel(
        parameters.modelTensors().map { own in
          loaded[own.name].map { $0.renamed(own.name) } ?? own
        }, file: weights)
      return weights
    }
  }
}
