import CounterRandom
import Media

/// Draws one face after another; one for each thread.
final class FaceArtist {
  private let layout: SyntheticLayout
  private let canvas: FaceCanvas
  private let pixels = PixelBuffer()
  private let encoder: JPEGEncoder

  init(layout: SyntheticLayout) throws {
    self.layout = layout
    canvas = FaceCanvas(size: layout.options.imageSize)
    encoder = try JPEGEncoder()
  }

  /// Draws a face into its file.
  ///
  /// - Returns: its row of the list.
  func write(_ face: Int) throws -> String {
    let seed = layout.options.seed
    var random = CounterRandom(seed: seed, index: face, purpose: .syntheticFace)
    let person = FaceIdentity(seed: seed, number: layout.person(of: face))
    let affect = FaceAffect(layout.expression(of: face), of: person, from: &random)
    let scene = FaceScene(imageSize: layout.options.imageSize, from: &random)
    let geometry = FaceGeometry(person, affect.pose)
    let box = Self.box(around: scene.frame, geometry, size: layout.options.imageSize, from: &random)
    FacePainter(
      canvas: canvas, person: person, pose: affect.pose, geometry: geometry, scene: scene
    ).paint(noise: &random)
    canvas.copy(to: pixels)
    let path = layout.imagePath(of: face)
    try encoder.write(pixels, quality: scene.jpegQuality, to: "\(layout.folder)/\(path)")
    return [
      path, "\(box.x)", "\(box.y)", "\(box.width)", "\(box.height)",
      FaceLandmarks(geometry, scene).text, "\(affect.expression.rawValue)",
      FaceLandmarks.hundredths(affect.valence), FaceLandmarks.hundredths(affect.arousal),
    ].joined(separator: ",")
  }

  /// A square about the face, as loosely placed as a detector's.
  private static func box(
    around frame: FaceFrame, _ geometry: FaceGeometry, size: Int, from random: inout CounterRandom
  ) -> FaceBox {
    let half = frame.scale * (1.04 + 0.05 * random.bell())
    let centre = frame.toPixels(SIMD2(0.03 * random.bell(), 0.04 * random.bell()))
    let left = max(0, Int(centre.x - half))
    let top = max(0, Int(centre.y - half))
    return FaceBox(
      x: left, y: top, width: min(size, Int(centre.x + half)) - left,
      height: min(size, Int(centre.y + half)) - top)
  }
}
