import CounterRandom
import Foundation

/// What surrounds the face in one picture: where the camera stands, light and background.
struct FaceScene {
  var frame: FaceFrame
  /// Where eyes, brows, nose and mouth are: they move further than the head when it turns.
  var features: FaceFrame
  /// Towards the light, across, down and out of the picture.
  var light: SIMD3<Float>
  var lightStrength: Float
  /// Brightness and tint of the whole picture.
  var exposure: SIMD4<Float>
  var background: [SIMD4<Float>]
  var blobs: [(place: Circle, colour: SIMD4<Float>)]
  var clothes: SIMD4<Float>
  var noise: Float
  var jpegQuality: Int

  init(imageSize: Int, from random: inout CounterRandom) {
    let size = Float(imageSize)
    let roll = 0.11 * random.bell()
    let yaw = 0.5 * random.bell()
    let pitch = 0.5 * random.bell()
    frame = FaceFrame(
      origin: SIMD2(
        size * (0.5 + 0.045 * random.bell()), size * (0.52 + 0.035 * random.bell())),
      scale: size * random.uniform(in: 0.29...0.37),
      direction: SIMD2(cos(roll), sin(roll)),
      squeeze: 1 - 0.05 * min(abs(yaw), 2))
    features = frame.moved(
      by: SIMD2(0.13 * max(-1.5, min(1.5, yaw)), 0.07 * max(-1.5, min(1.5, pitch))),
      squeeze: 1 - 0.03 * min(abs(yaw), 2))
    let angle = random.uniform(in: 0...(2 * Float.pi))
    light = SIMD3(0.7 * cos(angle), -0.35 + 0.4 * sin(angle), 0.75)
    lightStrength = random.uniform(in: 0.12...0.5)
    exposure = SIMD4(repeating: random.uniform(in: 0.72...1.15))
    exposure *= SIMD4(
      1 + 0.05 * random.bell(), 1 + 0.02 * random.bell(), 1 + 0.05 * random.bell(), 1)
    background = [random.colour(), random.colour()]
    blobs = (0..<random.integer(below: 6)).map { _ in
      (
        Circle(
          size * random.uniform(), size * random.uniform(), size * random.uniform(in: 0.05...0.3)),
        random.colour()
      )
    }
    clothes = random.colour()
    noise = random.uniform(in: 0.005...0.035)
    jpegQuality = 78 + random.integer(below: 18)
  }
}

extension CounterRandom {
  /// Any colour, neither black nor white.
  mutating func colour() -> SIMD4<Float> {
    SIMD4(
      uniform(in: 0.1...0.9), uniform(in: 0.1...0.9), uniform(in: 0.1...0.9), 1)
  }
}
