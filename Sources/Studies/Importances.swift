import Foundation

/// How much each parameter decided about the best tenth of the trials: how far its values there are distributed
/// otherwise than among all.
///
/// - Source: S. Watanabe, A. Bansal and F. Hutter, "PED-ANOVA: Efficiently quantifying hyperparameter importance in
///   arbitrary subspaces", IJCAI 2023; for parameters under conditions K. Kasahara et al., arXiv:2601.20800, as Optuna
///   5.0 computes both.
public struct Importances: Equatable, Sendable {
  /// The part of the trials that count as the best.
  private static let bestPart = 0.1
  /// The fewest trials that say something about a parameter.
  private static let fewestTrials = 2

  /// Of each parameter that a trial had that ended, adding up to 1; the largest first.
  public let values: [(name: String, value: Double)]

  /// The importances after some trials.
  public init(of space: SearchSpace, after trials: [Trial], direction: Direction) {
    let ended = trials.filter { $0.state == .complete && $0.objective?.isFinite ?? false }
    let best = Self.best(of: ended, direction)
    let parameters = space.parameters.filter { parameter in
      ended.contains { $0.assignment[parameter.name] != nil }
    }
    let raw = parameters.map { parameter -> Double in
      let all = ended.compactMap { $0.assignment[parameter.name] }
      let good = best.compactMap { $0.assignment[parameter.name] }
      guard ended.count > 1, all.count >= Self.fewestTrials, !good.isEmpty else { return 0 }
      // A parameter that most of the best have, and few others, matters for that alone.
      let share = Double(good.count) / Double(best.count)
      let divergence = GridDensity.divergence(of: good, from: all, in: parameter.domain)
      return share * share * Double(ended.count) / Double(all.count) * divergence
    }
    let sum = raw.reduce(0, +)
    values = zip(parameters, raw).map { parameter, value in
      (parameter.name, sum > 0 ? value / sum : 1 / Double(parameters.count))
    }.sorted { $0.value != $1.value ? $0.value > $1.value : $0.name < $1.name }
  }

  /// The best tenth, and who did as well as the last of them.
  private static func best(of trials: [Trial], _ direction: Direction) -> [Trial] {
    let objectives = trials.compactMap(\.objective).sorted {
      direction.isBetter($0, than: $1)
    }
    guard !objectives.isEmpty else { return [] }
    let limit = objectives[Int((bestPart * Double(objectives.count)).rounded(.up)) - 1]
    return trials.filter { trial in
      trial.objective.map { !direction.isBetter(limit, than: $0) } ?? false
    }
  }

  /// Whether names and values are the same.
  public static func == (left: Self, right: Self) -> Bool {
    left.values.elementsEqual(right.values, by: ==)
  }
}

/// The density of values on a grid, as wide as Scott's rule says: narrower than what samplers use, who explore.
///
/// - Source: D. W. Scott, "Multivariate density estimation", 1992, as in Optuna 5.0,
///   `optuna/importance/_ped_anova/scott_parzen_estimator.py`.
private struct GridDensity {
  /// The most points of a grid.
  private static let mostPoints = 50
  /// Keeps quotients of densities finite.
  private static let floor = 1e-12

  /// The probability of each point of the grid.
  private let probabilities: [Double]

  /// The Pearson divergence of the density of some values from that of all.
  static func divergence(of some: [Double], from all: [Double], in domain: ParameterDomain)
    -> Double
  {
    zip(GridDensity(some, domain).probabilities, GridDensity(all, domain).probabilities).reduce(0) {
      sum, pair in
      let (one, other) = (pair.0 + floor, pair.1 + floor)
      return sum + other * (one / other - 1) * (one / other - 1)
    }
  }

  private init(_ values: [Double], _ domain: ParameterDomain) {
    switch domain {
    case .choice(let choices):
      let counts = Self.counts(values.map { Int($0) }, choices.count)
      probabilities = Self.ofChoices(counts)
    case .numeric(let numbers):
      probabilities = Self.ofPoints(Self.counts(values, numbers))
    }
  }

