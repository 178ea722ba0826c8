/// What is said of a face, or of a recording at one moment. What is not known is empty or nil; what is
/// not finite counts as not known.
public struct EmotionEstimate: Equatable, Sendable {
  /// Of each class, 0 to 1, in the order of the classes; empty where not known.
  public var probabilities: [Float]
  /// From −1, negative, to 1, positive; what lies beyond is drawn there.
  public var valence: Float?
  /// From −1, calm, to 1, excited; what lies beyond is drawn there.
  public var arousal: Float?

  /// An estimate of what is given.
  public init(probabilities: [Float] = [], valence: Float? = nil, arousal: Float? = nil) {
    self.probabilities = probabilities
    self.valence = valence
    self.arousal = arousal
  }

  /// The same with what can be drawn alone: numbers within their ranges, and all probabilities or none.
  var drawable: EmotionEstimate {
    let areKnown = probabilities.allSatisfy(\.isFinite)
    func bounded(_ value: Float?) -> Float? {
      value.flatMap { $0.isFinite ? min(max($0, -1), 1) : nil }
    }
    return EmotionEstimate(
      probabilities: areKnown ? probabilities.map { min(max($0, 0), 1) } : [],
      valence: bounded(valence), arousal: bounded(arousal))
  }

  /// Whether nothing is known.
  var isEmpty: Bool { probabilities.isEmpty && valence == nil && arousal == nil }

  /// The class of the highest probability, the first of equal ones; nil where none is known.
  var mostProbableClass: Int? {
    var best: Int?
    for (index, probability) in probabilities.enumerated()
    where best.map({ probability > probabilities[$0] }) ?? true {
      best = index
    }
    return best
  }

  /// Valence and arousal, where both are known.
  var affect: Point? {
    guard let valence, let arousal else { return nil }
    return Point(Double(valence), Double(arousal))
  }
}
