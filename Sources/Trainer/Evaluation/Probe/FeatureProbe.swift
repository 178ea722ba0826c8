import Datasets

/// Tries how far the features of a frozen backbone carry to labelled samples that it never saw: by a
/// linear classifier, and by a vote of the nearest samples.
///
/// The classifier's penalty and the number of votes are those of a fixed list that recognise most of a
/// held-out fifth of the training part; a tie goes to the earlier one. The test part is looked at once.
struct FeatureProbe {
  /// From the strictest to the loosest.
  static let penalties: [Double] = [10, 1, 0.1, 0.01, 1e-3, 1e-4, 1e-5]
  /// Votes of the nearest samples.
  static let votes = [1, 5, 10, 20, 50, 100, 200]

  /// What one of the two classifiers found.
  struct Outcome: Equatable, Sendable {
    /// The penalty, or the number of votes, that was chosen.
    var setting: Double
    /// What was recognised of the held-out fifth with it.
    var heldOutAccuracy: Double
    /// Of the test part.
    var predictions: PredictedLabels
  }

  /// Classes that are told apart; labels are below this.
  let classes: Int
  let job: Job

  /// The linear classifier's outcome. Collective; the same on all ranks.
  ///
  /// Features are moved to mean 0 and deviation 1 as measured on what is fitted, so that one penalty
  /// means the same for all backbones.
  func linear(training: FeatureSet, test: FeatureSet) throws -> Outcome {
    let (kept, heldOut) = training.holdingOut()
    let accuracies = try job.shared(Self.penalties.count) { index in
      [fit(kept, Self.penalties[index], heldOut).confusion.accuracy]
    }.map { $0[0] }
    let best = Self.firstBest(accuracies)
    return Outcome(
      setting: Self.penalties[best], heldOutAccuracy: accuracies[best],
      predictions: fit(training, Self.penalties[best], test))
  }

  private func fit(_ training: FeatureSet, _ penalty: Double, _ test: FeatureSet)
    -> PredictedLabels
  {
    let scaling = FeatureScaling(of: training)
    let classifier = LogisticRegression(
      fitting: scaling.scaled(training), classes: classes, penalty: penalty)
    return PredictedLabels(
      classes: classes, labels: test.labels,
      predictions: classifier.predictions(of: scaling.scaled(test)))
  }

  /// The nearest samples' outcome. Collective; the same on all ranks.
  func nearest(training: FeatureSet, test: FeatureSet) throws -> Outcome {
    let (kept, heldOut) = training.holdingOut()
    let candidates = Self.votes.filter { $0 == 1 || $0 <= kept.count }
    let tried = try elections(among: kept, heldOut, candidates)
    let accuracies = tried.map(\.confusion.accuracy)
    let best = Self.firstBest(accuracies)
    return Outcome(
      setting: Double(candidates[best]), heldOutAccuracy: accuracies[best],
      predictions: try elections(among: training, test, [candidates[best]])[0])
  }

  /// The predictions for `queries`, for each number of votes.
  private func elections(
    among training: FeatureSet, _ queries: FeatureSet, _ votes: [Int]
  ) throws -> [PredictedLabels] {
    let neighbors = NearestNeighbors(training, classes: classes)
    let directions = FeatureDirections(of: queries)
    let winners = try job.shared(queries.count) { query in
      let nearest = neighbors.nearestLabels(
        to: query, of: directions, count: votes.max() ?? 1)
      return votes.map { neighbors.vote(nearest, k: $0) }
    }
    return votes.indices.map { index in
      PredictedLabels(
        classes: classes, labels: queries.labels, predictions: winners.map { $0[index] })
    }
  }

  private static func firstBest(_ accuracies: [Double]) -> Int {
    accuracies.indices.reduce(0) { accuracies[$1] > accuracies[$0] ? $1 : $0 }
  }
}
