import CounterRandom

/// Who is in which picture of a set, and in which split the picture is; nobody is in both.
struct FaceCast: Sendable {
  let seed: UInt64
  /// Pictures of both splits; those for training come first.
  let count: Int
  let trainingCount: Int
  /// The set, so that sets share neither people nor pictures.
  let set: Int

  private static let picturesOfOne = 8

  init(seed: UInt64, set: Int, count: Int, heldOutPart: Double) {
    self.seed = seed
    self.set = set
    self.count = count
    trainingCount = count - Int((Double(count) * heldOutPart).rounded())
  }

  func isTraining(_ picture: Int) -> Bool { picture < trainingCount }

  /// The place of a picture within its split.
  func place(_ picture: Int) -> Int { isTraining(picture) ? picture : picture - trainingCount }

  /// The number of the person in a picture, unique over all sets.
  ///
  /// People are dealt out as by chance, so that a person has different expressions.
  func person(of picture: Int) -> Int {
    let people = max(
      1, (isTraining(picture) ? trainingCount : count - trainingCount) / Self.picturesOfOne)
    let turn = CounterRandom.philox4x32(
      counter: SIMD4(UInt32(truncatingIfNeeded: place(picture)), 0, 0, 0), key: SIMD2(1, 2))
    return index(Int(turn.x % UInt32(people)) + (isTraining(picture) ? 0 : 1 << 24))
  }

  /// The number of a picture or person, unique over all sets.
  func index(_ number: Int) -> Int { set << 32 + number }
}

extension ShuffledRounds<Expression> {
  /// Rounds in which each class of `Expression` comes as often as `shares` says.
  init(shares: [Int], seed: UInt64, firstIndex: Int) {
    let round = zip(Expression.allCases, shares).flatMap { Array(repeating: $0, count: $1) }
    self.init(round, seed: seed, firstIndex: firstIndex)
  }
}
