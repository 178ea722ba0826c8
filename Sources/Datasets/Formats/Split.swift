/// What a sample is for.
public enum Split: String, Sendable, CaseIterable, Codable {
  /// Weights are learned from it.
  case training
  /// Settings are chosen by it.
  case validation
  /// It is seen once, at the end.
  case test

  /// The split that a list or a file name means; nil where it means none.
  ///
  /// Known are `train`, `training`, `dev`, `development`, `val`, `valid`, `validation` and `test`, in
  /// any case.
  public init?(name: some StringProtocol) {
    switch name.lowercased() {
    case "train", "training": self = .training
    case "dev", "development", "val", "valid", "validation": self = .validation
    case "test": self = .test
    default: return nil
    }
  }
}
