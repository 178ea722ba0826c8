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
/// - Parameters: `visual.linear`, `visual.norm`, `audio.linear` and `audio.norm` (`.weight` and
///   `.bias` each), `gate.weight` and `gate.bias` with a gated sum of both, `recurrent.weight_ih_l0` …
///   as PyTorch names them, `head.weight` and `head.bias`.
/// - Source: model-level fusion of L. Schoneveld, A. Othmani and H. Abdelkawy, "Leveraging recent
///   advances in deep learning for audio-visual emotion recognition", 2021.
public struct FusionDescription: Sendable, Equatable {
  /// Features of a frame that the visual extractor gives; nil for a network that does not see.
  public var visualFeatures: Int?
  /// Features of a frame that the audio extractor gives; nil for a network that does not hear.
  public var audioFeatures: Int?
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
    visualFeatures: Int?, audioFeatures: Int?, frames: Int, width: Int,
    activation: ActivationFunction = .relu, join: FusionJoin = .concatenation,
    dropout: Float = 0, recurrent: RecurrentDescription, isBounded: Bool = false
  ) {
    self.visualFeatures = visualFeatures
    self.audioFeatures = audioFeatures
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
  /// - Throws: `NetsError.shape` where there is no modality, a size is not positive or a probability
  ///   not in [0, 1).
  public func network() throws -> FusionNetwork {
    let sources = [("visual", visualFeatures), ("audio", audioFeatures)].compactMap {
      name, features in features.map { (name, $0) }
    }
    guard !sources.isEmpty, (sources.map(\.1) + [frames, width]).allSatisfy({ $0 > 0 }) else {
      throw NetsError.shape(
        layer: "the fusion network", problem: "needs features, frames and a width of at least 1")
    }
    var graph = Graph()
    let lengths = graph.input("lengths", .integers, shape: [])
    let modalities = try sources.map { name, features in
      let input = graph.input(name, .floats, shape: [frames, features])
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
