/// The audio feature extractor of AudioSet: a VGG network over log-mel patches, with torchvggish's
/// parameter names, shapes and initialisation.
///
/// A weights file of the trunk holds `features.N` for N of 0, 3, 6, 8, 11 and 13 and `embeddings.N`
/// for N of 0, 2 and 4, `.weight` and `.bias` each. The whitening and the quantisation that
/// followed when AudioSet's features were published are not part of it.
///
/// - Source: S. Hershey et al., "CNN architectures for large-scale audio classification", 2017.
public struct VGGish: Sendable, Equatable {
  /// Frames of a patch, 10 ms each.
  public static let frames = 96
  /// Mel bands of a frame.
  public static let bands = 64
  /// A classifier's head, which torchvggish's files do not have.
  static let headLayer = "head"

  /// Channels of each stage's convolutions; a stage ends with a pooling that halves the patch.
  var stages = [[64], [128], [256, 256], [512, 512]]
  /// Features of the linear layers; the last are the embedding.
  var embeddings = [4096, 4096, 128]

  /// The published network.
  public init() {}

  /// Another network of the same kind.
  init(stages: [[Int]], embeddings: [Int]) {
    self.stages = stages
    self.embeddings = embeddings
  }

  /// The trunk with a linear head.
  ///
  /// Input: `patches` `[1, frames, bands]`, log-mel energies; in memory `[N, frames, bands]`. Output:
  /// `logits` `[outputs]`, by the parameters `head.weight` and `head.bias`. `features` is the
  /// embedding `[128]`.
  ///
  /// - Throws: `NetsError.shape` where patches are too small.
  public func network(
    outputs: Int, frames: Int = VGGish.frames, bands: Int = VGGish.bands
  ) throws -> Network {
    var graph = Graph()
    let patches = graph.input("patches", .pixels, shape: [1, frames, bands])
    let features = try graph.vggish(patches, self)
    let logits = try graph.linear(features, name: Self.headLayer, features: outputs)
    return Network(graph: graph, features: features, logits: logits)
  }
}

extension Graph {
  /// Adds the trunk: convolutions and poolings, then linear layers. A ReLU follows each layer, the last
  /// too.
  ///
  /// - Shapes: `[1, frames, bands]` to `[128]`, float32.
  /// - Parameter prefix: what the names of layers begin with.
  /// - Throws: `NetsError.shape` where patches are too small.
  public mutating func vggish(
    _ patches: ValueID, _ network: VGGish = VGGish(), prefix: String = ""
  ) throws -> ValueID {
    var value = patches
    var layer = 0
    func next(in part: String) -> String {
      defer { layer += 1 }
      return "\(prefix)\(part).\(layer)"
    }
    for stage in network.stages {
      for channels in stage {
        value = try vggConvolution(value, next(in: "features"), channels: channels)
        value = activation(value, name: next(in: "features"), .relu)
      }
      value = try maximumPooling(
        value, name: next(in: "features"), kernel: 2, stride: 2, padding: 0)
    }
    // The weights come from TensorFlow, where channels are the last axis.
    value = try flattening(value, name: "\(prefix)flatten", order: .channelsLast)
    layer = 0
    for features in network.embeddings {
      value = try linear(value, name: next(in: "embeddings"), features: features)
      value = activation(value, name: next(in: "embeddings"), .relu)
    }
    return value
  }

  /// A 3×3 convolution that keeps the size and starts out as PyTorch's default.
  private mutating func vggConvolution(
    _ input: ValueID, _ name: String, channels: Int
  ) throws -> ValueID {
    let fanIn = shape(of: input)[0] * 9
    let initialization = Initialization.uniform(bound: 1 / Float(fanIn).squareRoot())
    return try convolution(
      input, name: name, channels: channels, kernel: 3, padding: 1, bias: true,
      weights: initialization, biases: initialization)
  }
}
