import Datasets
import Media
import Nets

/// How faces are cut out of films for a network.
struct FaceCutting: Equatable, Sendable {
  /// Height and width of the square, in pixels.
  var size: Int
  /// How faces are turned upright by their eyes; nil for a network that learned from boxes.
  var alignment: FaceAlignment?
  /// The side of the square by the longer side of a face's box, where the network learned from boxes: its
  /// faces had some surroundings.
  var boxMargin: Double

  /// How faces are placed.
  var placement: String {
    alignment.map { "eyes \($0.eyeDistance) \($0.eyeHeight) \($0.boxMargin)" }
      ?? "box \(boxMargin)"
  }

  /// What makes the squares.
  ///
  /// - Throws: `DatasetError.setting`.
  func aligner() throws -> FaceAligner {
    try FaceAligner(alignment ?? FaceAlignment(boxMargin: boxMargin), size: size)
  }

  /// What of a face decides its place: a network that learned from boxes has seen heads that lean, and
  /// eyes must not turn them upright.
  func placing(_ face: TrackedFace) -> TrackedFace {
    alignment == nil ? TrackedFace(region: face.region) : face
  }
}

/// The faces of films as a network sees them, in bytes: what is kept for networks that still learn.
///
/// - Shapes: a row is `[size, size, 3]`, 0 to 255.
final class FaceCrops: FaceRows {
  let width: Int
  let type = TensorType.u8
  let batch: Int
  private let cutting: FaceCutting
  private let aligner: FaceAligner
  private var square: [Float]
  private var rows: [UInt8]

  /// - Parameter batch: frames of a pass.
  /// - Throws: `DatasetError.setting`.
  init(_ cutting: FaceCutting, batch: Int) throws {
    self.cutting = cutting
    self.batch = batch
    aligner = try cutting.aligner()
    width = aligner.outputCount
    square = Array(repeating: 0, count: width)
    rows = Array(repeating: 0, count: batch * width)
  }

  func set(_ face: TrackedFace, in pixels: PixelBuffer, place: Int) {
    square.withUnsafeMutableBufferPointer { square in
      guard let start = square.baseAddress else { return }
      aligner.align(cutting.placing(face), in: pixels, into: start)
      for index in 0..<width {
        let value = (255 * square[index]).rounded()
        rows[place * width + index] = UInt8(min(max(value, 0), 255))
      }
    }
  }

  func run() {}

  func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    rows[(place * width)..<((place + 1) * width)].withUnsafeBytes { table.set($0, frame: frame) }
  }
}
