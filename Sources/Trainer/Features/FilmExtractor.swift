import Datasets
import Media
import Nets

/// A face network that gives its features for the faces of films.
package final class FilmExtractor: FaceRows {
  /// How a face becomes the network's input, and what the network is.
  package struct Settings: Equatable, Sendable {
    package var network: FaceNetwork
    /// The backbone's input as it was in training.
    package var augmentation: Augmentation
    /// See `FaceCutting`.
    package var boxMargin: Double
    package var precision: Precision
    /// Frames of a pass.
    package var batch: Int
    /// A safetensors file.
    package var weights: String

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

  /// Numbers of a table's row.
  package var width: Int { tableLayout.width }
  /// Where `row(of:)` has each output.
  package var layout: RowLayout { network.layout }
  /// Where a table's row has each output.
  package let tableLayout: RowLayout
  package let type = TensorType.f32
  package var batch: Int { network.batch }
  private let settings: Settings
  private let network: FeatureNetwork
  /// How many of the outputs tables do not have.
  private let untabled: Int
  private let aligner: FaceAligner

  /// - Parameters:
  ///   - outputs: of the network, which `row(of:)` has beside each other.
  ///   - untabled: the first of them, which tables do not have: features of hours would take gigabytes.
  /// - Throws: `WeightsError` and `NetsError` naming file and tensor; `DatasetError.setting`.
  package init(
    _ settings: Settings, outputs: [String] = ["features"], untabled: [String] = []
  ) throws {
    self.settings = settings
    network = try FeatureNetwork(
      settings.network.graph(hasFeatures: true), input: "images", outputs: outputs,
      weights: settings.weights,
      precision: settings.precision, batch: settings.batch)
    aligner = try settings.cutting.aligner()
    self.untabled = untabled.count
    tableLayout = network.layout.dropping(untabled)
  }

  package func set(_ face: TrackedFace, in pixels: PixelBuffer, place: Int) {
    fill(place) { aligner.align(settings.cutting.placing(face), in: pixels, into: $0) }
  }

  /// Puts a picture that shows a face and little else into a place of the next pass, as evaluations see
  /// it: resized to the square.
  package func set(whole pixels: PixelBuffer, place: Int) {
    fill(place) { aligner.resize(pixels, into: $0) }
  }

  /// Normalises a square as the network has learned to see it.
  ///
  /// - Parameter draw: writes the square, `[size, size, 3]`, 0 to 1.
  private func fill(_ place: Int, _ draw: (UnsafeMutablePointer<Float>) -> Void) {
    let count = aligner.outputCount
    let image = UnsafeMutableBufferPointer(
      rebasing: network.input[(place * count)..<((place + 1) * count)])
    guard let start = image.baseAddress else { return }
    draw(start)
    let factor = 1 / settings.augmentation.standardDeviation
    let added = -settings.augmentation.mean * factor
    for pixel in stride(from: 0, to: count, by: 3) {
      for colour in 0..<3 {
        start[pixel + colour] = start[pixel + colour] * factor[colour] + added[colour]
      }
    }
  }

  package func run() throws { try network.run() }

  /// What the last pass made for a place.
  package func row(of place: Int) -> [Float] { network.row(of: place) }

  package func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    network.copyRow(of: place, from: untabled, to: &table, frame: frame)
  }
}
