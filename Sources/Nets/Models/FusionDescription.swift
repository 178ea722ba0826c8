/// How the fusion network joins what it made of each modality.
public enum FusionJoin: String, CaseIterable, Sendable, Codable {
  /// Beside each other: twice the width.
  case concatenation
  /// audio + g · (visual − audio) with a gate g = sigmoid(linear of both), element by element.
  /// Source: J. Arevalo et al., "Gated multimodal units for information fusion", 2017.
  case gatedSum
}

/// The network that predicts valence and arousal over time from the features of two modalities, or of
/// one alone.
///
/// Each modality passes through its own layers (linear, layer normalisation, nonlinearity), the two
/// are joined, a recurrent network runs over time, and a linear layer predicts both dimensions of
/// every frame. A single modality goes from its own layers straight into the recurrent network.
///
/// A modality that has its extractor's backbone in the network sees images, or hears patches, instead of
/// features. The backbone computes as in evaluation, by its stored statistics and without dropping
/// anything, since the frames of a batch are of a few people; its other weights learn.
///
/// - Parameters: `visual.linear`, `visual.norm`, `audio.linear` and `audio.norm` (`.weight` and
///   `.bias` each), `gate.weight` and `gate.bias` with a gated sum of both, `recurrent.weight_ih_l0` …
///   as PyTorch names them, `head.weight` and `head.bias`; those of a backbone below
///   `visual.backbone` or `audio.backbone`.
/// - Source: model-level fusion of L. Schoneveld, A. Othmani and H. Abdelkawy, "Leveraging recent
///   advances in deep learning for audio-visual emotion recognition", 2021.
public struct FusionDescription: Sendable, Equatable {
  /// Features of a frame that the visual extractor gives; nil for a network that does not see. With a
  /// backbone the last of them says whether there is a face.
  public var visualFeatures: Int?
  /// Features of a frame that the audio extractor gives; nil for a network that does not hear. With a
  /// backbone the last of them says whether there is sound.
  public var audioFeatures: Int?
  /// The backbone that is a part of the network; nil where features are given.
  public var visualBackbone: ModelDescription?
  /// The backbone that is a part of the network; nil where features are given.
  public var audioBackbone: AudioNetwork?
  /// Frames of the longest sequence, T.
  public var frames: Int
  /// Features of each modality after its own layers.
  public var width: Int
  /// The nonlinearity of those layers.
  public var activation: ActivationFunction
  /// How the modalities are joined.
  public var join: FusionJoin
  /// Probability with which, in training, an element of the joined modalities is dropped.
  public var dropout: Float
  /// The network over time, with its own dropout between layers.
  public var recurrent: RecurrentDescription
  /// Whether the predictions pass through tanh, which keeps them in (−1, 1).
  public var isBounded: Bool

  /// A fusion network of these sizes.
  public init(
    visualFeatures: Int?, audioFeatures: Int?, visualBackbone: ModelDescription? = nil,
    audioBackbone: AudioNetwork? = nil, frames: Int, width: Int,
    activation: ActivationFunction = .relu, join: FusionJoin = .concatenation,
    dropout: Float = 0, recurrent: RecurrentDescription, isBounded: Bool = false
  ) {
    self.visualFeatures = visualFeatures
    self.audioFeatures = audioFeatures
    self.visualBackbone = visualBackbone
    self.audioBackbone = audioBackbone
    self.frames = frames
    self.width = width
    self.activation = activation
    self.join = join
    self.dropout = dropout
    self.recurrent = recurrent
    self.isBounded = isBounded
  }

  /// The network without losses.
  ///
  /// Inputs: `visual` `[T, visualFeatures]` and `audio` `[T, audioFeatures]`, floats, each where the
  /// network has the modality; `lengths`, integers, the valid frames of each sequence. Output:
  /// `predictions`.
  ///
  /// With a backbone there are, in place of `visual` or `audio`, `visual.images` `[3, size, size]` or
  /// `audio.patches` `[1, frames, bands]`, T rows a sample; `….presence` `[T]`, floats, 0 where there is
  /// no face or no sound; `….mean` and `….factor`, floats, a row `[F]` for all samples, which
  /// standardise the backbone's F features.
  ///
  /// - Throws: `NetsError.shape` where there is no modality, a size is not positive, a probability
  ///   not in [0, 1), or a backbone has other features.
  public func network() throws -> FusionNetwork {
    try network(visual: visualTrunk, audio: audioTrunk)
  }

  private var visualTrunk: Trunk? {
    visualBackbone.map { backbone in
      Trunk(name: "images", shape: [3, backbone.imageSize, backbone.imageSize]) {
        try backbone.name.features(of: $0, in: &$1, prefix: $2)
      }
    }
  }

  private var audioTrunk: Trunk? {
    audioBackbone.map { network in
      Trunk(name: "patches", shape: [1, network.frames, network.bands]) {
        try network.backbone.features(of: $0, in: &$1, prefix: $2)
      }
    }
  }

