import CounterRandom

/// How somebody speaks: departures from a speaker's even voice, 0 each.
struct VoiceManner: Sendable {
  /// What departs.
  enum Trait: Int, CaseIterable {
    /// Of the pitch's level, in semitones.
    case pitch
    /// The logarithm of a factor on how far the pitch moves.
    case range
    /// Semitones that the pitch rises over a phrase.
    case slope
    /// Decibels.
    case energy
    /// The logarithm of a factor on the speed.
    case rate
    /// More air in the voice.
    case breath
    /// Firmer closing of the glottis: more of the high harmonics.
    case tension
    /// Periods of unequal length.
    case roughness
    /// A pitch that shakes.
    case tremor
    /// A wider open mouth: a higher first formant.
    case opening
    /// Lips drawn back: higher formants.
    case smile
  }

  private var values = SIMD16<Float>()

  /// The even voice.
  init() {}

  init(_ departures: KeyValuePairs<Trait, Float>) {
    for (trait, departure) in departures { values[trait.rawValue] = departure }
  }

  subscript(trait: Trait) -> Float {
    get { values[trait.rawValue] }
    set { values[trait.rawValue] = newValue }
  }

  /// About how far a trait moves between the emotions, which is what noise is measured by.
  private static let deviations = VoiceManner([
    .pitch: 2.6, .range: 0.3, .slope: 1.8, .energy: 3.6, .rate: 0.13, .breath: 0.14,
    .tension: 0.34, .roughness: 0.3, .tremor: 0.3, .opening: 0.3, .smile: 0.3,
  ])

  /// A manner drawn at random, each trait by `scale` of what tells emotions apart.
  static func random(scale: Float, from random: inout CounterRandom) -> VoiceManner {
    var drawn = VoiceManner()
    for trait in Trait.allCases { drawn[trait] = scale * deviations[trait] * random.bell() }
    return drawn
  }

  static func + (left: VoiceManner, right: VoiceManner) -> VoiceManner {
    var sum = left
    sum.values += right.values
    return sum
  }

  static func * (manner: VoiceManner, factor: Float) -> VoiceManner {
    var product = manner
    product.values *= factor
    return product
  }

  /// Trait by trait.
  static func * (left: VoiceManner, right: VoiceManner) -> VoiceManner {
    var product = left
    product.values *= right.values
    return product
  }

  /// What a state of mind does to the voice: arousal much, valence little.
  ///
  /// - Source: the directions that K. Scherer, "Vocal communication of emotion", Speech Communication
  ///   40, 2003, gathers from the studies.
  init(valence: Float, arousal: Float) {
    self.init([
      .pitch: 4.2 * arousal, .range: 0.45 * arousal + 0.25 * valence, .slope: 3 * valence,
      .energy: 6 * arousal, .rate: 0.2 * arousal, .breath: -0.18 * arousal,
      .tension: 0.5 * arousal - 0.3 * valence, .roughness: -0.7 * valence,
      .opening: 0.25 * arousal + 0.4 * valence, .smile: 1.6 * valence,
    ])
  }
}

extension VocalEmotion {
  /// The manner of the emotion in its usual strength.
  ///
  /// - Source: about what P. Juslin and P. Laukka, "Communication of emotions in vocal expression and
  ///   music performance", Psychological Bulletin 129(5), 2003, find.
  var manner: VoiceManner {
    switch self {
    case .neutral: VoiceManner()
    case .calm:
      VoiceManner([
        .pitch: -1, .range: -0.2, .energy: -2.5, .rate: -0.1, .breath: 0.14, .tension: -0.25,
      ])
    case .happy:
      VoiceManner([
        .pitch: 3.4, .range: 0.4, .slope: 1, .energy: 2.5, .rate: 0.07, .tension: 0.15, .smile: 0.8,
        .opening: 0.2,
      ])
    case .sad:
      VoiceManner([
        .pitch: -1.2, .range: -0.45, .slope: -1.5, .energy: -4, .rate: -0.2, .breath: 0.22,
        .tension: -0.4, .tremor: 0.2,
      ])
    case .angry:
      VoiceManner([
        .pitch: 2.4, .range: 0.3, .slope: -1.5, .energy: 6, .rate: 0.08, .breath: -0.1,
        .tension: 0.65, .roughness: 0.6, .opening: 0.5,
      ])
    case .fearful:
      VoiceManner([
        .pitch: 4.4, .range: -0.05, .slope: 0.5, .energy: 0.5, .rate: 0.16, .breath: 0.12,
        .tension: 0.2, .roughness: 0.25, .tremor: 0.9,
      ])
    case .disgust:
      VoiceManner([
        .pitch: -1.6, .range: -0.1, .slope: -2.5, .energy: 0.5, .rate: -0.18, .tension: 0.15,
        .roughness: 0.7, .opening: -0.4, .smile: -0.5,
      ])
    case .surprised:
      VoiceManner([
        .pitch: 4.6, .range: 0.6, .slope: 4, .energy: 2, .rate: -0.02, .tension: 0.1, .breath: 0.06,
        .opening: 0.4,
      ])
    }
  }
}
