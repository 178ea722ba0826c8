import CounterRandom
import Foundation

/// Values that are likely among the best trials and unlikely among the others: the tree-structured Parzen
/// estimator, of all parameters together that have values under the same conditions.
///
/// - Source: J. Bergstra et al., "Algorithms for hyper-parameter optimization", NIPS 2011; the choice of widths
///   and weights as S. Watanabe, arXiv:2304.11127, describes Optuna's.
public struct TreeParzenSampler: Sampler {
  /// Trials that are chosen at random first.
  public static let startCount = 10
  /// Candidates of which the most promising is taken.
  static let candidateCount = 24
  /// The most trials that count among the best.
  private static let mostBest = 25

  private let space: SearchSpace
  private let direction: Direction
  private let seed: UInt64
  private let random: RandomSampler
  /// Parameters under the same conditions, in the order of the first of each.
  private let groups: [[Parameter]]

  /// A sampler of a space.
  public init(_ space: SearchSpace, direction: Direction, seed: UInt64) {
    (self.space, self.direction, self.seed) = (space, direction, seed)
    random = RandomSampler(space, seed: seed)
    groups = space.parameters.reduce(into: []) { groups, parameter in
      if let index = groups.firstIndex(where: { $0[0].conditions == parameter.conditions }) {
        groups[index].append(parameter)
      } else {
        groups.append([parameter])
      }
    }
  }

  /// The values of a trial, see `Sampler`.
  public func assignment(forTrial number: Int, after history: [Trial]) -> Assignment? {
    let ranked = direction.ranked(history)
    guard ranked.count >= Self.startCount else {
      return random.assignment(forTrial: number, after: history)
    }
    let bestCount = min(Self.mostBest, (ranked.count + 9) / 10)
    // What others try just now counts as bad, so that not all of them try the same.
    let running = history.filter { !$0.state.isFinished }
    let best = ranked.prefix(bestCount).sorted { $0.number < $1.number }
    let others = (ranked.dropFirst(bestCount) + running).sorted { $0.number < $1.number }
    var chosen: Assignment = [:]
    for (index, group) in groups.enumerated() where group[0].isActive(with: chosen) {
      var generator = CounterRandom(
        seed: seed, epoch: number, index: index, purpose: .searchCandidate)
      let values = Self.choose(group, among: (best, others), by: &generator)
      for (parameter, value) in zip(group, values) { chosen[parameter.name] = value }
    }
    return chosen
  }

  /// The candidate that is likeliest among the best as against the others.
  private static func choose(
    _ group: [Parameter], among trials: (best: [Trial], others: [Trial]),
    by generator: inout CounterRandom
  ) -> [Double] {
    func estimator(_ trials: [Trial]) -> ParzenEstimator {
      let observations = trials.map { trial in group.compactMap { trial.assignment[$0.name] } }
      return ParzenEstimator(group.map(\.domain), observations.filter { $0.count == group.count })
    }
    let (good, bad) = (estimator(trials.best), estimator(trials.others))
    let candidates = (0..<candidateCount).map { _ in good.sample(by: &generator) }
    let scores = candidates.map { good.logDensity(at: $0) - bad.logDensity(at: $0) }
    return candidates[scores.indices.max { scores[$0] < scores[$1] } ?? 0]
  }
}
