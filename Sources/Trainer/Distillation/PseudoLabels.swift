import Datasets

/// The faces without labels that a student learns from, with the classes that its teacher gives them.
struct PseudoLabels {
  /// The faces, as indices into the list, ascending.
  private(set) var faces: [Int32] = []
  /// Their classes.
  private(set) var labels: [Expression] = []

  /// Chooses faces by what the teacher says about them.
  ///
  /// - Parameters:
  ///   - confidence: the probability that the likeliest class needs.
  ///   - perClass: keeps so many of each class, the surest, and of those alike the first; nil for all.
  /// - Source: Q. Xie et al., "Self-training with Noisy Student improves ImageNet classification",
  ///   CVPR 2020.
  init(_ outputs: TeacherOutputs, confidence: Double, perClass: Int?) {
    var candidates = (0..<outputs.count).compactMap { face -> Candidate? in
      guard let opinion = outputs.opinion(of: face), opinion.probability >= confidence,
        let label = Expression(rawValue: opinion.label)
      else { return nil }
      return Candidate(face: Int32(face), label: label, probability: opinion.probability)
    }
    if let perClass { candidates = Self.surest(perClass, of: candidates) }
    faces = candidates.map(\.face)
    labels = candidates.map(\.label)
  }

  /// Faces of each class, in the order of `Expression`.
  var counts: [Int] {
    Expression.allCases.map { expression in labels.count { $0 == expression } }
  }

  private struct Candidate {
    var face: Int32
    var label: Expression
    var probability: Double
  }

  private static func surest(_ count: Int, of candidates: [Candidate]) -> [Candidate] {
    Expression.allCases.flatMap { label in
      candidates.filter { $0.label == label }
        .sorted { ($1.probability, $0.face) < ($0.probability, $1.face) }
        .prefix(count)
    }.sorted { $0.face < $1.face }
  }
}
