import TestSupport
import Testing

@testable import Studies

@Suite("Successive halving")
struct SuccessiveHalvingTests {
  @Test("rungs grow by the reduction, on multiples of the interval, to the end")
  func rungs() {
    #expect(SuccessiveHalving(least: 10, most: 270, reduction: 3).rungs == [10, 30, 90, 270])
    #expect(SuccessiveHalving(least: 10, most: 100, reduction: 3).rungs == [10, 30, 90, 100])
    #expect(
      SuccessiveHalving(least: 10, most: 100, reduction: 3, interval: 25).rungs == [25, 50, 100])
    #expect(SuccessiveHalving(least: 7, most: 7, reduction: 2).rungs == [7])
  }

  @Test("the best third of a rung goes on, the highest rung first; else a new trial is begun")
  func promotions() {
    var standings = RungStandings(
      SuccessiveHalving(least: 1, most: 9, reduction: 3), direction: .minimize)
    standings.arrive(0, at: 1, with: 0.5)
    standings.arrive(1, at: 1, with: 0.4)
    #expect(standings.promotion == nil)
    standings.arrive(2, at: 1, with: 0.6)
    #expect(standings.promotion == .init(trial: 1, step: 3))
    // It has been promoted, and runs.
    standings.leave(1)
    #expect(standings.promotion == nil && standings.waiting == [0, 2])
    standings.arrive(1, at: 3, with: 0.39)
    #expect(standings.promotion == nil && standings.waiting == [0, 1, 2])
    for (trial, value) in [(3, 0.1), (4, 0.2), (5, 0.7)] {
      standings.arrive(trial, at: 1, with: value)
    }
    for (trial, value) in [(3, 0.1), (4, 0.3)] { standings.arrive(trial, at: 3, with: value) }
    #expect(standings.promotion == .init(trial: 3, step: 9))
    standings.leave(3)
    #expect(standings.promotion == nil)
    // Nobody waits at the end of a training, or where there is no rung.
    standings.arrive(3, at: 9, with: 0.1)
    standings.arrive(4, at: 5, with: 0.1)
    #expect(standings.waiting == [0, 1, 2, 5])
  }

  /// The rule as it is written down: of each rung, from the top, the best share, and of these the best who waits.
  private func promotion(
    _ halving: SuccessiveHalving, _ values: [[Int: Double]], waiting: Set<Int>,
    _ direction: Direction
  ) -> SuccessiveHalving.Promotion? {
    for (rung, next) in zip(halving.rungs, halving.rungs.dropFirst()).reversed() {
      let ranked = values.indices.filter { values[$0][rung] != nil }.sorted { first, second in
        let (one, other) = (values[first][rung] ?? 0, values[second][rung] ?? 0)
        if one.isNaN != other.isNaN { return other.isNaN }
        return one == other || one.isNaN
          ? first < second : direction.isBetter(one, than: other)
      }
      let best = ranked.prefix(ranked.count / halving.reduction).first {
        waiting.contains($0) && values[$0].keys.max() == rung
      }
      if let best { return .init(trial: best, step: next) }
    }
    return nil
  }

  @Test("standings promote whom the rule promotes", arguments: [Direction.minimize, .maximize])
  func random(direction: Direction) {
    var random = SeededGenerator(seed: 9)
    let halving = SuccessiveHalving(least: 1, most: 27, reduction: 3)
    var standings = RungStandings(halving, direction: direction)
    var values: [[Int: Double]] = []
    var waiting: Set<Int> = []
    for _ in 0..<2_000 {
      let expected = promotion(halving, values, waiting: waiting, direction)
      #expect(standings.promotion == expected)
      let trial: Int
      let step: Int
      if let expected, Bool.random(using: &random) {
        (trial, step) = (expected.trial, expected.step)
      } else {
        (trial, step) = (values.count, 1)
        values.append([:])
      }
      standings.leave(trial)
      waiting.remove(trial)
      // It failed on the way.
      if Int.random(in: 0..<20, using: &random) == 0 { continue }
      // Few different values, so that there are equal ones, and some that are none.
      let value = Int.random(in: 0..<50, using: &random)
      values[trial][step] = value == 0 ? .nan : Double(value)
      standings.arrive(trial, at: step, with: values[trial][step] ?? 0)
      if step < 27 { waiting.insert(trial) }
    }
    #expect(standings.waiting == waiting)
  }
}
