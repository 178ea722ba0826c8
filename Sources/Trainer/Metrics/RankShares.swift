import Foundation

/// Where the time of a step went on each rank, on average since the last line of the log.
struct RankShares: Equatable {
  /// Seconds of a step.
  struct Share: Equatable, BitwiseCopyable {
    /// Everything that is not a wait.
    var computing: Double
    /// Waiting for samples.
    var data: Double
    /// Waiting for other ranks, and exchanging gradients beside which nothing was computed.
    var communication: Double

    /// What the rank took for its own part of the step.
    fileprivate var own: Double { computing + data }
    fileprivate var all: Double { own + communication }
  }

  /// A rank for which the others wait.
  struct Straggler: Equatable {
    let rank: Int
    /// By which part of it its own time is longer than the median of the others'.
    let excess: Double
    /// Whether it is data that it waits longer for, and not computing that takes longer.
    let isForData: Bool
  }

  /// Of each rank.
  let ranks: [Share]
  /// By how much a rank has to be slower to be named: below, it may be noise.
  private static let noticed = 0.15

  init(_ ranks: [Share]) { self.ranks = ranks }

  /// The slowest rank, where it is much slower than the others; nil where none is.
  var straggler: Straggler? {
    guard ranks.count > 1, let slowest = ranks.indices.max(by: { ranks[$0].own < ranks[$1].own })
    else { return nil }
    let others = ranks.indices.filter { $0 != slowest }.map { ranks[$0] }
    let usual = others.map(\.own).median
    let excess = usual > 0 ? ranks[slowest].own / usual - 1 : 0
    guard excess > Self.noticed else { return nil }
    let data = ranks[slowest].data - others.map(\.data).median
    return Straggler(
      rank: slowest, excess: excess, isForData: 2 * data > ranks[slowest].own - usual)
  }

  /// The part of the time that went into communication on the rank that waited least: the others waited for it.
  var communicationPart: Double {
    ranks.map { $0.all > 0 ? $0.communication / $0.all : 0 }.min() ?? 0
  }

  /// One line for a log.
  ///
  /// - Parameter host: tells where a rank runs.
  func line(host: (Int) -> String) -> String {
    func spread(_ path: KeyPath<Share, Double>) -> String {
      let values = ranks.map { $0[keyPath: path] }
      return [values.min() ?? 0, values.median, values.max() ?? 0]
        .map { String(format: "%.4f", $0) }.joined(separator: "/")
    }
    let times =
      "seconds of a step over \(ranks.count) ranks, least/median/most: computing "
      + "\(spread(\.computing)), waiting for data \(spread(\.data)), for other ranks "
      + spread(\.communication)
    return straggler.map { "\(times); \(Self.text($0, host: host($0.rank)))" } ?? times
  }

  /// A straggler in words.
  static func text(_ straggler: Straggler, host: String) -> String {
    let cause = straggler.isForData ? "waits longer for data" : "computes longer"
    let percent = String(format: "%.0f", 100 * straggler.excess)
    return "rank \(straggler.rank) on \(host) holds the others up: it \(cause), \(percent) % in all"
  }
}
