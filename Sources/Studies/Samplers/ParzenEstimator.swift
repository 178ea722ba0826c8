import CounterRandom
import Foundation

/// The density of values that were observed: a bell around each, cut off at the ends of the domain, and a wide one
/// over all of it.
struct ParzenEstimator {
  /// What observations are like that are not old: the newest so many count fully.
  private static let newest = 25

  private enum Kernels {
    /// Centres and widths on the domain's stretch.
    case bells(NumericDomain, [(centre: Double, width: Double)])
    /// The probability of each choice.
    case choices([[Double]])
  }

  private let kernels: Kernels
  private let weights: [Double]

  /// The density of observations in a domain, the oldest first.
  init(_ domain: ParameterDomain, _ observations: [Double]) {
    switch domain {
    case .numeric(let numbers):
      kernels = .bells(numbers, Self.bells(numbers, observations.map(numbers.position)))
    case .choice(let choices):
      kernels = .choices(Self.choices(choices.count, observations.map { Int($0) }))
    }
    weights = Self.weights(observations.count)
  }

  /// The newest observations count alike, older ones the less the older they are; the wide bell as one.
  private static func weights(_ count: Int) -> [Double] {
    let old = max(0, count - newest)
    let ramp = (0..<old).map { index in
      let first = 1 / Double(count)
      return old == 1 ? first : first + (1 - first) * Double(index) / Double(old - 1)
    }
    let all = ramp + Array(repeating: 1, count: count - old + 1)
    let sum = all.reduce(0, +)
    return all.map { $0 / sum }
  }

  /// A bell is as wide as the farther neighbour is away, at the ends as the only one.
  private static func bells(
    _ domain: NumericDomain, _ positions: [Double]
  ) -> [(centre: Double, width: Double)] {
    let (low, high) = (domain.stretch.lowerBound, domain.stretch.upperBound)
    let least = (high - low) / min(100, Double(positions.count) + 2)
    let order = positions.indices.sorted {
      positions[$0] != positions[$1] ? positions[$0] < positions[$1] : $0 < $1
    }
    let sorted = [low] + order.map { positions[$0] } + [high]
    var widths = [Double](repeating: 0, count: positions.count)
    for (place, index) in order.enumerated() {
      let (before, after) = (
        sorted[place + 1] - sorted[place], sorted[place + 2] - sorted[place + 1]
      )
      let isAlone = positions.count < 2
      let width =
        place == 0 && !isAlone
        ? after : place == positions.count - 1 && !isAlone ? before : max(before, after)
      widths[index] = min(high - low, max(least, width))
    }
    return Array(zip(positions, widths)).map { ($0.0, $0.1) } + [((low + high) / 2, high - low)]
  }

  /// A choice that was observed is likelier by one than by chance.
  private static func choices(_ count: Int, _ observations: [Int]) -> [[Double]] {
    guard !observations.isEmpty else {
      return [Array(repeating: 1 / Double(count), count: count)]
    }
    let chance = 1 / Double(observations.count + 1)
    let sum = chance * Double(count)
    return observations.map { index in
      (0..<count).map { (chance + ($0 == index ? 1 : 0)) / (sum + 1) }
    } + [Array(repeating: chance / sum, count: count)]
  }

  // MARK: - Use

  /// A value of this density.
  func sample(by random: inout CounterRandom) -> Double {
    let kernel = Self.index(in: weights, at: random.fraction())
    switch kernels {
    case .choices(let probabilities):
      return Double(Self.index(in: probabilities[kernel], at: random.fraction()))
    case .bells(let domain, let bells):
      let (centre, width) = bells[kernel]
      let ends = [domain.stretch.lowerBound, domain.stretch.upperBound]
        .map { Bell.share(below: ($0 - centre) / width) }
      let share = ends[0] + random.fraction() * (ends[1] - ends[0])
      return domain.value(at: centre + width * Bell.place(ofShare: share))
    }
  }

  /// The logarithm of the density of a value, or of its probability where there are steps.
  func logDensity(at value: Double) -> Double {
    switch kernels {
    case .choices(let probabilities):
      return log(zip(weights, probabilities).reduce(0) { $0 + $1.0 * $1.1[Int(value)] })
    case .bells(let domain, let bells):
      let cell = domain.cell(around: value)
      let position = domain.position(of: value)
      let sum = zip(weights, bells).reduce(0) { sum, kernel in
        let (weight, bell) = kernel
        let (low, high) = (domain.stretch.lowerBound, domain.stretch.upperBound)
        let whole = Bell.share(
          from: (low - bell.centre) / bell.width, to: (high - bell.centre) / bell.width)
        let part =
          cell.map {
            Bell.share(
              from: ($0.lowerBound - bell.centre) / bell.width,
              to: ($0.upperBound - bell.centre) / bell.width)
          } ?? Bell.density(at: (position - bell.centre) / bell.width) / bell.width
        return sum + weight * part / whole
      }
      return log(max(sum, .leastNormalMagnitude))
    }
  }

  private static func index(in probabilities: [Double], at fraction: Double) -> Int {
    var rest = fraction
    for (index, probability) in probabilities.enumerated() {
      rest -= probability
      if rest < 0 { return index }
    }
    return probabilities.count - 1
  }
}
