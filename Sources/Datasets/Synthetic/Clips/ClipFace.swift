import CounterRandom

/// Somebody's face over the time of a clip.
struct ClipFace: Sendable {
  let person: FaceIdentity
  private let scene: FaceScene
  private let imageSize: Int
  private let turn: (roll: SmoothSignal, yaw: SmoothSignal, pitch: SmoothSignal)
  private let sway: (across: SmoothSignal, down: SmoothSignal)
  /// When eyes close, in seconds.
  private let blinks: [Float]

  private static let blinkSeconds: Float = 0.18

  /// - Parameter number: of the person, unique over all sets.
  init(seed: UInt64, number: Int, imageSize: Int, seconds: Float) {
    person = FaceIdentity(seed: seed, number: number)
    self.imageSize = imageSize
    var random = CounterRandom(seed: seed, stream: .clip, index: number)
    scene = FaceScene(imageSize: imageSize, .filmed, from: &random)
    func signal(_ deviation: Float) -> SmoothSignal {
      SmoothSignal(deviation: deviation, periods: 1.5...12, from: &random)
    }
    turn = (signal(0.05), signal(0.3), signal(0.22))
    sway = (signal(0.02), signal(0.012))
    var blinks: [Float] = []
    var time = random.uniform(in: 0.5...4)
    while time < seconds {
      blinks.append(time)
      time += random.uniform(in: 1.5...6)
    }
    self.blinks = blinks
  }

  /// What is seen at a time.
  ///
  /// - Parameters:
  ///   - affect: what the face shows: valence and arousal.
  ///   - mouth: how far speaking opens it, 0 to 1.
  func frame(
    at time: Float, affect: SIMD2<Float>, mouth: Float
  ) -> (pose: FacePose, scene: FaceScene) {
    var pose = FacePose(affect: affect, of: person)
    // Half of what the jaw does is speech; lips that speak are not pressed.
    pose.open = 0.6 * pose.open + 0.5 * mouth
    pose.press *= 1 - 0.7 * mouth
    if let blink = blinks.last(where: { $0 <= time }), time < blink + Self.blinkSeconds {
      pose.wide = -1.1
      pose.squint = max(pose.squint, 0.9)
    }
    var scene = scene
    let size = Float(imageSize)
    let moved = SIMD2(sway.across.value(at: time), sway.down.value(at: time))
    let turned = HeadTurn(
      roll: turn.roll.value(at: time), yaw: turn.yaw.value(at: time),
      pitch: turn.pitch.value(at: time))
    (scene.frame, scene.features) = turned.frames(
      origin: scene.frame.origin + size * moved, scale: scene.frame.scale)
    return (pose, scene)
  }
}

extension FacePose {
  /// The face of somebody who feels so: a mixture of the expressions that are near, as labelled faces
  /// have them.
  ///
  /// - Parameter affect: valence and arousal.
  init(affect: SIMD2<Float>, of person: FaceIdentity) {
    let near = Expression.allCases.map { expression in
      let offset = affect - FaceAffect.circumplex(expression)
      let distance = (offset * offset).sum()
      return (expression: expression, weight: 1 / (0.04 + distance * distance))
    }
    let total = near.reduce(0) { $0 + $1.weight }
    self.init()
    var shown = SIMD2<Float>.zero
    for (expression, weight) in near {
      add(FacePose(expression, bared: true), weight / total)
      shown += FaceAffect.circumplex(expression) * (weight / total)
    }
    depart(by: affect - shown, of: person)
  }
}
