import Nets

extension RunExport {
  /// A run that trained a fusion network; the extractors whose features it reads come with it.
  func fusion() throws -> ExportedModel {
    let loaded = try FusionConfiguration.load(file: folder.configuration)
    let configuration = loaded.values
    if includesLogMel, !configuration.fusion.modalities.all.contains(.audio) {
      throw TrainerError.usage("--log-mel: \(run) is a run that does not hear; leave it out")
    }
    let extractors = try FusionExtractors(loaded)
    let standardisation = try finiteStandardisation(configuration)
    let weights = try folder.weights(named: checkpoint)
    let network = configuration.network(widths: standardisation.widths, tuned: extractors.tuned)
    let graph = try network.standardisingNetwork().graph
    let parameters = try ModelSnapshot.parameters(weights, of: graph)
    let step = try step(of: weights)
    let parts = try FusionParts(
      graph: graph, parameters: parameters, standardisation: standardisation,
      extractors: extractors)
    return ExportedModel(
      weights: weights, files: folder.files(ofModel: weights) + extractors.files,
      networks: try parts.networks(includesLogMel: includesLogMel),
      weightFiles: try parts.weightFiles(),
      description: try description(configuration, extractors, weights: weights, step: step),
      facts: try facts(
        configuration, weights: weights, step: step,
        data: [("Recordings", configuration.data.root.lastName)],
        split: "the development recordings, end to end"))
  }

  private func finiteStandardisation(
    _ configuration: FusionConfiguration
  ) throws -> Standardisation {
    let file = folder.standardisation
    let standardisation = try Standardisation(
      path: file, modalities: configuration.fusion.modalities.all)
    for (modality, scale) in standardisation.scales {
      guard scale.mean.count == scale.factor.count,
        (scale.mean + scale.factor).allSatisfy(\.isFinite)
      else {
        throw TrainerError.featuresBroken(
          file: file,
          reason: "\(modality.rawValue): mean and factor are not as many finite numbers; bring the "
            + "file back, or train again")
      }
    }
    return standardisation
  }

  private func description(
    _ configuration: FusionConfiguration, _ extractors: FusionExtractors, weights: String,
    step: Int?
  ) throws -> ExportDescription {
    ExportDescription(
      stage: configuration.stage.rawValue, step: step,
      architecture: configuration.model.name.rawValue,
      visual: try extractors.film.map {
        try VisualInput($0.network.backbone.name, $0.augmentation, boxMargin: $0.boxMargin)
      },
      audio: try extractors.sound.map { try AudioInput($0.network, ofFrames: true) },
      outputs: Outputs(
        affect: ["valence", "arousal"],
        text: "predictions: valence and arousal of every frame, for the time that fusion tells"),
      fusion: FusionUse(
        modalities: configuration.fusion.modalities.all.map(\.rawValue),
        tunedBackbones: configuration.fusion.fineTune.all.map(\.rawValue),
        windowFrames: configuration.window.frames, windowOverlap: configuration.window.overlap,
        delayFrames: configuration.delay.frames, isBounded: configuration.model.bounded,
        postProcessing: try folder.postProcessing(ofWeights: weights, step: step)))
  }
}

/// A fusion network and the extractors before it, as the files of an export.
private struct FusionParts {
  let graph: Graph
  let parameters: ParameterStore
  let standardisation: Standardisation
  /// Each with its weights as they are now: where a backbone has learned on, those of the fusion run.
  let extractors: [(modality: Modality, parts: ExportedParts, frames: Int)]

  init(
    graph: Graph, parameters: ParameterStore, standardisation: Standardisation,
    extractors: FusionExtractors
  ) throws {
    self.graph = graph
    self.parameters = parameters
    self.standardisation = standardisation
    var found: [(modality: Modality, parts: ExportedParts, frames: Int)] = []
    if let film = extractors.film {
      let graph = try film.network.graph(hasFeatures: true)
      found.append((.visual, try Self.extractor(.visual, graph, film.weights, parameters), 0))
    }
    if let sound = extractors.sound {
      let graph = try sound.network.graph()
      found.append(
        (
          .audio, try Self.extractor(.audio, graph, sound.weights, parameters),
          sound.network.frames
        ))
    }
    self.extractors = found
  }

