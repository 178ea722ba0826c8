import CounterRandom
import Foundation

/// An interval in which a number lies with the bootstrap's confidence; `[low, high]` in JSON.
struct ConfidenceInterval: Equatable, Sendable, Encodable {
  /// Its lower end.
  var low: Double
  /// Its upper end.
  var high: Double

  func encode(to encoder: any Encoder) throws { try [low, high].encode(to: encoder) }

  /// Its ends, with four decimals.
  var text: String { String(format: "%.4f to %.4f", low, high) }
  /// Its ends in per cent.
  var percent: String { String(format: "%.1f to %.1f %%", 100 * low, 100 * high) }
}

/// Confidence intervals by resampling: as many samples are drawn with replacement as there are, many
/// times over, and the numbers of these replicates tell how far another sample's could be.
///
/// Replicate b draws the same samples in every evaluation of as many, so that two models' intervals are
/// over the same replicates, and whichever rank computes them.
///
/// - Source: percentile intervals, B. Efron and R. Tibshirani, "An introduction to the bootstrap",
///   1993, chapter 13.
struct Bootstrap: Equatable, Sendable {
  /// What is drawn from: each has draws of its own.
  enum Population: Int, Sendable {
    case classified
    case valence
    case arousal
    case triplets
    case probe
    case neighbours
    case recordings
  }

  /// What a replicate draws as many of as there are.
  enum Units: Equatable, Sendable {
    /// Samples by themselves: how many there are.
    case samples(Int)
    /// Samples that resemble each other are drawn together, such as a speaker's utterances: the indices
    /// of the samples of each group.
    case groups([[Int]])

    /// Groups of the samples that have one name, in the order of their first samples. A single group
    /// tells nothing of others, and is no unit.
    static func groups(named names: some Sequence<String>) -> Units {
      var places: [String: Int] = [:]
      var groups: [[Int]] = []
      for (sample, name) in names.enumerated() {
        let place = places[name, default: groups.count]
        places[name] = place
        if place == groups.count { groups.append([]) }
        groups[place].append(sample)
      }
      return .groups(groups.count > 1 ? groups : [])
    }

    var count: Int {
      switch self {
      case .samples(let count): count
      case .groups(let groups): groups.count
      }
    }

    /// The samples of the units that were drawn.
    func samples(of drawn: [Int]) -> [Int] {
      switch self {
      case .samples: drawn
      case .groups(let groups): drawn.flatMap { groups[$0] }
      }
    }
  }

  /// How often samples are drawn.
  var replicates = 1000
  /// The part of the replicates between an interval's ends.
  var level = 0.95
  /// What is drawn in a report during training, whose ranks wait meanwhile.
  private static let mostDraws = 4_000_000

  /// As many replicates as a training has time for: 1000 of a few thousand samples, 100 of many.
  static func quick(samples: Int) -> Bootstrap {
    Bootstrap(replicates: min(1000, max(100, mostDraws / max(1, samples))))
  }

  /// The intervals of numbers of one population.
  ///
  /// - Parameters:
  ///   - names: of the numbers.
  ///   - units: what is drawn.
  ///   - numbers: in the order of their names, of samples given by their indices, each as often as it
  ///     was drawn; nil where samples that were not drawn leave nothing to tell.
  /// - Returns: by name, over the replicates that have the number; none where it is not finite in one
  ///   of them, as a correlation is not where all samples are the same.
  func intervals(
    of names: [String], _ population: Population, over units: Units,
    _ numbers: ([Int]) -> [Double?]
  ) -> [String: ConfidenceInterval] {
    let count = units.count
    guard count > 0, count < UInt32.max, replicates > 0 else { return [:] }
    var drawn = [Int](repeating: 0, count: count)
    let values = (0..<replicates).map { replicate in
      var generator = CounterRandom(
        seed: 0, epoch: population.rawValue, index: replicate, purpose: .bootstrap)
      for place in drawn.indices { drawn[place] = generator.integer(below: count) }
      return numbers(units.samples(of: drawn))
    }
    var intervals: [String: ConfidenceInterval] = [:]
    for (number, name) in names.enumerated() {
      intervals[name] = interval(of: values.compactMap { $0[number] })
    }
    return intervals
  }

  private func interval(of values: [Double]) -> ConfidenceInterval? {
    guard !values.isEmpty, values.allSatisfy(\.isFinite) else { return nil }
    let sorted = values.sorted()
    return ConfidenceInterval(
      low: Self.quantile((1 - level) / 2, of: sorted),
      high: Self.quantile((1 + level) / 2, of: sorted))
  }

  /// NumPy's `quantile`, linear between the values.
  static func quantile(_ part: Double, of sorted: [Double]) -> Double {
    let place = part * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }
}

/// Intervals of several numbers with what they are.
struct BootstrapIntervals: Equatable, Sendable {
  private(set) var bootstrap = Bootstrap()
  /// By the names of the numbers, in the order of the report.
  private(set) var all: [(name: String, interval: ConfidenceInterval)] = []
  /// What is drawn.
  private var drawn: String?

  /// None.
  init() {}

  /// - Parameters:
  ///   - order: the names that there may be.
  ///   - drawn: what is drawn and how many of them there are, where that is not plain.
  init(
    _ bootstrap: Bootstrap, _ intervals: [String: ConfidenceInterval], order: [String],
    of drawn: String? = nil
  ) {
    self.bootstrap = bootstrap
    self.drawn = drawn
    all = order.compactMap { name in intervals[name].map { (name, $0) } }
  }

  /// The intervals as a table; nil where there are none.
  var text: String? {
    guard !all.isEmpty else { return nil }
    let width = 2 + (all.map(\.name.count).max() ?? 0)
    let rows = all.map { name, interval in
      name.padding(toLength: width, withPad: " ", startingAt: 0)
        + String(format: "%9.4f%9.4f", interval.low, interval.high)
    }
    return "\(title)\n" + rows.joined(separator: "\n")
  }

  /// What they are, in words.
  private var title: String {
    let level = String(format: "%.0f %%", 100 * bootstrap.level)
    return "\(level) intervals over \(bootstrap.replicates) bootstrap replicates"
      + (drawn.map { " of \($0)" } ?? "")
  }

  /// A sentence for who reads numbers with intervals; nil where there are none.
  var note: String? { all.isEmpty ? nil : "Behind numbers: \(title)." }

  /// One of them.
  subscript(name: String) -> ConfidenceInterval? { all.first { $0.name == name }?.interval }

  static func == (left: Self, right: Self) -> Bool {
    left.bootstrap == right.bootstrap && left.text == right.text
  }
}

extension BootstrapIntervals: Encodable {
  private enum Key: CodingKey {
    case replicates, level, intervals
  }

  func encode(to encoder: any Encoder) throws {
    var members = encoder.container(keyedBy: Key.self)
    try members.encode(bootstrap.replicates, forKey: .replicates)
    try members.encode(bootstrap.level, forKey: .level)
    try members.encode(
      Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.interval) }), forKey: .intervals)
  }
}
