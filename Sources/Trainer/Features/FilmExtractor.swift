import Datasets
import Media
import Nets

/// A face network that gives its features for the faces of films.
final class FilmExtractor {
  /// How a face becomes the network's input, and what the network is.
  struct Settings: Equatable, Sendable {
    var network: FaceNetwork
    /// The backbone's input as it was in training.
    var augmentation: Augmentation
    /// The side of the square that is cut out by the longer side of a face's box, where the network
    /// learned from boxes: its faces had some surroundings.
    var boxMargin: Double
    var precision: Precision
    /// Frames of a pass.
    var batch: Int
    /// A safetensors file.
    var weights: String

    /// Everything that decides features, but for the weights.
    var summary: String {
      let placement =
        augmentation.alignment.map { "eyes \($0.eyeDistance) \($0.eyeHeight) \($0.boxMargin)" }
        ?? "box \(boxMargin)"
      return "\(network.backbone.name.rawValue) \(augmentation.imageSize) px, \(placement), "
        + "mean \(augmentation.mean), deviation \(augmentation.standardDeviation), "
        + "\(precision.rawValue), \(batch) at once"
    }
  }

  /// Features of a frame.
  let width: Int
  /// Frames of a pass.
  let batch: Int
  private let settings: Settings
  private let plan: InferencePlan
  private let images: UnsafeMutableBufferPointer<Float>
  private let features: UnsafeMutableBufferPointer<Float>
  private let aligner: FaceAligner

  /// - Throws: `WeightsError` and `NetsError` naming file and tensor; `DatasetError.setting`.
  init(_ settings: Settings) throws {
    self.settings = settings
    batch = settings.batch
    let graph = try settings.network.graph(hasFeatures: true)
    let parameters = try ParameterStore(inferenceFor: graph)
    try ModelSnapshot.loadModel(settings.weights, into: parameters)
    plan = try InferencePlan(
      graph: graph, batch: batch, precision: settings.precision, parameters: parameters)
    images = try plan.floats(input: "images")
    features = try plan.output("features")
    width = features.count / batch
    aligner = try FaceAligner(
      settings.augmentation.alignment ?? FaceAlignment(boxMargin: settings.boxMargin),
      size: settings.augmentation.imageSize)
  }

  /// Puts a face of an image into a place of the next pass.
  func set(_ face: TrackedFace, in pixels: PixelBuffer, place: Int) {
    // A network that learned from boxes has seen heads that lean: eyes must not turn them upright.
    let face =
      settings.augmentation.alignment == nil ? TrackedFace(region: face.region) : face
    let count = aligner.outputCount
    let image = UnsafeMutableBufferPointer(
      rebasing: images[(place * count)..<((place + 1) * count)])
    guard let start = image.baseAddress else { return }
    aligner.align(face, in: pixels, into: start)
    let factor = 1 / settings.augmentation.standardDeviation
    let added = -settings.augmentation.mean * factor
    for pixel in stride(from: 0, to: count, by: 3) {
      for colour in 0..<3 {
        start[pixel + colour] = start[pixel + colour] * factor[colour] + added[colour]
      }
    }
  }

  /// Runs the network on the faces that were set.
  func run() throws { try plan.run() }

  /// What the last pass gave for a place.
  func features(of place: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(rebasing: features[(place * width)..<((place + 1) * width)])
  }
}
