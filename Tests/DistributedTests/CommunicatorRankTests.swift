import TestSupport
import Testing

@testable import Distributed

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct CommunicatorRankTests {
  let communicator: Communicator

  init() throws {
    communicator = try SharedCommunicator.get()
  }

  /// Bytes of a length and content that only this rank has.
  func bytes(of rank: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(rank + 1), count: (rank * 7) % 5 * 1000)
  }

  @Test func everyRankHasItsPlace() throws {
    let ranks = try communicator.allGather([UInt8(communicator.rank)])
    #expect(ranks == (0..<communicator.worldSize).map { [UInt8($0)] })
    #expect(!communicator.hostName.isEmpty)
  }

  @Test func aBroadcastBringsBytesAndLength() throws {
    for root in 0..<communicator.worldSize {
      var received = [UInt8](repeating: 99, count: communicator.rank)
      if communicator.rank == root {
        received = Array("from \(root)".utf8)
      }
      try communicator.broadcast(&received, from: root)
      #expect(received == Array("from \(root)".utf8))
    }
  }

  @Test func anEmptyBroadcastEmptiesTheReceivers() throws {
    var received: [UInt8] = communicator.rank == 0 ? [] : [1, 2, 3]
    try communicator.broadcast(&received, from: 0)
    #expect(received.isEmpty)
  }

  @Test func gatherBringsArraysOfDifferentLengthsToTheRootOnly() throws {
    let root = communicator.worldSize - 1
    let gathered = try communicator.gather(bytes(of: communicator.rank), to: root)
    let expected = (0..<communicator.worldSize).map(bytes)
    #expect(gathered == (communicator.rank == root ? expected : nil))
  }

  @Test func allGatherBringsArraysOfDifferentLengthsToAll() throws {
    let gathered = try communicator.allGather(bytes(of: communicator.rank))
    #expect(gathered == (0..<communicator.worldSize).map(bytes))
  }

  @Test func transfersLongerThanMPICountsAreCut() throws {
    let cutting = try Communicator(largestTransfer: 7)
    let rank = cutting.rank
    let gathered = try cutting.allGather([UInt8](repeating: UInt8(rank), count: 20 + rank))
    #expect(gathered == (0..<cutting.worldSize).map { .init(repeating: UInt8($0), count: 20 + $0) })
    var flags = (0..<20).map { Int32($0 * rank) }
    try cutting.allReduceMaximum(&flags)
    #expect(flags == (0..<20).map { Int32($0 * (cutting.worldSize - 1)) })
  }

  @Test func flagsOfAnyRankReachAll() throws {
    var flags: [Int32] = [Int32(communicator.rank), -Int32(communicator.rank), 5]
    try communicator.allReduceMaximum(&flags)
    #expect(flags == [Int32(communicator.worldSize - 1), 0, 5])
  }

  @Test func aFailedCallBecomesAnErrorThatNamesItAndTheProcessLives() throws {
    var bytes: [UInt8] = [1]
    let error = #expect(throws: MPIError.self) {
      try communicator.broadcast(&bytes, from: communicator.worldSize)
    }
    #expect(error?.function == "MPI_Bcast" && error?.rank == communicator.rank)
    #expect(error?.text.contains("MPI_ERR_ROOT") == true, "\(String(describing: error))")
    try communicator.barrier()
  }

  @Test func aCountBeyondInt32IsAnErrorNotAWrongNumber() {
    #expect(throws: MPIError.self) { try communicator.transferCount(Int(Int32.max) + 1) }
  }
}
