import Testing

@testable import Distributed

@Suite struct ReductionStructureTests {
  @Test func halvesOfPartnersFitTogether() {
    for count in [0, 1, 2, 7, 64] {
      for distance in [1, 2, 4] {
        for rank in 0..<8 {
          let ours = Halves(of: 3..<3 + count, rank: rank, distance: distance)
          let theirs = Halves(of: 3..<3 + count, rank: ours.partner, distance: distance)
          #expect(ours.kept == theirs.sent && ours.sent == theirs.kept)
          #expect(theirs.partner == rank && ours.isLowerRank != theirs.isLowerRank)
          #expect(ours.kept.count + ours.sent.count == count)
        }
      }
    }
  }

  /// For any ranks, nodes and groups: who rounds has each element once, and has summed it just before.
  @Test func routesOfRoundedSumsLeaveNothingOut() {
    let segment = 5..<5 + 1003
    for worldSize in [1, 2, 4, 8, 16] {
      for sharers in [1, 2, 4, 8, 16] where sharers <= worldSize {
        for groups in [1, 2, 4, 8, 16, 32] {
          let routes = (0..<worldSize).map {
            RoundingRoute(rank: $0, worldSize: worldSize, sharers: sharers, groups: groups)
          }
          let what = "\(worldSize) ranks, \(sharers) a node, \(groups) groups"
          #expect(tile(routes.map { $0.rootPart(of: segment) }, segment), "\(what)")
          for first in stride(from: 0, to: worldSize, by: routes[0].groupSize) {
            let group = routes[first..<first + routes[0].groupSize]
            #expect(tile(group.map { $0.groupPart(of: segment) }, segment), "\(what)")
          }
          for route in routes {
            let before =
              route.isDirect ? route.groupPart(of: segment) : route.nodePart(of: segment)
            #expect(before.clamped(to: route.rootPart(of: segment)) == route.rootPart(of: segment))
          }
        }
      }
    }
  }

  private func tile(_ parts: [Range<Int>], _ whole: Range<Int>) -> Bool {
    parts.flatMap(Array.init).sorted() == Array(whole)
  }

  @Test func ranksOfAHostBecomeNeighbours() {
    #expect(logicalRanks(nodes: ["a", "b", "a", "b"]) == [0, 2, 1, 3])
    #expect(logicalRanks(nodes: ["b", "b", "a", "a"]) == [0, 1, 2, 3])
    #expect(logicalRanks(nodes: ["a", "b", "c", "a"]) == [0, 2, 3, 1])
  }

  @Test func anMPIErrorSaysWhoWhatAndWhy() {
    let error = MPIError(function: "MPI_Bcast", rank: 3, code: 6, text: "invalid root")
    #expect(error.description == "rank 3: MPI_Bcast failed with code 6: invalid root")
  }

  @Test func onlyTheVendorsSumComesWithACaveat() {
    #expect(ReductionAlgorithm.exact.caveat == nil)
    #expect(ReductionAlgorithm.vendor.caveat?.contains("reduction: exact") == true)
  }
}
