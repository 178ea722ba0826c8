import Foundation

/// How well valence and arousal are predicted.
struct AffectScores: Equatable, Sendable {
  let valence: DimensionScore
  let arousal: DimensionScore

  /// Compares predictions with the truth, frame by frame.
  init(_ predictions: [SIMD2<Float>], _ truth: [SIMD2<Float>]) {
    valence = DimensionScore(zip(predictions, truth).lazy.map { ($0.x, $1.x) })
    arousal = DimensionScore(zip(predictions, truth).lazy.map { ($0.y, $1.y) })
  }

  /// The mean of both concordance correlations.
  var concordance: Double { (valence.concordance + arousal.concordance) / 2 }

  /// Both dimensions with their names.
  var dimensions: [(name: String, score: DimensionScore)] {
    [("valence", valence), ("arousal", arousal)]
  }
}

/// The scores of a split's recordings, each by itself and end to end.
struct SplitScores: Equatable, Sendable {
  /// Each recording by its name.
  let recordings: [(name: String, scores: AffectScores)]
  /// All of them end to end.
  let concatenated: AffectScores
  /// What the scores of several recordings follow from, in the order of the recordings.
  let moments: [(valence: DimensionMoments, arousal: DimensionMoments)]

  /// - Parameter predictions: `[recordings][frames]`, where the annotations have them.
  init(_ split: FusionSplit, _ predictions: [[SIMD2<Float>]]) {
    recordings = zip(split.recordings, predictions).map { ($0.name, AffectScores($1, $0.labels)) }
    concatenated = AffectScores(predictions.flatMap { $0 }, split.recordings.flatMap(\.labels))
    moments = zip(split.recordings, predictions).map { recording, predictions in
      let pairs = zip(predictions, recording.labels)
      return (
        valence: DimensionMoments(pairs.lazy.map { ($0.x, $1.x) }),
        arousal: DimensionMoments(pairs.lazy.map { ($0.y, $1.y) })
      )
    }
  }

  static func == (left: SplitScores, right: SplitScores) -> Bool {
    left.concatenated == right.concatenated
      && left.recordings.map(\.name) == right.recordings.map(\.name)
      && left.recordings.map(\.scores) == right.recordings.map(\.scores)
  }
}

/// What both dimensions' predictions undergo, as a run stores it.
struct AffectPostProcessing: Codable, Equatable, Sendable {
  var valence = PostProcessing()
  var arousal = PostProcessing()

  /// Changes nothing.
  init() {}

  /// The choice by development data.
  init(
    _ section: PostProcessingSection, predictions: [[SIMD2<Float>]], truths: [[SIMD2<Float>]]
  ) {
    func choice(_ dimension: Int) -> PostProcessing {
      section.choice(
        predictions: predictions.map { $0.map { $0[dimension] } },
        truths: truths.map { $0.map { $0[dimension] } })
    }
    valence = choice(0)
    arousal = choice(1)
  }

  /// The predictions of one recording after all of it.
  func applied(to predictions: [SIMD2<Float>]) -> [SIMD2<Float>] {
    zip(
      valence.applied(to: predictions.map(\.x)), arousal.applied(to: predictions.map(\.y))
    ).map { SIMD2($0, $1) }
  }
}

/// The file of a run that keeps, for each evaluation, what it chose.
struct PostProcessingFile {
  let path: String

  /// What the evaluation after a step chose; nil where the file does not have it.
  ///
  /// - Throws: `TrainerError.featuresBroken` for a file that is not what was written.
  func choice(step: Int) throws -> AffectPostProcessing? { try read()["\(step)"] }

  /// Adds the choice of an evaluation.
  func add(_ choice: AffectPostProcessing, step: Int) throws {
    // One that cannot be read says nothing of older steps; the file must not end a training.
    var all = (try? read()) ?? [:]
    all["\(step)"] = choice
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try DurableFiles.replace(path, with: Array(try encoder.encode(all)) + [UInt8(ascii: "\n")])
  }

  private func read() throws -> [String: AffectPostProcessing] {
    guard let bytes = try DurableFiles.contents(path) else { return [:] }
    do {
      return try JSONDecoder().decode([String: AffectPostProcessing].self, from: Data(bytes))
    } catch {
      throw TrainerError.featuresBroken(
        file: path, reason: "is not what an evaluation writes; remove it")
    }
  }
}
