import TestSupport
import Testing

@testable import Datasets
@testable import Distributed
@testable import Trainer

@Suite(.serialized, .enabled(if: SharedCommunicator.isUnderMPI))
struct ManifestRankTests {
  private func made(rows: Int) -> FaceManifest {
    FaceManifest(
      path: "list.csv", root: "faces",
      records: (0..<rows).map {
        FaceRecord(
          imagePath: "\($0 % 7)/\($0).jpg",
          faceBox: $0 % 2 == 0 ? nil : FaceBox(x: $0, y: 1, width: 2, height: 3),
          expression: Datasets.Expression(rawValue: $0 % 8), valence: nil, arousal: 0.5, line: $0)
      },
      problems: [RowProblem(file: "list.csv", line: 3, column: nil, reason: "is bad")], excluded: 2)
  }

  @Test func everyRankHasTheListThatRankZeroRead() throws {
    let communicator = try SharedCommunicator.get()
    let expected = made(rows: 1000)
    var readers = 0
    let manifest = try Agreement(communicator: communicator).manifestOfRankZero {
      readers += 1
      return made(rows: 1000)
    }
    #expect(readers == (communicator.rank == 0 ? 1 : 0))
    #expect(manifest.records == expected.records && manifest.packed == expected.packed)
    #expect(manifest.problems == expected.problems && manifest.excluded == 2)
    #expect(manifest.path == "list.csv" && manifest.root == "faces")
  }

  @Test func listsOfOneFileAreReadTogetherOnce() throws {
    let communicator = try SharedCommunicator.get()
    var readers = 0
    let lists = try Agreement(communicator: communicator).manifestsOfRankZero(2) {
      readers += 1
      return [made(rows: 30), made(rows: 7)]
    }
    #expect(readers == (communicator.rank == 0 ? 1 : 0))
    #expect(lists.map(\.packed) == [made(rows: 30), made(rows: 7)].map(\.packed))
  }

  @Test func aListLongerThanATransferArrivesInPieces() throws {
    let cutting = try Communicator(largestTransfer: 1009)
    let manifest = try Agreement(communicator: cutting).manifestOfRankZero { made(rows: 500) }
    #expect(manifest.packed.count > 20 * 1009)
    #expect(manifest.records == made(rows: 500).records)
  }

  @Test func whatFailsOnRankZeroFailsOnAllInTheSameWords() throws {
    let communicator = try SharedCommunicator.get()
    let error = #expect(throws: TrainerError.self) {
      _ = try Agreement(communicator: communicator).manifestOfRankZero {
        try FaceManifest.affectNet(csv: "/nowhere/list.csv", root: "/", onError: .fail)
      }
    }
    let message = "/nowhere/list.csv: cannot be read: No such file or directory"
    #expect(error?.exitStatus == .badData && error.map { "\($0)" } == message)
    let all = try communicator.allGather(Array("\(String(describing: error))".utf8))
    #expect(Set(all).count == 1)
  }
}
