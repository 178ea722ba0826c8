/// Who has come to which rung of a search that stops trials early, and waits there to go on. What happens takes
/// as long in a search of many trials as in one of few.
public struct RungStandings: Sendable {
  /// Those of a rung, the best first.
  private struct Rung {
    /// All who came to it.
    var reached = RankedValues()
    /// Those who wait at it.
    var waiting = RankedValues()
  }

  private let halving: SuccessiveHalving
  private let direction: Direction
  private var rungs: [Rung]
  /// Where trials wait, and with what.
  private var places: [Int: (rung: Int, value: Double)] = [:]

  /// Standings before the first trial.
  public init(_ halving: SuccessiveHalving, direction: Direction) {
    (self.halving, self.direction) = (halving, direction)
    // Nobody waits at the last.
    rungs = halving.rungs.dropLast().map { _ in Rung() }
  }

  /// The trials that wait, by their numbers.
  public var waiting: Set<Int> { Set(places.keys) }

  /// Takes note of a trial that has come to a rung: it waits there and nowhere else. Other steps are no rungs, and
  /// the end of a training is none to wait at.
  public mutating func arrive(_ trial: Int, at step: Int, with value: Double) {
    leave(trial)
    guard let rung = rungs.indices.first(where: { halving.rungs[$0] == step }) else { return }
    let entry = entry(trial, value)
    rungs[rung].reached.insert(entry)
    rungs[rung].waiting.insert(entry)
    places[trial] = (rung, value)
  }

  /// Takes note of a trial that does not wait any more: it goes on, or has ended.
  public mutating func leave(_ trial: Int) {
    guard let place = places.removeValue(forKey: trial) else { return }
    rungs[place.rung].waiting.remove(entry(trial, place.value))
  }

  /// The trial that goes on first, on the highest rung where one may; nil where a new one is to be begun instead.
  public var promotion: SuccessiveHalving.Promotion? {
    for rung in rungs.indices.reversed() {
      guard let best = rungs[rung].waiting.first else { continue }
      let reached = rungs[rung].reached
      if reached.rank(of: best) < reached.count / halving.reduction {
        return SuccessiveHalving.Promotion(trial: best.trial, step: halving.rungs[rung + 1])
      }
    }
    return nil
  }

  private func entry(_ trial: Int, _ value: Double) -> RankedValues.Entry {
    RankedValues.Entry(cost: direction.cost(of: value), trial: trial)
  }
}

/// Values of trials in their order.
private struct RankedValues {
  struct Entry {
    /// The less, the better.
    var cost: Double
    var trial: Int

    func isBefore(_ other: Self) -> Bool {
      cost != other.cost ? cost < other.cost : trial < other.trial
    }
  }

  private var entries: [Entry] = []

  var count: Int { entries.count }
  var first: Entry? { entries.first }

  /// How many come before.
  func rank(of entry: Entry) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].isBefore(entry) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  mutating func insert(_ entry: Entry) { entries.insert(entry, at: rank(of: entry)) }

  mutating func remove(_ entry: Entry) {
    let place = rank(of: entry)
    if place < entries.count, entries[place].trial == entry.trial { entries.remove(at: place) }
  }
}