  /// The network without losses, as it is used outside of a training: whatever is given of a modality is
  /// standardised within.
  ///
  /// Inputs: as of `network()` where a modality has its backbone in the network; else, in place of `visual`
  /// and `audio`, `….features` `[T, F]`, F being one less than the description's, and `….presence`,
  /// `….mean` and `….factor` as with a backbone.
  ///
  /// - Throws: as `network()`.
  public func standardisingNetwork() throws -> FusionNetwork {
    try network(
      visual: visualTrunk ?? givenFeatures(visualFeatures),
      audio: audioTrunk ?? givenFeatures(audioFeatures))
  }

  /// Features that are there already, of a frame.
  private func givenFeatures(_ count: Int?) -> Trunk? {
    count.map { count in
      Trunk(name: "features", shape: [count - 1], isSequence: true) { input, _, _ in input }
    }
  }

  /// A backbone of any kind, and what it reads of each frame.
  struct Trunk {
    /// The input's name.
    var name: String
    /// The input's shape.
    var shape: [Int]
    /// Whether the input is a row for all frames of a sample, whose features are what is standardised.
    var isSequence = false
    /// Adds it, with a prefix for its names, and returns its features.
    var features: (_ input: ValueID, _ graph: inout Graph, _ prefix: String) throws -> ValueID
  }

  /// The network with these backbones.
  func network(visual: Trunk?, audio: Trunk?) throws -> FusionNetwork {
    let sources = [("visual", visualFeatures, visual), ("audio", audioFeatures, audio)].compactMap {
      name, features, trunk in features.map { (name: name, features: $0, trunk: trunk) }
    }
    guard !sources.isEmpty, (sources.map(\.features) + [frames, width]).allSatisfy({ $0 > 0 })
    else {
      throw NetsError.shape(
        layer: "the fusion network", problem: "needs features, frames and a width of at least 1")
    }
    var graph = Graph()
    let lengths = graph.input("lengths", .integers, shape: [])
    let modalities = try sources.map { name, features, trunk in
      let input =
        try trunk.map { try vectors(of: name, $0, features: features, in: &graph) }
        ?? graph.input(name, .floats, shape: [frames, features])
      return try layers(of: name, input, lengths: lengths, in: &graph)
    }
    var value = try joined(modalities, in: &graph)
    if dropout != 0 {
      value = try graph.dropout(value, name: "join.dropout", probability: dropout)
    }
    value = try graph.recurrent(value, lengths: lengths, name: "recurrent", recurrent)
    value = try graph.linear(value, name: "head", features: 2)
    if isBounded { value = graph.activation(value, name: "head.bound", .tanh) }
    graph.output("predictions", value)
    return FusionNetwork(graph: graph, predictions: value)
  }

  /// What a backbone makes of every frame, standardised, and whether it has seen or heard anything.
  private func vectors(
    of modality: String, _ trunk: Trunk, features: Int, in graph: inout Graph
  ) throws -> ValueID {
    let (backbone, count) = ("\(modality).backbone", features - 1)
    let name = "\(modality).\(trunk.name)"
    let input =
      trunk.isSequence
      ? graph.input(name, .floats, shape: [frames] + trunk.shape)
      : graph.input(name, .pixels, shape: trunk.shape, rows: .perSample(frames))
    let presence = graph.input("\(modality).presence", .floats, shape: [frames])
    let moments = ["mean", "factor"].map {
      graph.input("\(modality).\($0)", .floats, shape: [count], rows: .fixed(1))
    }
    let rows = try trunk.features(input, &graph, "\(backbone).")
    graph.holdStatistics { $0.hasPrefix("\(backbone).") }
    return try graph.presentFrames(
      trunk.isSequence ? rows : graph.sequences(of: rows, name: "\(modality).frames"),
      presence: presence,
      mean: moments[0], factor: moments[1], name: "\(modality).present")
  }

  private func layers(
    of modality: String, _ input: ValueID, lengths: ValueID, in graph: inout Graph
  ) throws -> ValueID {
    var value = try graph.paddingMask(input, lengths: lengths, name: "\(modality).padding")
    value = try graph.linear(value, name: "\(modality).linear", features: width)
    value = try graph.layerNormalization(value, name: "\(modality).norm")
    return graph.activation(value, name: "\(modality).activation", activation)
  }

  private func joined(_ modalities: [ValueID], in graph: inout Graph) throws -> ValueID {
    if modalities.count == 1 { return modalities[0] }
    let both = try graph.concatenateFeatures(modalities, name: "join")
    guard join == .gatedSum else { return both }
    let gate = try graph.linear(both, name: "gate", features: width)
    return try graph.gatedSum(
      gate: graph.activation(gate, name: "gate.sigmoid", .sigmoid), modalities[0],
      modalities[1], name: "join.sum")
  }
}

/// A fusion network's graph and what losses read of it.
public struct FusionNetwork {
  /// All operations. Add losses, and the inputs that they need, to it.
  public var graph: Graph
  /// Valence and arousal of every frame `[T, 2]`, float32. In padding they are those of a state of
  /// zeros: losses give such frames a weight of 0.
  public let predictions: ValueID
}
