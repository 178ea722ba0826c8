/// Names of the networks that can be trained; torchvision's, and torchvggish's.
///
/// `resnet10_x0_25` is none of torchvision's: its ResNet with one block a stage and a quarter of the
/// channels, 0.3 million parameters, to try things with on a laptop.
public enum ModelName: String, CaseIterable, Sendable, Codable {
  case resnet10_x0_25
  case resnet18
  case resnet50
  case densenet121
  case densenet201
  case efficientnet_b0
  case efficientnet_b2
  case vggish

  /// The name of the network's input: `images` `[3, size, size]`, or `patches` of log-mel energies.
  public var input: String {
    switch self {
    case .resnet10_x0_25, .resnet18, .resnet50, .densenet121, .densenet201, .efficientnet_b0,
      .efficientnet_b2:
      "images"
    case .vggish: "patches"
    }
  }

  /// Whether the network has branches that stochastic depth can drop.
  public var hasResidualBranches: Bool {
    switch self {
    case .resnet10_x0_25, .resnet18, .resnet50, .efficientnet_b0, .efficientnet_b2: true
    case .densenet121, .densenet201, .vggish: false
    }
  }

  /// Whether the network sees images; else it hears.
  public var isVisual: Bool { input == "images" }

  /// The classifier's head.
  var headLayer: String {
    switch self {
    case .resnet10_x0_25, .resnet18, .resnet50: ResNet.headLayer
    case .densenet121, .densenet201: DenseNet.headLayer
    case .efficientnet_b0, .efficientnet_b2: EfficientNet.headLayer
    case .vggish: VGGish.headLayer
    }
  }

  /// The parameters of the classifier's head, whose shapes follow the number of classes.
  public var head: [String] { ["\(headLayer).weight", "\(headLayer).bias"] }

  /// Features that the network without its head gives of its input.
  ///
  /// - Throws: never, for an input as large as this one.
  public func featureCount() throws -> Int {
    var graph = Graph()
    let shape = isVisual ? [3, 64, 64] : [1, VGGish.frames, VGGish.bands]
    let input = graph.input(input, .pixels, shape: shape)
    let features = try features(of: input, in: &graph)
    return graph.shape(of: features).reduce(1, *)
  }

  /// Adds the network without its head to a graph.
  ///
  /// - Shapes: images `[channels, height, width]`, patches `[1, frames, bands]`, to `[F]`.
  /// - Parameter prefix: what the names of its layers and parameters begin with.
  /// - Throws: `NetsError.shape` where the input is too small for it.
  func features(
    of input: ValueID, in graph: inout Graph, prefix: String = ""
  ) throws -> ValueID {
    switch self {
    case .resnet10_x0_25: try graph.resNet(input, .resnet10Quarter, prefix: prefix)
    case .resnet18: try graph.resNet(input, .resnet18, prefix: prefix)
    case .resnet50: try graph.resNet(input, .resnet50, prefix: prefix)
    case .densenet121: try graph.denseNet(input, .densenet121, prefix: prefix)
    case .densenet201: try graph.denseNet(input, .densenet201, prefix: prefix)
    case .efficientnet_b0: try graph.efficientNet(input, .b0, prefix: prefix)
    case .efficientnet_b2: try graph.efficientNet(input, .b2, prefix: prefix)
    case .vggish: try graph.vggish(input, prefix: prefix)
    }
  }
}

/// A network with its input and output sizes.
public struct ModelDescription: Sendable, Equatable {
  /// Which network.
  public var name: ModelName
  /// Classes that it tells apart.
  public var classes: Int
  /// Height and width of its square input, in pixels; of no meaning to a network that hears.
  public var imageSize: Int
  /// Probability with which, in training, a feature does not reach the classifier; nil for the network's
  /// own.
  public var dropout: Float?
  /// Probability with which, in training, the last block's branch is dropped, rising linearly from the
  /// first; nil for the network's own, none where there are no such blocks.
  public var stochasticDepth: Float?

  /// A network with its input and output sizes.
  public init(
    name: ModelName, classes: Int, imageSize: Int, dropout: Float? = nil,
    stochasticDepth: Float? = nil
  ) {
    self.name = name
    self.classes = classes
    self.imageSize = imageSize
    self.dropout = dropout
    self.stochasticDepth = stochasticDepth
  }

  /// The network, without losses.
  ///
  /// - Throws: `NetsError.shape` where the images are too small for it.
  public func network() throws -> Network {
    switch name {
    case .resnet10_x0_25: try network(ResNet.resnet10Quarter)
    case .resnet18: try network(ResNet.resnet18)
    case .resnet50: try network(ResNet.resnet50)
    case .densenet121: try network(DenseNet.densenet121)
    case .densenet201: try network(DenseNet.densenet201)
    case .efficientnet_b0: try network(EfficientNet.b0)
    case .efficientnet_b2: try network(EfficientNet.b2)
    case .vggish: try VGGish().network(outputs: classes)
    }
  }

  private func network(_ resNet: ResNet) throws -> Network {
    var resNet = resNet
    resNet.dropout = dropout ?? resNet.dropout
    resNet.stochasticDepth = stochasticDepth ?? resNet.stochasticDepth
    return try resNet.network(classes: classes, imageSize: imageSize)
  }

  private func network(_ denseNet: DenseNet) throws -> Network {
    var denseNet = denseNet
    denseNet.dropout = dropout ?? denseNet.dropout
    return try denseNet.network(classes: classes, imageSize: imageSize)
  }

  private func network(_ efficientNet: EfficientNet) throws -> Network {
    var efficientNet = efficientNet
    efficientNet.dropout = dropout ?? efficientNet.dropout
    efficientNet.stochasticDepth = stochasticDepth ?? efficientNet.stochasticDepth
    return try efficientNet.network(classes: classes, imageSize: imageSize)
  }
}
