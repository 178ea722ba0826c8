import Testing

@testable import Distributed

@Suite struct StandstillTests {
  /// A rank that has begun so many collective calls.
  private func rank(
    _ collectives: UInt64, waitingIn wait: Wait? = nil, for seconds: Double = 0,
    silence: Double = 0, gradients: (UInt64, Wait?, Double) = (0, nil, 0)
  ) -> RankState {
    var state = RankState()
    state.lanes[0] = RankState.LaneState(
      state: Lane.State(collectives: collectives, wait: wait), seconds: seconds)
    state.lanes[1] = RankState.LaneState(
      state: Lane.State(collectives: gradients.0, wait: gradients.1), seconds: gradients.2)
    state.silence = silence
    state.activity = 100 + collectives
    state.activitySeconds = seconds
    return state
  }

  @Test func nobodyWaitsWhereAllCompute() {
    #expect(Standstill(among: [rank(3), rank(3), rank(2)], silence: 5) == nil)
  }

  @Test func ranksThatHaveNotBegunTheCallAreMissing() throws {
    let ranks = [
      rank(7, waitingIn: .allReduce, for: 12), rank(6), rank(7, waitingIn: .allReduce, for: 3),
      rank(5, waitingIn: .broadcast, for: 60),
    ]
    let found = try #require(Standstill(among: ranks, silence: 5))
    #expect(found.wait == .allReduce && found.seconds == 12 && found.collective == 7)
    // Rank 3 waits itself, in an earlier call.
    #expect(found.missing == [1])
    #expect(found.activity == 107)
  }

  @Test func aRankThatCameAndFellSilentIsMissing() throws {
    let ranks = [
      rank(7, waitingIn: .node, for: 12), rank(7, waitingIn: .node, for: 11, silence: 11),
      rank(7, waitingIn: .node, for: 10, silence: 1),
    ]
    let found = try #require(Standstill(among: ranks, silence: 5))
    #expect(found.missing == [1])
  }

  @Test func whereAllHaveComeNobodyIsMissing() throws {
    let ranks = [rank(7, waitingIn: .messages, for: 12), rank(7, waitingIn: .messages, for: 10)]
    #expect(try #require(Standstill(among: ranks, silence: 5)).missing.isEmpty)
  }

  @Test func theLongerWaitOfTheTwoThreadsCounts() throws {
    let ranks = [
      rank(7, waitingIn: .allReduce, for: 2, gradients: (40, .node, 30)),
      rank(6, gradients: (39, nil, 50)),
    ]
    let found = try #require(Standstill(among: ranks, silence: 5))
    #expect(found.lane == 1 && found.collective == 40 && found.missing == [1])
  }

  @Test func theWordsNameCallRanksHostsAndTimes() throws {
    let ranks = [
      rank(7, waitingIn: .allReduce, for: 62), rank(6, for: 63, silence: 61), rank(6, for: 9),
    ]
    let text = StandstillText(ranks: ranks, hosts: ["n1", "n1", "n2"]) { "activity \($0)" }
    let found = try #require(Standstill(among: ranks, silence: 5))
    #expect(
      text.lines(found) == """
        2 of 3 ranks have not come to MPI_Allreduce (activity 107) for 62 s
          rank 1 on n1: no sign of life for 61 s: stopped, or its host is away; its last word was activity 106
          rank 2 on n2: activity 106 for 9 s
        """)
  }

  @Test func aThousandMissingRanksAreAFewLines() throws {
    let ranks = [rank(7, waitingIn: .allReduce, for: 62)] + (1..<1024).map { _ in rank(6) }
    let text = StandstillText(
      ranks: ranks, hosts: ranks.indices.map { "n\($0)" }
    ) { _ in "busy" }
    let lines = text.lines(try #require(Standstill(among: ranks, silence: 5)))
      .split(separator: "\n")
    #expect(lines.count == 2 + StandstillText.mostNamed)
    #expect(lines.last == "  and \(1023 - StandstillText.mostNamed) more")
  }

  @Test func aStateSurvivesItsMessage() {
    var state = rank(
      1 << 40, waitingIn: .finalization, for: 12.5, gradients: (3, .node, 1.25))
    state.isLeaving = true
    #expect(RankState(message: state.message) == state)
  }

  @Test func everyWaitHasItsOwnWords() {
    #expect(Set(Wait.allCases.map(\.description)).count == Wait.allCases.count)
    for wait in Wait.allCases {
      #expect(Lane.State(word: Lane.State(collectives: 5, wait: wait).word).wait == wait)
    }
  }

  @Test func aStateAgesUntilSomethingChanges() {
    let presence = Presence()
    var state = RankState()
    presence.main.beginCollective()
    state.observe(presence, after: 0.1)
    #expect(state.lanes[0].seconds == 0)
    state.observe(presence, after: 0.5)
    #expect(state.lanes[0].seconds == 0.5 && state.activitySeconds == 0.6)
    presence.main.waiting(for: .barrier) {
      state.observe(presence, after: 0.5)
      #expect(state.lanes[0] == .init(state: .init(collectives: 1, wait: .barrier), seconds: 0))
    }
    presence.activity = 9
    state.observe(presence, after: 0.5)
    #expect(state.activity == 9 && state.activitySeconds == 0 && state.lanes[1].seconds == 1.6)
    #expect(presence.main.state.wait == nil)
  }
}
