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
  /// The exponent of the camera's tone curve; 1 is none.
  var gamma: Float
  var jpegQuality: Int

  init(imageSize: Int, _ conditions: FaceConditions = .found, from random: inout CounterRandom) {
    let size = Float(imageSize)
    let turn = HeadTurn(
      roll: 0.11 * conditions.tilt * random.bell(), yaw: 0.5 * conditions.turn * random.bell(),
      pitch: 0.5 * conditions.turn * random.bell())
    let offset =
      conditions.offset * SIMD2(0.045 * random.bell(), 0.035 * random.bell()) + SIMD2(0.5, 0.52)
    let scale = size * random.uniform(in: conditions.scale)
    (frame, features) = turn.frames(origin: offset * size, scale: scale)
    let angle = random.uniform(in: 0...(2 * Float.pi))
    light = SIMD3(0.7 * cos(angle), -0.35 + 0.4 * sin(angle), 0.75)
    lightStrength = random.uniform(in: conditions.lightStrength)
    exposure = conditions.tint * random.uniform(in: conditions.exposure)
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
    noise = random.uniform(in: conditions.noise)
    gamma = conditions.gamma
    jpegQuality = conditions.jpegQuality + random.integer(below: 18)
  }

  /// Moves and scales the face so that its eyes lie where aligned data sets have them.
  ///
  /// - Parameter error: how far the eyes were found from where they are, as a part of their distance.
  mutating func align(_ person: FaceIdentity, imageSize: Int, error: SIMD2<Float>) {
    let size = Float(imageSize)
    let eye = { (frame: FaceFrame, side: Float) in
      frame.toPixels(SIMD2(side * person.eyeDistance, person.eyeHeight))
    }
    let between = eye(features, 1) - eye(features, -1)
    let zoom = 0.36 * size / (between * between).sum().squareRoot()
    let middle = (eye(features, 1) + eye(features, -1)) * 0.5
    let target = (SIMD2(0.5, 0.37) + 0.36 * error) * size
    for path in [\FaceScene.frame, \FaceScene.features] {
      self[keyPath: path].origin = target + (self[keyPath: path].origin - middle) * zoom
      self[keyPath: path].scale *= zoom
    }
  }
}

/// Where a head looks: each number is about 1 at most, 0 straight ahead; roll in radians.
struct HeadTurn {
  var roll: Float
  var yaw: Float
  var pitch: Float

  /// The coordinates of the head, and those of the features, which move further when it turns.
  func frames(origin: SIMD2<Float>, scale: Float) -> (head: FaceFrame, features: FaceFrame) {
    let head = FaceFrame(
      origin: origin, scale: scale, direction: SIMD2(cos(roll), sin(roll)),
      squeeze: 1 - 0.05 * min(abs(yaw), 2))
    let features = head.moved(
      by: SIMD2(0.13 * max(-1.5, min(1.5, yaw)), 0.07 * max(-1.5, min(1.5, pitch))),
      squeeze: 1 - 0.03 * min(abs(yaw), 2))
    return (head, features)
  }
}

/// How a set's pictures were taken: what scenes are drawn from.
struct FaceConditions {
  /// Factors on how much heads tilt, turn and are off the centre.
  var tilt: Float = 1
  var turn: Float = 1
  var offset: Float = 1
  /// Half the face's height, as a part of the picture's.
  var scale: ClosedRange<Float> = 0.29...0.37
  var lightStrength: ClosedRange<Float> = 0.12...0.5
  var exposure: ClosedRange<Float> = 0.72...1.15
  var tint = SIMD4<Float>(1, 1, 1, 1)
  var noise: ClosedRange<Float> = 0.005...0.035
  var gamma: Float = 1
  /// The least.
  var jpegQuality = 78

  /// Cropped to the face, as searches on the web find them.
  static let found = FaceConditions()
  /// People in their surroundings.
  static let snapshots = FaceConditions(tilt: 1.3, offset: 2.2, scale: 0.17...0.28)
  /// Another camera under harder, warmer light, turned upright by the eyes.
  static let aligned = FaceConditions(
    tilt: 0.3, turn: 1.3, lightStrength: 0.3...0.65, exposure: 0.6...1.0,
    tint: SIMD4(1.08, 1, 0.88, 1), noise: 0.012...0.04, gamma: 0.85, jpegQuality: 66)
  /// One recording: the camera stands still, the head moves.
  static let filmed = FaceConditions(
    tilt: 0, turn: 0, offset: 0.6, scale: 0.29...0.34, noise: 0.004...0.015)
}

extension CounterRandom {
  /// Any colour, neither black nor white.
  mutating func colour() -> SIMD4<Float> {
    SIMD4(
      uniform(in: 0.1...0.9), uniform(in: 0.1...0.9), uniform(in: 0.1...0.9), 1)
  }
}
