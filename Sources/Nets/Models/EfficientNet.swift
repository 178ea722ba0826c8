/// EfficientNets, with torchvision's structure and parameter names.
///
/// - Source: M. Tan and Q. Le, "EfficientNet: rethinking model scaling for convolutional neural
///   networks", 2019.
struct EfficientNet {
  /// Consecutive blocks with as many channels; the first of them has the stride.
  struct Stage: Equatable {
    /// Channels within a block, as a multiple of its input's.
    var expansion: Int
    /// Size of the depthwise kernel.
    var kernel: Int
    var stride: Int
    /// Channels of the result.
    var channels: Int
    var blocks: Int
  }

  /// Channels of the stem.
  var stemChannels = 32
  var stages: [Stage]
  /// Channels of the last convolution, as a multiple of the last stage's.
  var headExpansion = 4
  /// Probability of a feature to be dropped before the classifier.
  var dropout: Float
  /// Probability that the last block's branch is dropped; it grows towards it from the first, for
  /// which it is 0.
  var stochasticDepth: Float = 0.2

  static let b0 = EfficientNet(widthFactor: 1, depthFactor: 1, dropout: 0.2)
  static let b2 = EfficientNet(widthFactor: 1.1, depthFactor: 1.2, dropout: 0.3)

  /// The head, whose shapes follow the number of classes.
  static let headLayer = "classifier.1"

  /// - Shapes: images `[3, imageSize, imageSize]`, logits `[classes]`.
  func network(classes: Int, imageSize: Int) throws -> Network {
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [3, imageSize, imageSize])
    let features = try graph.efficientNet(images, self)
    let value = try graph.dropout(features, name: "classifier.0", probability: dropout)
    let logits = try graph.linear(
      value, name: Self.headLayer, features: classes,
      weights: .uniform(bound: 1 / Float(classes).squareRoot()), biases: .constant(0))
    return Network(graph: graph, features: features, logits: logits)
  }
}

extension EfficientNet {
  /// B0 made wider and deeper.
  fileprivate init(widthFactor: Double, depthFactor: Double, dropout: Float) {
    let b0 = [
      Stage(expansion: 1, kernel: 3, stride: 1, channels: 16, blocks: 1),
      Stage(expansion: 6, kernel: 3, stride: 2, channels: 24, blocks: 2),
      Stage(expansion: 6, kernel: 5, stride: 2, channels: 40, blocks: 2),
      Stage(expansion: 6, kernel: 3, stride: 2, channels: 80, blocks: 3),
      Stage(expansion: 6, kernel: 5, stride: 1, channels: 112, blocks: 3),
      Stage(expansion: 6, kernel: 5, stride: 2, channels: 192, blocks: 4),
      Stage(expansion: 6, kernel: 3, stride: 1, channels: 320, blocks: 1),
    ]
    let stages = b0.map { stage in
      var stage = stage
      stage.channels = Self.multipleOfEight(Double(stage.channels) * widthFactor)
      stage.blocks = Int((Double(stage.blocks) * depthFactor).rounded(.up))
      return stage
    }
    self.init(
      stemChannels: Self.multipleOfEight(32 * widthFactor), stages: stages, dropout: dropout)
  }

  /// The nearest multiple of 8 that is at least 8 and not more than a tenth below.
  private static func multipleOfEight(_ channels: Double) -> Int {
    let nearest = max(8, Int(channels + 4) / 8 * 8)
    return Double(nearest) < 0.9 * channels ? nearest + 8 : nearest
  }
}

extension Graph {
  /// Adds an EfficientNet without its head.
  ///
  /// - Shapes: `[channels, height, width]` to `[F]`.
  /// - Parameter prefix: what the names of layers begin with.
  /// - Throws: `NetsError.shape`.
  mutating func efficientNet(
    _ images: ValueID, _ network: EfficientNet, prefix: String = ""
  ) throws -> ValueID {
    let part = "\(prefix)features"
    var value = try normalizedConvolution(
      images, "\(part).0", channels: network.stemChannels, kernel: 3, stride: 2)
    let blockCount = network.stages.map(\.blocks).reduce(0, +)
    var blocksBefore = 0
    for (index, stage) in network.stages.enumerated() {
      for block in 0..<stage.blocks {
        value = try invertedResidual(
          value, "\(part).\(index + 1).\(block)", stage, stride: block == 0 ? stage.stride : 1,
          dropProbability: network.stochasticDepth * Float(blocksBefore) / Float(blockCount))
        blocksBefore += 1
      }
    }
    value = try normalizedConvolution(
      value, "\(part).\(network.stages.count + 1)",
      channels: network.headExpansion * shape(of: value)[0], kernel: 1)
    return try globalAveragePooling(value, name: "\(prefix)avgpool")
  }

  /// A convolution that keeps the size (at stride 1), its batch normalisation and, unless told
  /// otherwise, a SiLU.
  fileprivate mutating func normalizedConvolution(
    _ input: ValueID, _ name: String, channels: Int, kernel: Int, stride: Int = 1,
    groups: Int = 1, activation: Bool = true
  ) throws -> ValueID {
    let value = try convolution(
      input, name: "\(name).0", channels: channels, kernel: kernel, stride: stride,
      padding: kernel / 2, groups: groups)
    return try batchNormalization(
      value, name: "\(name).1", activation: activation ? .silu : nil)
  }

  /// Expansion, depthwise convolution, squeeze-and-excitation and projection, with a skip where the
  /// shape stays.
  fileprivate mutating func invertedResidual(
    _ input: ValueID, _ name: String, _ stage: EfficientNet.Stage, stride: Int,
    dropProbability: Float
  ) throws -> ValueID {
    let inputChannels = shape(of: input)[0]
    let channels = inputChannels * stage.expansion
    var value = input
    var layer = 0
    func next() -> String {
      defer { layer += 1 }
      return "\(name).block.\(layer)"
    }
    if stage.expansion > 1 {
      value = try normalizedConvolution(value, next(), channels: channels, kernel: 1)
    }
    value = try normalizedConvolution(
      value, next(), channels: channels, kernel: stage.kernel, stride: stride, groups: channels)
    value = try squeezeExcitation(value, next(), squeezed: max(1, inputChannels / 4))
    value = try normalizedConvolution(
      value, next(), channels: stage.channels, kernel: 1, activation: false)
    guard stride == 1, inputChannels == stage.channels else { return value }
    return try residualAddition(
      input, value, name: "\(name).stochastic_depth", dropProbability: dropProbability)
  }

  /// Factors for channels, told from their means.
  private mutating func squeezeExcitation(
    _ input: ValueID, _ name: String, squeezed: Int
  ) throws -> ValueID {
    var factors = try globalAveragePooling(input, name: "\(name).avgpool")
    factors = try convolutionOfOnePixel(factors, name: "\(name).fc1", channels: squeezed)
    factors = activation(factors, name: "\(name).activation", .silu)
    factors = try convolutionOfOnePixel(
      factors, name: "\(name).fc2", channels: shape(of: input)[0])
    factors = activation(factors, name: "\(name).scale_activation", .sigmoid)
    return try channelMultiplication(input, by: factors, name: name)
  }
}
