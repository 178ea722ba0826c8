/// Which ranks a rounded sum goes over, in what order, and which part of a segment a rank has on the way.
///
///     ranks of a group that share memory → ranks of a group by messages → rounded → groups that share memory
///     → groups by messages → rounded
///
/// Where a rank has several groups, it has rounded their sums itself before this begins.
public struct RoundingRoute: Equatable, Sendable {
  let rank: Int
  let worldSize: Int
  /// Ranks that share memory: consecutive ones, as many on each node.
  let sharers: Int
  let groups: Int

  /// The route of a rank.
  ///
  /// - Parameter sharers: ranks that share memory, as many on each node.
  public init(rank: Int, worldSize: Int, sharers: Int, groups: Int) {
    (self.rank, self.worldSize) = (rank, worldSize)
    (self.sharers, self.groups) = (sharers, groups)
  }

  /// Whether a group has at least one rank: only then sums of groups are rounded on this route.
  var roundsGroups: Bool { groups <= worldSize }
  /// Ranks of a group.
  public var groupSize: Int { max(1, worldSize / groups) }
  /// Ranks of a group that share memory.
  var near: Int { min(sharers, groupSize) }
  /// Whether all that travels between groups was just rounded. Else some ranks have the sum of several groups, which
  /// takes float32.
  public var isDirect: Bool { roundsGroups && groupSize >= sharers }

  /// The same job as another rank sees it.
  func of(rank: Int) -> RoundingRoute {
    RoundingRoute(rank: rank, worldSize: worldSize, sharers: sharers, groups: groups)
  }

  /// What this rank sums of a segment over those of its group that share memory with it.
  func nearPart(of segment: Range<Int>) -> Range<Int> {
    segment.lines(part: rank % near, of: near)
  }

  /// What it rounds of its group's sum.
  func groupPart(of segment: Range<Int>) -> Range<Int> {
    Halves.kept(of: nearPart(of: segment), rank: rank, distances: near..<groupSize)
  }

  /// What it sums over all groups that share memory with it.
  func nodePart(of segment: Range<Int>) -> Range<Int> {
    segment.lines(part: rank % sharers, of: sharers)
  }

  /// What it rounds of the sum over all groups.
  func rootPart(of segment: Range<Int>) -> Range<Int> {
    isDirect
      ? groupPart(of: segment).lines(part: rank / groupSize, of: groups)
      : Halves.kept(of: nodePart(of: segment), rank: rank, distances: sharers..<worldSize)
  }
}

extension Range<Int> {
  /// One of so many parts, each of whole cache lines of float32 where the range begins at one.
  ///
  /// The parts of a part are parts of the whole, as long as both numbers are powers of two.
  func lines(part: Int, of count: Int) -> Range<Int> {
    let line = 16
    let lines = (self.count + line - 1) / line
    func start(_ part: Int) -> Int {
      lowerBound + Swift.min(self.count, lines * part / count * line)
    }
    return start(part)..<start(part + 1)
  }
}
