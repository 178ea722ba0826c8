/// Residual networks, with torchvision's structure and parameter names.
///
/// - Source: K. He et al., "Deep residual learning for image recognition", 2015; bottlenecks have
///   their stride in the 3×3 convolution, as torchvision's ("v1.5").
struct ResNet {
  enum Block {
    /// Two 3×3 convolutions.
    case basic
    /// 1×1, 3×3 and 1×1 convolutions; the last has four times the channels.
    case bottleneck

    var expansion: Int { self == .basic ? 1 : 4 }
  }

  var block: Block
  /// Blocks of each stage.
  var depths: [Int]
  /// Channels of each stage, before a bottleneck's expansion; the first also those of the stem.
  var widths = [64, 128, 256, 512]

  /// Probability with which, in training, a feature does not reach the classifier.
  var dropout: Float = 0
  /// Probability of the last block's branch to be dropped; it rises linearly from 0 at the first block.
  var stochasticDepth: Float = 0

  static let resnet10Quarter = ResNet(
    block: .basic, depths: [1, 1, 1, 1], widths: [16, 32, 64, 128])
  static let resnet18 = ResNet(block: .basic, depths: [2, 2, 2, 2])
  static let resnet50 = ResNet(block: .bottleneck, depths: [3, 4, 6, 3])

  /// The head, whose shapes follow the number of classes.
  static let headLayer = "fc"

  /// - Shapes: images `[3, imageSize, imageSize]`, logits `[classes]`.
  func network(classes: Int, imageSize: Int) throws -> Network {
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [3, imageSize, imageSize])
    let features = try graph.resNet(images, self)
    let kept =
      dropout > 0
      ? try graph.dropout(features, name: "fc.dropout", probability: dropout) : features
    let logits = try graph.linear(kept, name: Self.headLayer, features: classes)
    return Network(graph: graph, features: features, logits: logits)
  }

  fileprivate func dropProbability(blocksBefore: Int) -> Float {
    stochasticDepth * Float(blocksBefore) / Float(max(1, depths.reduce(0, +) - 1))
  }

  fileprivate func add(
    to graph: inout Graph, _ input: ValueID, name: String, width: Int, stride: Int,
    dropProbability: Float
  ) throws -> ValueID {
    let channels = width * block.expansion
    var value: ValueID
    switch block {
    case .basic:
      value = try graph.normalizedConvolution(
        input, name, index: 1, channels: width, kernel: 3, stride: stride, relu: true)
      value = try graph.normalizedConvolution(
        value, name, index: 2, channels: width, kernel: 3, relu: false)
    case .bottleneck:
      value = try graph.normalizedConvolution(
        input, name, index: 1, channels: width, kernel: 1, relu: true)
      value = try graph.normalizedConvolution(
        value, name, index: 2, channels: width, kernel: 3, stride: stride, relu: true)
      value = try graph.normalizedConvolution(
        value, name, index: 3, channels: channels, kernel: 1, relu: false)
    }
    var shortcut = input
    if stride != 1 || graph.shape(of: input)[0] != channels {
      shortcut = try graph.convolution(
        input, name: "\(name).downsample.0", channels: channels, kernel: 1, stride: stride)
      shortcut = try graph.batchNormalization(
        shortcut, name: "\(name).downsample.1")
    }
    guard dropProbability > 0 else {
      return try graph.additionReLU(value, shortcut, name: "\(name).add")
    }
    value = try graph.residualAddition(
      shortcut, value, name: "\(name).stochastic_depth", dropProbability: dropProbability)
    return graph.activation(value, name: "\(name).relu", .relu)
  }
}

extension Graph {
  /// Adds a residual network without its head.
  ///
  /// - Shapes: `[channels, height, width]` to `[F]`; the first convolution takes any number of channels.
  /// - Parameter prefix: what the names of layers begin with.
  /// - Throws: `NetsError.shape`.
  mutating func resNet(
    _ images: ValueID, _ network: ResNet, prefix: String = ""
  ) throws -> ValueID {
    var value = try convolution(
      images, name: "\(prefix)conv1", channels: network.widths[0], kernel: 7, stride: 2,
      padding: 3)
    value = try batchNormalization(value, name: "\(prefix)bn1", activation: .relu)
    value = try maximumPooling(
      value, name: "\(prefix)maxpool", kernel: 3, stride: 2, padding: 1)
    var blocksBefore = 0
    for (stage, depth) in network.depths.enumerated() {
      for index in 0..<depth {
        value = try network.add(
          to: &self, value, name: "\(prefix)layer\(stage + 1).\(index)",
          width: network.widths[stage], stride: stage > 0 && index == 0 ? 2 : 1,
          dropProbability: network.dropProbability(blocksBefore: blocksBefore))
        blocksBefore += 1
      }
    }
    return try globalAveragePooling(value, name: "\(prefix)avgpool")
  }

  /// A convolution that keeps the size (at stride 1), with its batch normalisation.
  fileprivate mutating func normalizedConvolution(
    _ input: ValueID, _ block: String, index: Int, channels: Int, kernel: Int, stride: Int = 1,
    relu: Bool
  ) throws -> ValueID {
    let value = try convolution(
      input, name: "\(block).conv\(index)", channels: channels, kernel: kernel, stride: stride,
      padding: kernel / 2)
    return try batchNormalization(
      value, name: "\(block).bn\(index)", activation: relu ? .relu : nil)
  }
}
