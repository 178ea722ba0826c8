/// How many ranks a job is started with, and where.
///
/// The weights do not depend on it, so that it may change from one start to the next.
public struct Placement: Equatable, Sendable {
  /// How a host that keeps failing was answered.
  public enum Change: Equatable, Sendable {
    /// It is not used any more; `ranks` is how many there are now.
    case leftOut(host: String, ranks: Int)
    /// It is the only one, and has half the ranks.
    case halved(host: String, ranks: Int)
  }

  /// The number of ranks.
  public private(set) var ranks: Int
  /// The hosts, nil where they are not known and whoever starts the ranks chooses.
  public private(set) var hosts: HostList?
  /// The hosts that are not used any more.
  public private(set) var leftOut: [String] = []

  private let isChosen: Bool

  /// Whether whoever starts the ranks has to be told which hosts to use.
  var namesHosts: Bool { isChosen || !leftOut.isEmpty }

  /// A placement before anything failed.
  ///
  /// - Parameters:
  ///   - ranks: the number of ranks; nil takes all slots, or one where hosts are not known.
  ///   - hosts: the hosts that are known.
  ///   - isChosen: whether a person named them; a scheduler's are used without being named.
  public init(ranks: Int?, hosts: HostList?, isChosen: Bool) {
    self.ranks = ranks ?? hosts?.slots ?? 1
    (self.hosts, self.isChosen) = (hosts, isChosen)
  }

  /// Uses a host no longer, or less.
  ///
  /// Ranks are halved, since half of a number that divides the micro-batches does as well, until the
  /// others have room for them.
  ///
  /// - Parameters:
  ///   - host: where the last failures were.
  ///   - mayHalve: whether it gets fewer ranks where it cannot be left out.
  /// - Returns: nil where nothing can be done.
  public mutating func avoid(_ host: String, mayHalve: Bool) -> Change? {
    if hosts?.remove(host) == true, let slots = hosts?.slots {
      leftOut.append(host)
      while ranks > max(1, slots) { ranks /= 2 }
      return .leftOut(host: host, ranks: ranks)
    }
    guard mayHalve, ranks > 1 else { return nil }
    ranks /= 2
    return .halved(host: host, ranks: ranks)
  }
}
