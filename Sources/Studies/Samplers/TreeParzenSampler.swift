import CounterRandom
import Foundation

/// Values that are likely among the best trials and unlikely among the others: the tree-structured Parzen
/// estimator, each parameter for itself.
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

  /// A sampler of a space.
  public init(_ space: SearchSpace, direction: Direction, seed: UInt64) {
    (self.space, self.direction, self.seed) = (space, direction, seed)
    random = RandomSampler(space, seed: seed)
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
    return space.assign { index, parameter in
      var generator = CounterRandom(
        seed: seed, epoch: number, index: index, purpose: .searchCandidate)
      let good = ParzenEstimator(
        parameter.domain, best.compactMap { $0.assignment[parameter.name] })
      let bad = ParzenEstimator(
        parameter.domain, others.compactMap { $0.assignment[parameter.name] })
      let candidates = (0..<Self.candidateCount).map { _ in good.sample(by: &generator) }
      let scores = candidates.map { good.logDensity(at: $0) - bad.logDensity(at: $0) }
      let winner = scores.indices.max { scores[$0] < scores[$1] } ?? 0
      return candidates[winner]
    }
  }
}
