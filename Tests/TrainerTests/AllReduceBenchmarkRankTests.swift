import Distributed
import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct AllReduceBenchmarkRankTests {
  @Test(arguments: ReductionAlgorithm.allCases)
  func theResultIsTheSameOnAllRanksAndHasTheContractsKeys(algorithm: ReductionAlgorithm) throws {
    let communicator = try SharedCommunicator.get()
    let result = try AllReduceBenchmark.run(
      communicator: communicator, bytes: 4003, algorithm: algorithm, seconds: 0)
    #expect(result.bytes == 4000 && result.millisecondsMedian > 0)
    let json = try JSONEncoder().encode(result)
    let keys = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any]).keys
    #expect(Set(keys) == ["bytes", "algorithm", "ms_median", "algorithm_gb_per_s"])
    let median = withUnsafeBytes(of: result.millisecondsMedian) { Array($0) }
    #expect(Set(try communicator.allGather(median)).count == 1)
  }
}
