import CounterRandom
import Media

/// One picture of a face: who shows what, where.
struct FacePicture {
  var person: FaceIdentity
  var affect: FaceAffect
  var scene: FaceScene
  var imageSize: Int
  /// What noise and annotations are drawn from.
  var random: CounterRandom

  /// Draws what a picture shows: a pure function of its arguments.
  ///
  /// - Parameter index: the picture, unique over all sets.
  init(
    seed: UInt64, index: Int, person: FaceIdentity, expression: Expression, imageSize: Int,
    conditions: FaceConditions = .found
  ) {
    self.person = person
    self.imageSize = imageSize
    random = CounterRandom(seed: seed, stream: .picture, index: index)
    affect = FaceAffect(expression, of: person, from: &random)
    scene = FaceScene(imageSize: imageSize, conditions, from: &random)
  }

  /// What a picture's face shows, without the scene.
  static func affect(
    seed: UInt64, index: Int, person: FaceIdentity, expression: Expression
  ) -> FaceAffect {
    var random = CounterRandom(seed: seed, stream: .picture, index: index)
    return FaceAffect(expression, of: person, from: &random)
  }

  var geometry: FaceGeometry { FaceGeometry(person, affect.pose) }

  /// A square about the face, as loosely placed as a detector's.
  mutating func detectedBox() -> FaceBox {
    let half = scene.frame.scale * (1.04 + 0.05 * random.bell())
    let centre = scene.frame.toPixels(SIMD2(0.03 * random.bell(), 0.04 * random.bell()))
    let left = max(0, Int(centre.x - half))
    let top = max(0, Int(centre.y - half))
    return FaceBox(
      x: left, y: top, width: min(imageSize, Int(centre.x + half)) - left,
      height: min(imageSize, Int(centre.y + half)) - top)
  }
}

/// Draws one picture after another; one for each thread.
final class FaceStudio {
  private var canvas = FaceCanvas(size: 1)
  private let pixels = PixelBuffer()
  private let encoder: JPEGEncoder

  init() throws {
    encoder = try JPEGEncoder()
  }

  /// Draws a face.
  ///
  /// - Returns: the pixels, valid until the next call.
  func draw(
    _ person: FaceIdentity, _ pose: FacePose, in scene: FaceScene, imageSize: Int,
    noise: inout CounterRandom
  ) -> PixelBuffer {
    if canvas.size != imageSize { canvas = FaceCanvas(size: imageSize) }
    FacePainter(
      canvas: canvas, person: person, pose: pose, geometry: FaceGeometry(person, pose), scene: scene
    ).paint(noise: &noise)
    canvas.copy(to: pixels)
    return pixels
  }

  /// Draws a picture into its file.
  ///
  /// - Throws: `MediaError`.
  func write(_ picture: FacePicture, to file: String) throws {
    var random = picture.random
    let pixels = draw(
      picture.person, picture.affect.pose, in: picture.scene, imageSize: picture.imageSize,
      noise: &random)
    try encoder.write(pixels, quality: picture.scene.jpegQuality, to: file)
  }
}
