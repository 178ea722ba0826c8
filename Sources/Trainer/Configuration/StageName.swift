import Yams

/// The stages of the system, by the names of their commands.
public enum StageName: String, Sendable, ConfigurationChoice {
  /// Learns to see expressions from labelled faces and triplets.
  case teacher
  /// Learns the same from a teacher as well, and from faces without labels.
  case distill
  /// Learns to hear emotions from labelled speech.
  case audio
  /// Follows valence and arousal over time by what both of them perceive.
  case fusion

  /// The stage that a configuration file is for: `teacher` where it does not say, and where it is no
  /// YAML, which its reader refuses with the place.
  ///
  /// - Throws: `TrainerError.configuration` for a stage that there is not.
  init(ofConfiguration file: String) throws {
    self = .teacher
    guard let text = try? String(contentsOfFile: file, encoding: .utf8),
      let node = try? Yams.compose(yaml: text)?["stage"]
    else { return }
    guard let stage = StageName(yaml: node) else {
      throw TrainerError.configuration([
        ConfigurationMistake(
          origin: .line(file: file, line: node.mark?.line ?? 1), key: "stage",
          problem: "expected \(Self.expectation), found \(node.shown)")
      ])
    }
    self = stage
  }
}
