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
  private let logWeights: [Double]

  /// The density of observations in some domains, the oldest first; each has a value for each domain.
  init(_ domains: [ParameterDomain], _ observations: [[Double]]) {
    kernels = domains.indices.map { index in
      DomainKernels(domains[index], observations.map { $0[index] })
    }
    weights = Self.weights(observations.count)
    logWeights = weights.map { log($0) }
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
    var logarithms = logWeights
    for (kernels, value) in zip(kernels, values) {
      kernels.addLogDensities(at: value, to: &logarithms)
    }
    // Products of many small numbers are no numbers any more.
    let most = logarithms.max() ?? 0
    guard most > -.infinity else { return log(.leastNormalMagnitude) }
    return most + log(logarithms.reduce(0) { $0 + exp($1 - most) })
  }
}

/// The kernels of observations in one domain, the last of them the wide one.
private enum DomainKernels {
  /// A bell, cut off at the ends of the domain.
  struct Kernel {
    var centre: Double
    var width: Double
    /// The share of the whole bell that is left.
    var share: Double
    /// The logarithm of what the bell's height is divided by.
    var logNorm: Double

    init(centre: Double, width: Double, within stretch: ClosedRange<Double>) {
      (self.centre, self.width) = (centre, width)
      share = Bell.share(
        from: (stretch.lowerBound - centre) / width, to: (stretch.upperBound - centre) / width)
      logNorm = log((2 * Double.pi).squareRoot() * width * share)
    }
  }

  /// Centres and widths on the domain's stretch.
  case bells(NumericDomain, [Kernel])
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
  ) -> [Kernel] {
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
    return (zip(positions, widths) + [((low + high) / 2, high - low)]).map {
      Kernel(centre: $0.0, width: $0.1, within: domain.stretch)
    }
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
      let (centre, width) = (bells[kernel].centre, bells[kernel].width)
      let ends = [domain.stretch.lowerBound, domain.stretch.upperBound]
        .map { Bell.share(below: ($0 - centre) / width) }
      let share = ends[0] + random.fraction() * (ends[1] - ends[0])
      return domain.value(at: centre + width * Bell.place(ofShare: share))
    }
  }

  /// Adds the logarithm of each kernel's density of a value, or of its probability where there are steps.
  func addLogDensities(at value: Double, to logarithms: inout [Double]) {
    switch self {
    case .choices(let probabilities):
      for index in logarithms.indices { logarithms[index] += log(probabilities[index][Int(value)]) }
    case .bells(let domain, let bells):
      guard let cell = domain.cell(around: value) else {
        let position = domain.position(of: value)
        for (index, bell) in bells.enumerated() {
          let place = (position - bell.centre) / bell.width
          // Not the density itself, which is 0 in numbers far out.
          logarithms[index] += -place * place / 2 - bell.logNorm
        }
        return
      }
      for (index, bell) in bells.enumerated() {
        let share = Bell.share(
          from: (cell.lowerBound - bell.centre) / bell.width,
          to: (cell.upperBound - bell.centre) / bell.width)
        logarithms[index] += log(share / bell.share)
      }
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
