/// A backbone with the heads that describe a voice: its emotion among classes, and its valence and
/// arousal.
///
/// It hears patches of log-mel energies. A ResNet takes them as images of one channel, whose height is
/// time and whose width is frequency.
///
/// Parameters: the backbone's by torchvggish's or torchvision's names; of the classes `head.weight` and
/// `head.bias` (VGGish) or `fc.weight` and `fc.bias` (ResNets); of valence and arousal `affect.weight`
/// and `affect.bias`.
public struct AudioNetwork: Sendable, Equatable {
  /// The networks that hear.
  public static let backbones: [ModelName] = [.vggish, .resnet10_x0_25, .resnet18, .resnet50]

  /// The backbone, one of `backbones`.
  public var backbone: ModelName
  /// Frames of a patch, 10 ms each. VGGish's published weights have 96.
  public var frames: Int
  /// Mel bands of a frame. VGGish's published weights have 64.
  public var bands: Int
  /// Classes that the network tells apart; nil where it has no such head.
  public var classes: Int?
  /// Whether there is a head for valence and arousal.
  public var hasAffect: Bool

  /// A backbone with these heads.
  public init(
    backbone: ModelName, frames: Int = VGGish.frames, bands: Int = VGGish.bands, classes: Int?,
    hasAffect: Bool = false
  ) {
    self.backbone = backbone
    self.frames = frames
    self.bands = bands
    self.classes = classes
    self.hasAffect = hasAffect
  }

  /// The parameters of each head, whose shapes do not follow from the backbone alone: a head is
  /// taken over as a whole, or begins afresh.
  public var heads: [[String]] {
    (classes == nil ? [] : [backbone.head]) + (hasAffect ? [Graph.affectHead] : [])
  }

  /// The first convolution of a backbone that was published for images: three channels there, one here.
  public var imageConvolution: String? { backbone.isVisual ? "conv1.weight" : nil }

  /// The network without losses.
  ///
  /// Input: `patches` `[1, frames, bands]`, in memory `[N, frames, bands]`. Outputs: `features` `[F]`,
  /// F being 128 (VGGish), 512 (ResNet-18) or 2048 (ResNet-50); where there are such heads, `logits`
  /// `[classes]` and `affect` `[2]`, valence and arousal.
  ///
  /// - Throws: `NetsError.shape` where patches are too small, and for a backbone that does not hear.
  public func graph() throws -> Graph { try graph(on: trunk()) }

  /// The network with its losses: the named inputs are those of `FaceNetwork` for labelled samples.
  ///
  /// Inputs, beside the patches: `labels` and `weights` (and `partner_labels` and `partner_weights` where
  /// samples are mixed), `affect_targets` `[2]` (not a number where unknown) and `affect_weights`; each
  /// where its head is.
  ///
  /// - Throws: as `graph()`.
  public func graph(trainedBy objective: AudioObjective) throws -> Graph {
    try graph(on: trunk(), trainedBy: objective)
  }

  /// The features that heads read, of any trunk.
  typealias Trunk = (graph: Graph, features: ValueID)

  private func trunk() throws -> Trunk {
    guard Self.backbones.contains(backbone) else {
      throw NetsError.shape(
        layer: "patches",
        problem: "\(backbone.rawValue) sees images only; these hear: "
          + Self.backbones.map(\.rawValue).joined(separator: ", "))
    }
    var graph = Graph()
    let patches = graph.input("patches", .pixels, shape: [1, frames, bands])
    let features = try backbone.features(of: patches, in: &graph)
    return (graph, features)
  }

  /// The heads and, where there is an objective, their losses.
  func graph(on trunk: Trunk, trainedBy objective: AudioObjective? = nil) throws -> Graph {
    var (graph, features) = trunk
    graph.output("features", features)
    if let classes {
      let logits = try graph.linear(features, name: backbone.headLayer, features: classes)
      graph.output("logits", logits)
      if let objective {
        try graph.addClassificationLoss(
          of: logits, name: "emotion_loss", mixed: objective.mixed, factor: objective.emotion,
          labelSmoothing: objective.labelSmoothing)
      }
    }
    if hasAffect {
      let predictions = try graph.addAffectHead(features)
      graph.output("affect", predictions)
      if let objective {
        try graph.addAffectLosses(
          of: predictions, concordance: objective.concordance,
          squaredError: objective.squaredError)
      }
    }
    return graph
  }
}

/// What the heads of an `AudioNetwork` are trained for.
public struct AudioObjective: Sendable, Equatable {
  /// Whether samples are mixed of two.
  public var mixed: Bool
  /// λ of the cross-entropy of the classes.
  public var emotion: Float
  /// The part of a label that is spread over all classes.
  public var labelSmoothing: Float
  /// λ of 1 − CCC of valence and arousal.
  public var concordance: Float
  /// λ of their mean squared error.
  public var squaredError: Float

  /// An objective with every field given.
  public init(
    mixed: Bool = false, emotion: Float = 1, labelSmoothing: Float = 0, concordance: Float = 0,
    squaredError: Float = 0
  ) {
    self.mixed = mixed
    self.emotion = emotion
    self.labelSmoothing = labelSmoothing
    self.concordance = concordance
    self.squaredError = squaredError
  }
}