  private static func counts(_ indices: [Int], _ count: Int) -> [Int] {
    indices.reduce(into: Array(repeating: 0, count: count)) { $0[$1] += 1 }
  }

  private static func counts(_ values: [Double], _ domain: NumericDomain) -> [Int] {
    let points =
      switch (domain.step, domain.isLogarithmic) {
      case (_?, true): Int(ceil(log2(domain.high - domain.low + 1))) + 1
      case (let step?, false): Int(((domain.high - domain.low) / step).rounded()) + 1
      case (nil, _): mostPoints
      }
    let count = min(points, mostPoints)
    let (low, high) = (domain.position(of: domain.low), domain.position(of: domain.high))
    guard high > low else { return [values.count] }
    let indices = values.map { value in
      let place = (domain.position(of: value) - low) / ((high - low) / Double(count - 1))
      return min(count - 1, max(0, Int(ceil(place - 0.5))))
    }
    return counts(indices, count)
  }

  private static func ofChoices(_ counts: [Int]) -> [Double] {
    let seen = counts.indices.filter { counts[$0] > 0 }
    let prior = 1 / Double(seen.count + 1)
    let row = 1 + prior * Double(counts.count)
    let sum = Double(counts.reduce(0, +) + 1)
    return counts.indices.map { choice in
      let kernels = seen.reduce(0) { total, index in
        total + Double(counts[index]) * (prior + (index == choice ? 1 : 0)) / row
      }
      return (kernels + 1 / Double(counts.count)) / sum
    }
  }

  private static func ofPoints(_ counts: [Int]) -> [Double] {
    let seen = counts.indices.filter { counts[$0] > 0 }
    let width = Double(counts.count)
    let observed = scottWidth(counts, seen)
    let bells =
      seen.map { GridBell(centre: Double($0), width: observed, weight: Double(counts[$0])) }
      + [GridBell(centre: (width - 1) / 2, width: width, weight: 1)]
    let sum = bells.map(\.weight).reduce(0, +)
    return counts.indices.map { point in
      let parts = bells.map { bell in
        bell.weight * bell.share(of: Double(point)) / bell.share(from: -0.5, to: width - 0.5)
      }
      return parts.reduce(0, +) / sum
    }
  }

  /// The width of a bell by the spread of what was seen, in points of the grid.
  private static func scottWidth(_ counts: [Int], _ seen: [Int]) -> Double {
    let weights = seen.map { Double(counts[$0]) }
    let sum = seen.map { counts[$0] }.reduce(0, +)
    let mean = zip(seen, weights).map { Double($0) * $1 }.reduce(0, +) / Double(sum)
    let squares = zip(seen, weights).map { (Double($0) - mean) * (Double($0) - mean) * $1 }
    let variance = squares.reduce(0, +) / Double(max(1, sum - 1))
    var cumulative: [Int] = []
    for index in seen { cumulative.append((cumulative.last ?? 0) + counts[index]) }
    let first = cumulative.firstIndex { $0 >= sum / 4 } ?? 0
    let third = cumulative.firstIndex { $0 > sum * 3 / 4 } ?? seen.count - 1
    let quartiles = Double(seen[third] - seen[first])
    let spread = min(quartiles / 1.34, variance.squareRoot())
    // Nine tenths of the narrowest bell are at its own point.
    return max(1.059 * spread * pow(Double(sum), -0.2), 0.5 / 1.64)
  }
}

/// A bell over a grid.
private struct GridBell {
  var centre: Double
  var width: Double
  var weight: Double

  /// What lies nearest to a point of the grid.
  func share(of point: Double) -> Double { share(from: point - 0.5, to: point + 0.5) }

  /// What lies between two places.
  func share(from low: Double, to high: Double) -> Double {
    Bell.share(from: (low - centre) / width, to: (high - centre) / width)
  }
}