  private static func extractor(
    _ modality: Modality, _ graph: Graph, _ weights: String, _ fusion: ParameterStore
  ) throws -> ExportedParts {
    let own = try ModelSnapshot.parameters(weights, of: graph)
    let prefix = "\(modality.rawValue).backbone."
    let tuned = Dictionary(
      uniqueKeysWithValues: fusion.modelSources().filter { $0.description.name.hasPrefix(prefix) }
        .map { (String($0.description.name.dropFirst(prefix.count)), $0) })
    if !tuned.isEmpty {
      try own.loadModel(
        own.modelSources().map { source in
          let name = source.description.name
          return try (tuned[name] ?? source).tensor().renamed(name)
        }, file: weights)
    }
    return ExportedParts(
      graph: graph, parameters: own, input: modality == .visual ? "images" : "patches",
      heads: Heads(names: [], parameters: []))
  }

  /// The network over time, and an extractor for each modality.
  func networks(includesLogMel: Bool) throws -> [ExportedModel.Network] {
    var export = ONNXExport(graph: graph, parameters: parameters, name: "model")
    export.constants = try constants()
    export.sequences = ["predictions"]
    for modality in Modality.allCases {
      export.sequences.formUnion(
        ["features", "images", "patches", "presence"].map { "\(modality.rawValue).\($0)" })
      export.documentation["\(modality.rawValue).presence"] =
        "1 where a frame has a \(modality == .visual ? "face" : "sound"), 0 where not"
      export.documentation["\(modality.rawValue).features"] =
        "what the \(modality.rawValue) extractor gives, as it is"
    }
    export.documentation["lengths"] = "frames of each sequence"
    export.documentation["predictions"] = "valence and arousal of each frame"
    let model = ExportedModel.Network(
      holds: "what is perceived of each frame to valence and arousal of each frame",
      export: export)
    return try [model]
      + extractors.flatMap { modality, parts, frames in
        try parts.networks(includesLogMel: includesLogMel && modality == .audio, frames: frames)
          .filter { $0.export.name.hasPrefix("extractor") }.map { network in
            var network = network
            network.export.name = "\(modality.rawValue)-\(network.export.name)"
            return network
          }
      }
  }

  /// What features are standardised by, as the network's inputs have it.
  private func constants() throws -> [String: Tensor] {
    var constants: [String: Tensor] = [:]
    for (modality, scale) in standardisation.scales {
      for (name, values) in [("mean", scale.mean), ("factor", scale.factor)] {
        let key = "\(modality.rawValue).\(name)"
        constants[key] = try Tensor(name: key, shape: [values.count], floats: values)
      }
    }
    return constants
  }

  /// The network's weights, what features are standardised by, and the backbones by their own names.
  func weightFiles() throws -> [ExportedModel.WeightFile] {
    let constants = try constants().sorted { $0.key < $1.key }.map { TensorSource($0.value) }
    let backbones = try extractors.map { modality, parts, _ in
      let graph = try parts.graph.section(to: ["features"])
      let names = graph.tensorNames
      return ExportedModel.WeightFile(
        name: "\(modality.rawValue)-extractor", holds: "the \(modality.rawValue) backbone",
        tensors: parts.parameters.modelSources().filter { names.contains($0.description.name) })
    }
    return [
      ExportedModel.WeightFile(
        name: "model", holds: "the network over time, by PyTorch's names",
        tensors: parameters.modelSources()),
      ExportedModel.WeightFile(
        name: "standardisation", holds: "(features - mean) * factor, for each modality",
        tensors: constants),
    ] + backbones
  }
}
