import CounterRandom

/// What stays the same over all pictures of one person.
struct FaceIdentity {
  var skin: SIMD4<Float>
  var hair: SIMD4<Float>
  var iris: SIMD4<Float>
  var lips: SIMD4<Float>
  /// Half the face's width, where half its height is 1.
  var halfWidth: Float
  /// How square the jaw is: 0 round, 1 square.
  var jaw: Float
  var eyeDistance: Float
  var eyeHeight: Float
  var eyeSize: Float
  var browThickness: Float
  var noseWidth: Float
  var noseLength: Float
  var mouthWidth: Float
  var mouthHeight: Float
  var lipThickness: Float
  /// 0 bald, 1 short, 2 fringe, 3 long.
  var hairStyle: Int
  var beard: Float
  var glasses: Bool
  /// The face at rest is not the same in everyone, which is what makes weak expressions ambiguous.
  var restingSmile: Float
  var restingBrow: Float
  var restingEyes: Float

  private static let skins: [SIMD4<Float>] = [
    SIMD4(0.97, 0.84, 0.75, 1), SIMD4(0.93, 0.76, 0.64, 1), SIMD4(0.86, 0.66, 0.52, 1),
    SIMD4(0.74, 0.54, 0.40, 1), SIMD4(0.58, 0.40, 0.29, 1), SIMD4(0.40, 0.27, 0.20, 1),
  ]
  private static let hairs: [SIMD4<Float>] = [
    SIMD4(0.08, 0.06, 0.06, 1), SIMD4(0.22, 0.14, 0.09, 1), SIMD4(0.42, 0.26, 0.14, 1),
    SIMD4(0.80, 0.64, 0.36, 1), SIMD4(0.62, 0.24, 0.12, 1), SIMD4(0.66, 0.66, 0.68, 1),
  ]
  private static let irises: [SIMD4<Float>] = [
    SIMD4(0.24, 0.15, 0.09, 1), SIMD4(0.30, 0.42, 0.58, 1), SIMD4(0.30, 0.44, 0.28, 1),
  ]

  /// The person of a number: a pure function of (seed, number).
  init(seed: UInt64, number: Int) {
    var random = CounterRandom(seed: seed, stream: .person, index: number)
    skin = random.blend(of: Self.skins)
    hair = random.blend(of: Self.hairs)
    iris = Self.irises[random.integer(below: Self.irises.count)]
    lips = skin * SIMD4(0.90, 0.62, 0.60, 1) + SIMD4(0.04, 0, 0, 0) * random.uniform()
    halfWidth = random.uniform(in: 0.70...0.84)
    jaw = random.uniform()
    eyeDistance = random.uniform(in: 0.29...0.36)
    eyeHeight = random.uniform(in: (-0.20)...(-0.10))
    eyeSize = random.uniform(in: 0.135...0.175)
    browThickness = random.uniform(in: 0.022...0.048)
    noseWidth = random.uniform(in: 0.09...0.15)
    noseLength = random.uniform(in: 0.30...0.40)
    mouthWidth = random.uniform(in: 0.25...0.33)
    mouthHeight = random.uniform(in: 0.50...0.58)
    lipThickness = random.uniform(in: 0.032...0.062)
    hairStyle = random.integer(below: 4)
    beard = random.uniform() < 0.22 ? random.uniform(in: 0.35...0.9) : 0
    glasses = random.uniform() < 0.16
    restingSmile = random.uniform(in: (-0.14)...0.14)
    restingBrow = random.uniform(in: (-0.16)...0.16)
    restingEyes = random.uniform(in: (-0.14)...0.14)
  }

  /// The person of a number in another population, whose features are distributed otherwise: what has
  /// been learned from the first has to be carried over to it.
  static func stranger(seed: UInt64, number: Int) -> FaceIdentity {
    var person = FaceIdentity(seed: seed, number: number)
    var random = CounterRandom(seed: seed, stream: .strangerPerson, index: number)
    person.halfWidth -= 0.03
    person.eyeDistance += 0.012
    person.eyeHeight += 0.03
    person.eyeSize *= 0.93
    person.browThickness *= 1.25
    person.mouthWidth *= 1.06
    person.lipThickness *= 1.15
    person.beard = random.uniform() < 0.32 ? random.uniform(in: 0.35...0.9) : 0
    person.glasses = random.uniform() < 0.26
    person.restingSmile *= 1.4
    person.restingBrow *= 1.4
    return person
  }
}

extension CounterRandom {
  /// A colour between two neighbours of a palette.
  mutating func blend(of palette: [SIMD4<Float>]) -> SIMD4<Float> {
    let first = integer(below: palette.count - 1)
    let part = uniform()
    return palette[first] * (1 - part) + palette[first + 1] * part
  }
}
