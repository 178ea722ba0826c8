/// Ranks that wait for others: the longest such wait of a job.
struct Standstill: Equatable, Sendable {
  /// Whether it is the thread that trains, 0, or the one that sums gradients, 1.
  let lane: Int
  /// Which of the lane's collective calls.
  let collective: UInt64
  /// What the call is.
  let wait: Wait
  /// What those who wait do, see `Presence.activity`.
  let activity: UInt64
  /// For how long the one who came first has waited.
  let seconds: Double
  /// Ranks that have not come, or have and give no sign of life since.
  let missing: [Int]

  /// Finds it among what is known of all ranks; nil where none waits.
  ///
  /// - Parameter silence: seconds without a word after which a rank counts as missing wherever it was.
  init?(among ranks: [RankState], silence: Double) {
    let candidates = ranks[0].lanes.indices.compactMap {
      Self.find(lane: $0, among: ranks, silence: silence)
    }
    guard let longest = candidates.max(by: { $0.seconds < $1.seconds }) else { return nil }
    self = longest
  }

  private init(
    lane: Int, first: RankState, wait: Wait, missing: [Int]
  ) {
    self.lane = lane
    self.wait = wait
    self.missing = missing
    collective = first.lanes[lane].state.collectives
    seconds = first.lanes[lane].seconds
    activity = first.activity
  }

  private static func find(lane: Int, among ranks: [RankState], silence: Double) -> Standstill? {
    let front = ranks.map { $0.lanes[lane].state.collectives }.max() ?? 0
    let waiting = ranks.filter {
      $0.lanes[lane].state.collectives == front && $0.lanes[lane].state.wait != nil
    }
    guard let first = waiting.max(by: { $0.lanes[lane].seconds < $1.lanes[lane].seconds }),
      let wait = first.lanes[lane].state.wait
    else { return nil }
    let missing = ranks.indices.filter {
      ranks[$0].lanes[lane].state.collectives < front || ranks[$0].silence > silence
    }
    // Who waits in an earlier call does so for one of the others.
    let culprits = missing.filter {
      ranks[$0].silence > silence || ranks[$0].lanes.allSatisfy { $0.state.wait == nil }
    }
    return Standstill(
      lane: lane, first: first, wait: wait, missing: culprits.isEmpty ? missing : culprits)
  }

  /// Whether it is the same wait as another that was found before.
  func isSame(as other: Standstill?) -> Bool {
    lane == other?.lane && collective == other?.collective
  }
}

/// The words for a standstill.
struct StandstillText {
  /// What is known of all ranks.
  let ranks: [RankState]
  /// Where they run.
  let hosts: [String]
  /// The words for an activity.
  let describe: @Sendable (UInt64) -> String
  /// Ranks that are named; of more only their number.
  static let mostNamed = 8
  /// Seconds without a word that are worth mentioning.
  static let silence = 3.0

  /// What waits for whom, a line for each rank that is missing.
  func lines(_ standstill: Standstill) -> String {
    let head =
      "\(whoIsMissing(standstill)) \(standstill.wait) (\(describe(standstill.activity))) for "
      + Self.seconds(standstill.seconds)
    let named = standstill.missing.prefix(Self.mostNamed).map(line)
    let rest = standstill.missing.count - named.count
    return ([head] + named + (rest > 0 ? ["  and \(rest) more"] : [])).joined(separator: "\n")
  }

  /// What one rank waits for that cannot know who is missing.
  func line(_ standstill: Standstill, of rank: Int, hearsOfRankZero: Bool) -> String {
    let who = "rank \(rank) on \(hosts[rank]) has waited in \(standstill.wait) "
    let what = "(\(describe(standstill.activity))) for \(Self.seconds(standstill.seconds))"
    return hearsOfRankZero
      ? "\(who)\(what), and rank 0 does not end the job:\n\(line(0))"
      : "\(who)\(what); for which ranks is not known, since MPI lets one thread alone call it here"
  }

  private func whoIsMissing(_ standstill: Standstill) -> String {
    let count = standstill.missing.count
    guard count > 0 else { return "all \(ranks.count) ranks have come to, and do not get out of," }
    return "\(count) of \(ranks.count) ranks \(count == 1 ? "has" : "have") not come to"
  }

  private func line(_ rank: Int) -> String {
    let state = ranks[rank]
    let who = "  rank \(rank) on \(hosts[rank]): "
    let wait = state.lanes.compactMap(\.state.wait).first.map { ", waiting in \($0)" } ?? ""
    guard state.silence > Self.silence else {
      return who + "\(describe(state.activity)) for \(Self.seconds(state.activitySeconds))\(wait)"
    }
    return who
      + "no sign of life for \(Self.seconds(state.silence)): stopped, or its host is away; its "
      + "last word was \(describe(state.activity))\(wait)"
  }

  private static func seconds(_ seconds: Double) -> String { "\(Int(seconds.rounded())) s" }
}
