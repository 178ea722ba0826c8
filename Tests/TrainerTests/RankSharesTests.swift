import Testing

@testable import Trainer

@Suite("Where the time of ranks goes")
struct RankSharesTests {
  private func share(_ computing: Double, _ data: Double, _ communication: Double)
    -> RankShares.Share
  {
    RankShares.Share(computing: computing, data: data, communication: communication)
  }

  @Test("ranks that differ by a little hold nobody up")
  func even() {
    #expect(RankShares([share(1, 0, 0.1), share(1.1, 0, 0)]).straggler == nil)
    #expect(RankShares([share(1, 0, 0)]).straggler == nil)
    #expect(RankShares([share(0, 0, 0), share(0, 0, 0)]).straggler == nil)
  }

  @Test("a rank that is much slower is named, with what it is slow at")
  func straggler() throws {
    let computing = RankShares([share(1, 0, 0.5), share(1, 0, 0.5), share(1.5, 0, 0)])
    #expect(computing.straggler == RankShares.Straggler(rank: 2, excess: 0.5, isForData: false))
    let waiting = RankShares([share(1, 0.25, 0), share(1, 0, 0.25), share(1, 0, 0.25)])
    #expect(waiting.straggler == RankShares.Straggler(rank: 0, excess: 0.25, isForData: true))
  }

  @Test("communication is what the rank waits that waits least")
  func communication() {
    let shares = RankShares([share(0.75, 0, 0.25), share(0.5, 0, 0.5)])
    #expect(shares.communicationPart == 0.25)
  }

  @Test("a line has least, median and most of each, and the straggler's host")
  func line() {
    let shares = RankShares([share(1, 0, 0.5), share(1, 0.5, 0), share(1, 0, 0.5)])
    #expect(
      shares.line { "n\($0)" } == """
        seconds of a step over 3 ranks, least/median/most: computing 1.0000/1.0000/1.0000, \
        waiting for data 0.0000/0.0000/0.5000, for other ranks 0.0000/0.5000/0.5000; \
        rank 1 on n1 holds the others up: it waits longer for data, 50 % in all
        """)
  }
}

@Suite("What a rank is doing, as a number")
struct ActivityTests {
  @Test("every activity and phase survives being a number")
  func codes() {
    let activities: [Activity] = [
      .startingUp, .extractingFeatures, .askingTeacher, .storingTeacherOutputs, .step(1 << 40),
      .evaluating(afterStep: 7), .writingCheckpoint(afterStep: 8), .leaving,
    ]
    for activity in activities {
      for phase in StepPhase.allCases {
        #expect(Activity(code: activity.code(phase)) == activity)
        #expect(StepPhase(code: activity.code(phase)) == phase)
      }
    }
    #expect(
      Activity.description(of: Activity.step(17).code(.reduction)) == "step 17, summing gradients")
    #expect(Activity.description(of: Activity.leaving.code(.other)) == "leaving")
  }
}
