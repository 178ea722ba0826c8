/// Densely connected networks, with torchvision's structure, parameter names and initialisation.
///
/// Every layer of a block reads what all layers before it made. That is a list of arrays here, never
/// their concatenation.
///
/// - Source: G. Huang et al., "Densely connected convolutional networks", 2016 (there DenseNet-BC).
struct DenseNet {
  /// Layers of each block.
  var depths: [Int]
  /// Channels that a layer adds.
  var growth = 32
  /// Channels of the stem.
  var stemChannels = 64
  /// Channels of a layer's 1×1 convolution, as a multiple of `growth`.
  var bottleneck = 4
  /// Probability with which, in training, a feature does not reach the classifier.
  var dropout: Float = 0

  static let densenet121 = DenseNet(depths: [6, 12, 24, 16])
  static let densenet201 = DenseNet(depths: [6, 12, 48, 32])

  /// The head, whose shapes follow the number of classes.
  static let headLayer = "classifier"

  /// - Shapes: images `[3, imageSize, imageSize]`, logits `[classes]`.
  func network(classes: Int, imageSize: Int) throws -> Network {
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [3, imageSize, imageSize])
    let features = try graph.denseNet(images, self)
    let kept =
      dropout > 0
      ? try graph.dropout(features, name: "classifier.dropout", probability: dropout) : features
    let logits = try graph.linear(
      kept, name: Self.headLayer, features: classes, biases: .constant(0))
    return Network(graph: graph, features: features, logits: logits)
  }

  /// The block's input and what each layer adds to it.
  fileprivate func block(
    _ input: ValueID, _ name: String, layers: Int, in graph: inout Graph
  ) throws -> [ValueID] {
    var pieces = [input]
    for layer in 1...layers {
      let name = "\(name).denselayer\(layer)"
      var value = try graph.batchNormalization(
        concatenating: pieces, name: "\(name).norm1", activation: .relu)
      value = try graph.denseConvolution(
        value, "\(name).conv1", channels: bottleneck * growth, kernel: 1)
      value = try graph.batchNormalization(value, name: "\(name).norm2", activation: .relu)
      pieces.append(
        try graph.denseConvolution(value, "\(name).conv2", channels: growth, kernel: 3))
    }
    return pieces
  }

  /// Half the channels, half the height and width.
  ///
  /// torchvision pools after the 1×1 convolution. A mean over pixels and a sum over channels may
  /// change places, and the convolution then has a quarter of the pixels to read, and to keep for
  /// its backward pass.
  fileprivate func transition(
    _ pieces: [ValueID], _ name: String, in graph: inout Graph
  ) throws -> ValueID {
    var value = try graph.batchNormalization(
      concatenating: pieces, name: "\(name).norm", activation: .relu)
    let channels = graph.shape(of: value)[0]
    value = try graph.averagePooling(value, name: "\(name).pool", kernel: 2, stride: 2)
    return try graph.denseConvolution(value, "\(name).conv", channels: channels / 2, kernel: 1)
  }
}

extension Graph {
  /// Adds a densely connected network without its head.
  ///
  /// - Shapes: `[channels, height, width]` to `[F]`.
  /// - Parameter prefix: what the names of layers begin with.
  /// - Throws: `NetsError.shape`.
  mutating func denseNet(
    _ images: ValueID, _ network: DenseNet, prefix: String = ""
  ) throws -> ValueID {
    let part = "\(prefix)features"
    var value = try denseConvolution(
      images, "\(part).conv0", channels: network.stemChannels, kernel: 7, stride: 2)
    value = try batchNormalization(value, name: "\(part).norm0", activation: .relu)
    value = try maximumPooling(value, name: "\(part).pool0", kernel: 3, stride: 2, padding: 1)
    for (index, depth) in network.depths.enumerated() {
      let pieces = try network.block(
        value, "\(part).denseblock\(index + 1)", layers: depth, in: &self)
      if index < network.depths.count - 1 {
        value = try network.transition(pieces, "\(part).transition\(index + 1)", in: &self)
      } else {
        value = try batchNormalization(
          concatenating: pieces, name: "\(part).norm5", activation: .relu)
      }
    }
    return try globalAveragePooling(value, name: "\(prefix)avgpool")
  }

  /// A convolution that keeps the size (at stride 1) and starts out Kaiming-normal over fan-in.
  fileprivate mutating func denseConvolution(
    _ input: ValueID, _ name: String, channels: Int, kernel: Int, stride: Int = 1
  ) throws -> ValueID {
    let fanIn = shape(of: input)[0] * kernel * kernel
    return try convolution(
      input, name: name, channels: channels, kernel: kernel, stride: stride, padding: kernel / 2,
      weights: .normal(deviation: (2 / Float(fanIn)).squareRoot()))
  }
}
