import Datasets
import Media
import Nets

/// A face network that gives its features for the faces of films.
final class FilmExtractor: FaceRows {
  /// How a face becomes the network's input, and what the network is.
  struct Settings: Equatable, Sendable {
    var network: FaceNetwork
    /// The backbone's input as it was in training.
    var augmentation: Augmentation
    /// See `FaceCutting`.
    var boxMargin: Double
    var precision: Precision
    /// Frames of a pass.
    var batch: Int
    /// A safetensors file.
    var weights: String

    /// How faces are cut out.
    var cutting: FaceCutting {
      FaceCutting(
        size: augmentation.imageSize, alignment: augmentation.alignment, boxMargin: boxMargin)
    }

    /// Everything that decides features, but for the weights.
    var summary: String {
      "\(network.backbone.name.rawValue) \(augmentation.imageSize) px, \(cutting.placement), "
        + "mean \(augmentation.mean), deviation \(augmentation.standardDeviation), "
        + "\(precision.rawValue), \(batch) at once"
    }
  }

  var width: Int { network.width }
  let type = TensorType.f32
  var batch: Int { network.batch }
  private let settings: Settings
  private let network: FeatureNetwork
  private let aligner: FaceAligner

  /// - Throws: `WeightsError` and `NetsError` naming file and tensor; `DatasetError.setting`.
  init(_ settings: Settings) throws {
    self.settings = settings
    network = try FeatureNetwork(
      settings.network.graph(hasFeatures: true), input: "images", weights: settings.weights,
      precision: settings.precision, batch: settings.batch)
    aligner = try settings.cutting.aligner()
  }

  func set(_ face: TrackedFace, in pixels: PixelBuffer, place: Int) {
    let count = aligner.outputCount
    let image = UnsafeMutableBufferPointer(
      rebasing: network.input[(place * count)..<((place + 1) * count)])
    guard let start = image.baseAddress else { return }
    aligner.align(settings.cutting.placing(face), in: pixels, into: start)
    let factor = 1 / settings.augmentation.standardDeviation
    let added = -settings.augmentation.mean * factor
    for pixel in stride(from: 0, to: count, by: 3) {
      for colour in 0..<3 {
        start[pixel + colour] = start[pixel + colour] * factor[colour] + added[colour]
      }
    }
  }

  func run() throws { try network.run() }

  func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    table.set(network.features(of: place), frame: frame)
  }
}
