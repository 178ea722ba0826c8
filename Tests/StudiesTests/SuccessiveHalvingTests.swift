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

  private func trial(_ number: Int, _ values: [Int: Double]) -> Trial {
    Trial(number: number, intermediate: values)
  }

  @Test("the best third of a rung goes on, the highest rung first; else a new trial is begun")
  func promotions() {
    let halving = SuccessiveHalving(least: 1, most: 9, reduction: 3)
    var trials = [trial(0, [1: 0.5]), trial(1, [1: 0.4])]
    let next = { (paused: Set<Int>) in
      halving.promotion(among: trials, paused: paused, direction: .minimize)
    }
    #expect(next([0, 1]) == nil)
    trials.append(trial(2, [1: 0.6]))
    #expect(next([0, 1, 2]) == .init(trial: 1, step: 3))
    // It has been promoted, and runs.
    #expect(next([0, 2]) == nil)
    trials[1].intermediate[3] = 0.39
    #expect(next([0, 1, 2]) == nil)
    trials += [trial(3, [1: 0.1, 3: 0.1]), trial(4, [1: 0.2, 3: 0.3]), trial(5, [1: 0.7])]
    #expect(next([0, 1, 2, 3, 4, 5]) == .init(trial: 3, step: 9))
    #expect(next([0, 1, 2, 4, 5]) == nil)
    #expect(
      halving.promotion(among: trials, paused: [0, 5], direction: .maximize)
        == .init(trial: 5, step: 3))
  }
}
