/// A categorical facial expression; raw values are AffectNet's codes and the class indices.
public enum Expression: Int, Sendable, CaseIterable {
  case neutral, happy, sad, surprise, fear, disgust, anger, contempt
}
