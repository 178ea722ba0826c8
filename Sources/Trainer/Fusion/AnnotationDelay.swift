import Yams

/// By how much annotations come later than what they are about, in seconds, of each dimension.
///
/// - Source: S. Mariooryad and C. Busso, "Correcting time-continuous emotional labels by modeling the
///   reaction lag of evaluators", IEEE Transactions on Affective Computing 2015.
struct AnnotationDelay: Equatable, Sendable {
  /// Of valence.
  var valence = 0.0
  /// Of arousal.
  var arousal = 0.0

  /// No delay.
  init() {}

  /// A delay of each dimension.
  init(valence: Double, arousal: Double) {
    self.valence = valence
    self.arousal = arousal
  }

  /// Whether anybody would be so late.
  var isPossible: Bool { [valence, arousal].allSatisfy { (0...60).contains($0) } }

  /// In frames, valence first.
  var frames: [Int] { [valence, arousal].map { FrameClock.frames(seconds: $0) } }

  /// What is known of each frame's truth when features of frame t are to predict the annotation of
  /// t + delay; not a number where that lies behind the recording's end.
  ///
  /// - Shapes: `labels` and the result are `[frames]` pairs of valence and arousal.
  func targets(of labels: [SIMD2<Float>]) -> [SIMD2<Float>] {
    labels.indices.map { frame in
      let times = frames.map { frame + $0 }
      return SIMD2(
        times[0] < labels.count ? labels[times[0]].x : .nan,
        times[1] < labels.count ? labels[times[1]].y : .nan)
    }
  }

  /// Puts what was predicted from the features of each frame where annotations have it; the first
  /// frames, before any prediction, have the first one.
  func aligned(_ predictions: [SIMD2<Float>]) -> [SIMD2<Float>] {
    predictions.indices.map { frame in
      let times = frames.map { max(0, frame - $0) }
      return SIMD2(predictions[times[0]].x, predictions[times[1]].y)
    }
  }
}

extension AnnotationDelay: ConfigurationValue {
  static var expectation: String { "a number, or two, [valence, arousal]" }

  init?(yaml node: Node) {
    if let both = Double(yaml: node) {
      self.init(valence: both, arousal: both)
      return
    }
    guard case .sequence(let sequence) = node, sequence.count == 2,
      let valence = Double(yaml: sequence[0]), let arousal = Double(yaml: sequence[1])
    else { return nil }
    self.init(valence: valence, arousal: arousal)
  }

  var yaml: String {
    valence == arousal ? valence.yaml : "[\(valence.yaml), \(arousal.yaml)]"
  }
}
