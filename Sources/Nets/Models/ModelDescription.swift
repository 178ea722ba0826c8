/// Names of the networks that can be trained; torchvision's, and torchvggish's.
public enum ModelName: String, CaseIterable, Sendable, Codable {
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
    case .resnet18, .resnet50, .densenet121, .densenet201, .efficientnet_b0, .efficientnet_b2:
      "images"
    case .vggish: "patches"
    }
  }

  /// Whether the network sees images; else it hears.
  public var isVisual: Bool { input == "images" }

  /// The parameters of the classifier's head, whose shapes follow the number of classes.
  public var head: [String] {
    switch self {
    case .resnet18, .resnet50: ResNet.head
    case .densenet121, .densenet201: DenseNet.head
    case .efficientnet_b0, .efficientnet_b2: EfficientNet.head
    case .vggish: VGGish.head
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

  /// A network with its input and output sizes.
  public init(name: ModelName, classes: Int, imageSize: Int) {
    self.name = name
    self.classes = classes
    self.imageSize = imageSize
  }

  /// The network, without losses.
  ///
  /// - Throws: `NetsError.shape` where the images are too small for it.
  public func network() throws -> Network {
    switch name {
    case .resnet18: try ResNet.resnet18.network(classes: classes, imageSize: imageSize)
    case .resnet50: try ResNet.resnet50.network(classes: classes, imageSize: imageSize)
    case .densenet121: try DenseNet.densenet121.network(classes: classes, imageSize: imageSize)
    case .densenet201: try DenseNet.densenet201.network(classes: classes, imageSize: imageSize)
    case .efficientnet_b0: try EfficientNet.b0.network(classes: classes, imageSize: imageSize)
    case .efficientnet_b2: try EfficientNet.b2.network(classes: classes, imageSize: imageSize)
    case .vggish: try VGGish().network(outputs: classes)
    }
  }
}
