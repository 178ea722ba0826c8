import CounterRandom

/// What a synthetic corpus draws random numbers for.
///
/// Raw values are the epochs of the generator's key, and so part of what a seed means: never renumber,
/// only append.
enum SyntheticStream: Int {
  case picture = 0
  case person = 1
  case order = 2
  case triplet = 3
  case annotator = 4
  case speaker = 5
  case utterance = 6
  case room = 7
  case trace = 8
  case expressiveness = 9
  case clip = 10
  case rating = 11
  case rater = 12
  case strangerPerson = 13
}

extension CounterRandom {
  /// The numbers of one item.
  ///
  /// - Parameter index: the item, unique within its stream over all sets.
  init(seed: UInt64, stream: SyntheticStream, index: Int) {
    self.init(seed: seed, epoch: stream.rawValue, index: index, purpose: .syntheticFace)
  }

  /// Nearly normal, of deviation 1: the sum of four uniform numbers.
  mutating func bell() -> Float {
    let sum = uniform() + uniform() + uniform() + uniform()
    return (sum - 2) * 1.7320508
  }

  /// Changes the order of `values`.
  mutating func shuffle<Value>(_ values: inout [Value]) {
    for last in stride(from: values.count - 1, to: 0, by: -1) {
      values.swapAt(last, integer(below: last + 1))
    }
  }
}

/// Deals out values in rounds, each in a new order: every stretch of a set has its share of all, and
/// neither a place nor a name tells which value it has.
struct ShuffledRounds<Value: Sendable>: Sendable {
  private let values: [Value]
  private let seed: UInt64
  private let firstIndex: Int

  /// - Parameter firstIndex: of the rounds, so that sets do not share their orders.
  init(_ values: [Value], seed: UInt64, firstIndex: Int) {
    self.values = values
    self.seed = seed
    self.firstIndex = firstIndex
  }

  /// The value of a place.
  subscript(place: Int) -> Value {
    var order = Array(values.indices)
    var random = CounterRandom(
      seed: seed, stream: .order, index: firstIndex + place / values.count)
    random.shuffle(&order)
    return values[order[place % values.count]]
  }
}
