/// An emotion that a voice expresses; raw values are the class indices.
///
/// The list and its order are those of RAVDESS, whose codes are the raw values plus 1.
public enum VocalEmotion: Int, Sendable, CaseIterable, Codable {
  case neutral, calm, happy, sad, angry, fearful, disgust, surprised

  /// What lists of other data sets call them, besides the names above.
  private static let otherNames: [String: VocalEmotion] = [
    "afraid": .fearful, "anger": .angry, "disgusted": .disgust, "fear": .fearful,
    "happiness": .happy, "joy": .happy, "sadness": .sad, "surprise": .surprised,
  ]

  /// The emotion that a list names, in any case; nil where it is none of ours.
  ///
  /// Besides the cases' own names these are known: afraid and fear (fearful), anger (angry), disgusted
  /// (disgust), happiness and joy (happy), sadness (sad), surprise (surprised).
  public init?(name: String) {
    let name = name.lowercased()
    guard let emotion = Self.allCases.first(where: { "\($0)" == name }) ?? Self.otherNames[name]
    else { return nil }
    self = emotion
  }
}
