import Foundation
import Media

/// Where a face is in a picture, in pixels.
public typealias FaceRegion = Media.FaceRegion

/// What a network says of a face, a voice or a moment.
public struct Estimate: Equatable, Sendable {
  /// How sure the network is of each class, in the order of the model's `classes`, 0 to 1 and together 1; empty
  /// where it tells no classes apart.
  public var probabilities: [Float]
  /// From unpleasant, −1, to pleasant, 1; nil where the network does not say.
  public var valence: Float?
  /// From calm, −1, to excited, 1; nil where the network does not say.
  public var arousal: Float?

  /// An estimate with every field given.
  public init(probabilities: [Float] = [], valence: Float? = nil, arousal: Float? = nil) {
    self.probabilities = probabilities
    self.valence = valence
    self.arousal = arousal
  }

  /// The most probable class, an index into the model's `classes`; the first of equals.
  public var mostProbable: Int? {
    probabilities.indices.reduce(nil) { best, index in
      guard let best else { return index }
      return probabilities[index] > probabilities[best] ? index : best
    }
  }

  /// - Parameters:
  ///   - logits: of the classes; empty for none.
  ///   - affect: valence and arousal; empty where they are not predicted.
  init(logits: [Float], affect: [Float]) {
    self.init(
      probabilities: Self.softmax(logits), valence: affect.first, arousal: affect.last)
  }

  /// In double, from the largest on, so that no exponential is infinite.
  private static func softmax(_ logits: [Float]) -> [Float] {
    let largest = Double(logits.max() ?? 0)
    let powers = logits.map { exp(Double($0) - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { Float($0 / sum) }
  }
}

/// What a network says of a face in a picture.
public struct FacePrediction: Equatable, Sendable {
  /// Where the face is; nil where the picture as a whole was taken for a face.
  public var region: FaceRegion?
  /// Expression, valence and arousal.
  public var estimate: Estimate
  /// What the heads read of the face, for any other task.
  public var features: [Float]
  /// Like expressions have embeddings that are close to each other; empty for networks without this head.
  public var embedding: [Float]
}

/// What a network says of a moment of a voice.
public struct VoicePrediction: Equatable, Sendable {
  /// The middle of the moment, in seconds from the start.
  public var seconds: Double
  /// Emotion, valence and arousal.
  public var estimate: Estimate
  /// What the heads read of the sound around the moment.
  public var features: [Float]
}

/// One frame of a film or a sound.
public struct Moment: Equatable, Sendable {
  /// The frame, counted from 0.
  public var frame: Int
  /// Where it begins, in seconds from the start.
  public var seconds: Double
  /// Where the face is, in pixels of the picture; nil where there is none.
  public var region: FaceRegion?
  /// What is predicted; nothing of a frame without a face by a network that sees.
  public var estimate: Estimate

  /// A moment with every field given.
  public init(frame: Int, seconds: Double, region: FaceRegion?, estimate: Estimate) {
    self.frame = frame
    self.seconds = seconds
    self.region = region
    self.estimate = estimate
  }
}

/// What a network says of a film or a sound, frame by frame.
public struct RecordingPrediction: Equatable, Sendable {
  /// All frames, in order.
  public var moments: [Moment]
  /// Seconds from one frame to the next.
  public var periodSeconds: Double
  /// What somebody who reads the numbers has to know: no face, no sound, other faces.
  public var remarks: [String]

  /// Whether any frame has a prediction.
  public var isEmpty: Bool { moments.allSatisfy { $0.estimate == Estimate() } }
}
