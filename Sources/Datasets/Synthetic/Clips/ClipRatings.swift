import CounterRandom

/// What six annotators say of a clip while they watch it, frame by frame.
struct ClipRatings: Sendable {
  /// RECOLA's, in the order of its columns.
  static let annotators = ["FM1", "FM2", "FM3", "FF1", "FF2", "FF3"]
  static let framesPerSecond = 25
  private static let mostDelaySeconds: Float = 3

  /// The habits of an annotator, the same for all clips.
  private struct Annotator {
    var delaySeconds: Float
    var gain: Float
    var bias: Float
    /// The deviation of what he says from what he means.
    var noise: Float
  }

  /// `[annotators][frames]`, −1 to 1, with four decimals.
  let individual: [[Float]]
  /// Their mean in every frame, delays and all, `[frames]`.
  let gold: [Float]

  /// - Parameter trace: what is felt at a time in seconds: valence or arousal.
  init(
    seed: UInt64, clip: Int, ofArousal: Bool, frames: Int, trace: (Float) -> Float
  ) {
    let dimension = ofArousal ? 1 : 0
    individual = Self.annotators.indices.map { number in
      let annotator = Self.annotator(number, seed: seed, dimension: dimension)
      var random = CounterRandom(
        seed: seed, stream: .rating, index: (clip << 3 + number) << 1 + dimension)
      let slips = SmoothSignal(deviation: annotator.noise, periods: 3...20, from: &random)
      return (0..<frames).map { frame in
        let time = Float(frame) / Float(Self.framesPerSecond)
        let meant = annotator.gain * trace(time - annotator.delaySeconds) + annotator.bias
        let said = min(max(meant + slips.value(at: time), -1), 1)
        return (said * 10_000).rounded() / 10_000
      }
    }
    let ratings = individual
    gold = (0..<frames).map { frame in
      ratings.reduce(0) { $0 + $1[frame] } / Float(ratings.count)
    }
  }

  private static func annotator(_ number: Int, seed: UInt64, dimension: Int) -> Annotator {
    var random = CounterRandom(seed: seed, stream: .rater, index: number << 1 + dimension)
    // A sixth of the range each, so that the six surely differ.
    let delay = (Float(number) + random.uniform()) / Float(annotators.count)
    return Annotator(
      delaySeconds: mostDelaySeconds * delay, gain: random.uniform(in: 0.7...1.2),
      bias: 0.07 * random.bell(), noise: random.uniform(in: 0.04...0.12))
  }

  /// The file of individual ratings, with the blanks that RECOLA's headers have.
  var individualText: String {
    var text = "time;FM1 ;FM2 ;FM3 ;FF1 ;FF2 ;FF3\n"
    for frame in gold.indices {
      text += Self.time(frame)
      for ratings in individual { text += ";\(Self.decimal(ratings[frame]))" }
      text += "\n"
    }
    return text
  }

  /// The gold standard as an ARFF file.
  func goldText(of name: String) -> String {
    var text = """
      @relation GoldStandard

      @attribute Instance_name string
      @attribute frameTime numeric
      @attribute GoldStandard numeric

      @data

      """
    for frame in gold.indices {
      text += "'\(name)',\(Self.time(frame)),\(Self.decimal(gold[frame]))\n"
    }
    return text
  }

  /// The time of a frame, with two decimals.
  private static func time(_ frame: Int) -> String {
    let hundredths = frame * 100 / framesPerSecond
    return "\(hundredths / 100).\(padded(hundredths % 100, 2))"
  }

  /// With four decimals.
  private static func decimal(_ value: Float) -> String {
    let scaled = Int((abs(value) * 10_000).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    return "\(sign)\(scaled / 10_000).\(padded(scaled % 10_000, 4))"
  }
}
