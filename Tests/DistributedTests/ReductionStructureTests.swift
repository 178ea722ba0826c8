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
