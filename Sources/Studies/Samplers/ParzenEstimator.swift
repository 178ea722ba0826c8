import CounterRandom
import Foundation

/// The density of values that were observed together, of one parameter or several: a kernel around each
/// observation, cut off at the ends of the domains, and a wide one over all of them. Of several parameters, a kernel
/// is the product of one for each, so that what goes together stays together.
struct ParzenEstimator {
  /// What observations are like that are not old: the newest so many count fully.
  private static let newest = 25

  private let kernels: [DomainKernels]
  private let weights: [Double]

  /// The density of observations in some domains, the oldest first; each has a value for each domain.
  init(_ domains: [ParameterDomain], _ observations: [[Double]]) {
    kernels = domains.indices.map { index in
      DomainKernels(domains[index], observations.map { $0[index] })
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

  /// Values of this density, one for each domain.
  func sample(by random: inout CounterRandom) -> [Double] {
    let kernel = DomainKernels.index(in: weights, at: random.fraction())
    return kernels.map { $0.sample(kernel, by: &random) }
  }

  /// The logarithm of the density of values, of probabilities where there are steps or choices.
  func logDensity(at values: [Double]) -> Double {
    let logarithms = weights.indices.map { kernel in
      zip(kernels, values).reduce(log(weights[kernel])) { sum, part in
        sum + part.0.logDensity(kernel, at: part.1)
      }
    }
    // Products of many small numbers are no numbers any more.
    let most = logarithms.max() ?? 0
    guard most > -.infinity else { return log(.leastNormalMagnitude) }
    return most + log(logarithms.reduce(0) { $0 + exp($1 - most) })
  }
}

/// The kernels of observations in one domain, the last of them the wide one.
private enum DomainKernels {
  /// Centres and widths on the domain's stretch.
  case bells(NumericDomain, [(centre: Double, width: Double)])
  /// The probability of each choice.
  case choices([[Double]])

  init(_ domain: ParameterDomain, _ observations: [Double]) {
    switch domain {
    case .numeric(let numbers):
      self = .bells(numbers, Self.bells(numbers, observations.map(numbers.position)))
    case .choice(let choices):
      self = .choices(Self.choices(choices.count, observations.map { Int($0) }))
    }
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

  /// A value of a kernel.
  func sample(_ kernel: Int, by random: inout CounterRandom) -> Double {
    switch self {
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

  /// The logarithm of a kernel's density of a value, or of its probability where there are steps.
  func logDensity(_ kernel: Int, at value: Double) -> Double {
    switch self {
    case .choices(let probabilities): return log(probabilities[kernel][Int(value)])
    case .bells(let domain, let bells):
      let (centre, width) = bells[kernel]
      func place(_ position: Double) -> Double { (position - centre) / width }
      let stretch = domain.stretch
      let whole = Bell.share(from: place(stretch.lowerBound), to: place(stretch.upperBound))
      guard let cell = domain.cell(around: value) else {
        let place = place(domain.position(of: value))
        // Not the density itself, which is 0 in numbers far out.
        return -place * place / 2 - log((2 * Double.pi).squareRoot() * width * whole)
      }
      return log(Bell.share(from: place(cell.lowerBound), to: place(cell.upperBound)) / whole)
    }
  }

  static func index(in probabilities: [Double], at fraction: Double) -> Int {
    var rest = fraction
    for (index, probability) in probabilities.enumerated() {
      rest -= probability
      if rest < 0 { return index }
    }
    return probabilities.count - 1
  }
}
