import CounterRandom

/// How a face moves: each number is 0 at rest and about 1 where it is strongest.
///
/// - Source: the movements that P. Ekman and W. Friesen, "Facial Action Coding System", 1978, and
///   "EMFACS", 1983, associate with the expressions.
struct FacePose {
  /// Corners of the mouth up (down where negative).
  var smile: Float = 0
  /// Jaw dropped.
  var open: Float = 0
  /// Mouth stretched sideways.
  var stretch: Float = 0
  /// Upper lip raised.
  var sneer: Float = 0
  /// Lips pressed together.
  var press: Float = 0
  /// One corner of the mouth up.
  var smirk: Float = 0
  /// Inner ends of the brows up (down where negative).
  var innerBrow: Float = 0
  /// Outer ends of the brows up.
  var outerBrow: Float = 0
  /// Brows drawn together.
  var knit: Float = 0
  /// Upper lids up.
  var wide: Float = 0
  /// Lower lids up.
  var squint: Float = 0
  /// Nose wrinkled.
  var wrinkle: Float = 0
  /// Teeth shown although the jaw is closed.
  var teeth: Float = 0

  /// The full expression; anger has two forms, with lips pressed and with teeth bared.
  init(_ expression: Expression, bared: Bool) {
    switch expression {
    case .neutral: self.init()
    case .happy: self.init(smile: 0.95, open: 0.28, stretch: 0.25, squint: 0.5, teeth: 0.8)
    case .sad:
      self.init(smile: -0.75, stretch: -0.12, innerBrow: 0.75, outerBrow: -0.4, wide: -0.45)
    case .surprise: self.init(open: 0.95, stretch: -0.32, innerBrow: 0.9, outerBrow: 0.9, wide: 0.8)
    case .fear:
      self.init(
        smile: -0.3, open: 0.38, stretch: 0.35, innerBrow: 0.85, outerBrow: 0.1, knit: 0.6,
        wide: 0.9,
        teeth: 0.6)
    case .disgust:
      self.init(
        smile: -0.35, open: 0.14, sneer: 0.9, innerBrow: -0.4, outerBrow: -0.15, wide: -0.3,
        squint: 0.75, wrinkle: 1, teeth: 0.5)
    case .anger:
      self.init(
        smile: -0.35, open: bared ? 0.25 : 0, stretch: bared ? 0.2 : 0, press: bared ? 0 : 0.9,
        innerBrow: -0.95, outerBrow: 0.35, knit: 0.8, wide: 0.2, squint: 0.35, wrinkle: 0.25,
        teeth: bared ? 1 : 0)
    case .contempt: self.init(smile: 0.05, press: 0.35, smirk: 0.95, outerBrow: 0.15, wide: -0.25)
    }
  }

  init(
    smile: Float = 0, open: Float = 0, stretch: Float = 0, sneer: Float = 0, press: Float = 0,
    smirk: Float = 0, innerBrow: Float = 0, outerBrow: Float = 0, knit: Float = 0, wide: Float = 0,
    squint: Float = 0, wrinkle: Float = 0, teeth: Float = 0
  ) {
    self.smile = smile
    self.open = open
    self.stretch = stretch
    self.sneer = sneer
    self.press = press
    self.smirk = smirk
    self.innerBrow = innerBrow
    self.outerBrow = outerBrow
    self.knit = knit
    self.wide = wide
    self.squint = squint
    self.wrinkle = wrinkle
    self.teeth = teeth
  }

  private static let movements: [WritableKeyPath<FacePose, Float> & Sendable] = [
    \.smile, \.open, \.stretch, \.sneer, \.press, \.smirk, \.innerBrow, \.outerBrow, \.knit, \.wide,
    \.squint, \.wrinkle, \.teeth,
  ]

  /// Scales every movement by `intensity` and by its own deviation from it.
  mutating func weaken(to intensity: Float, from random: inout CounterRandom) {
    for movement in Self.movements {
      self[keyPath: movement] *= max(0, intensity * (1 + 0.18 * random.bell()))
    }
  }

  /// Adds a part of another pose.
  mutating func add(_ other: FacePose, _ part: Float) {
    for movement in Self.movements { self[keyPath: movement] += part * other[keyPath: movement] }
  }

  /// Lets a departure of valence and arousal from the expression's own show in the face, and how the
  /// person's face is at rest: the corners of the mouth follow valence, eyes and jaw follow arousal.
  mutating func depart(by departure: SIMD2<Float>, of person: FaceIdentity) {
    smile += person.restingSmile + 0.8 * departure.x
    wide += person.restingEyes + 1.1 * departure.y
    open = max(0, open + 0.3 * max(0, departure.y))
    innerBrow += person.restingBrow
    outerBrow += 0.6 * person.restingBrow
  }
}

/// A face's expression with its labels.
struct FaceAffect {
  var expression: Expression
  var pose: FacePose
  var valence: Float
  var arousal: Float

  /// Valence and arousal of the full expression.
  ///
  /// - Source: about where J. Russell, "A circumplex model of affect", 1980, has the words.
  static func circumplex(_ expression: Expression) -> SIMD2<Float> {
    switch expression {
    case .neutral: SIMD2(0, -0.05)
    case .happy: SIMD2(0.85, 0.35)
    case .sad: SIMD2(-0.75, -0.45)
    case .surprise: SIMD2(0.2, 0.85)
    case .fear: SIMD2(-0.55, 0.85)
    case .disgust: SIMD2(-0.8, 0.35)
    case .anger: SIMD2(-0.65, 0.75)
    case .contempt: SIMD2(-0.6, 0.2)
    }
  }

  /// Draws an expression of random strength.
  init(_ expression: Expression, of person: FaceIdentity, from random: inout CounterRandom) {
    self.expression = expression
    let intensity = 0.38 + 0.67 * random.uniform().squareRoot()
    pose = FacePose(expression, bared: random.uniform() < 0.5)
    pose.weaken(to: intensity, from: &random)
    let departure = SIMD2(random.bell(), random.bell()) * 0.11
    let affect = Self.circumplex(expression) * intensity + departure
    valence = min(max(affect.x, -1), 1)
    arousal = min(max(affect.y, -1), 1)
    pose.depart(by: departure, of: person)
    pose.innerBrow += 0.08 * random.bell()
    pose.outerBrow += 0.08 * random.bell()
    // Either side may be the raised one.
    if random.uniform() < 0.5 { pose.smirk = -pose.smirk }
  }
}
