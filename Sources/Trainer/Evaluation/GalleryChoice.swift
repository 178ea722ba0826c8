/// Which samples of an evaluation are worth a look: mistakes, the gravest first, then samples that were
/// recognised, spread over the list.
enum GalleryChoice {
  /// Of each kind.
  static let most = 12

  /// A sample that could be shown.
  struct Candidate: Equatable {
    /// Its place in the list.
    var sample: Int
    var isRight: Bool
    /// How grave its mistake is, such as the confidence in it.
    var weight: Double
  }

  /// The samples to show, by their places in the list.
  ///
  /// - Parameter candidates: in the order of the list.
  static func choose(from candidates: [Candidate]) -> [Int] {
    let wrong = candidates.filter { !$0.isRight }
      .sorted { ($1.weight, $0.sample) < ($0.weight, $1.sample) }
    let right = candidates.filter(\.isRight)
    let shown = min(most, right.count)
    return wrong.prefix(most).map(\.sample)
      + (0..<shown).map { right[$0 * right.count / shown].sample }
  }
}
