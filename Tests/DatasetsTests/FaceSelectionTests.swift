import Testing

@testable import Datasets

@Suite("Faces chosen from a list")
struct FaceSelectionTests {
  private let faces = (0..<6).map {
    FaceRecord(
      imagePath: "face-\($0).jpg", faceBox: nil, expression: nil, valence: 0.5, arousal: nil,
      line: $0 + 1)
  }

  @Test("they keep everything but their classes")
  func files() {
    let manifest = FaceManifest(path: "list", root: "root", records: faces, excluded: 2)
    let chosen = manifest.selecting([1, 4], expressions: [.happy, .fear])
    #expect(chosen.records.map(\.imagePath) == ["face-1.jpg", "face-4.jpg"])
    #expect(chosen.records.map(\.expression) == [.happy, .fear])
    #expect(chosen.records.map(\.valence) == [0.5, 0.5])
    #expect(chosen.classCounts == [0, 1, 0, 0, 1, 0, 0, 0])
    #expect((chosen.path, chosen.root, chosen.excluded) == ("list", "root", 2))
  }

  @Test("in shards they stay where they are, and shards without any count none")
  func shards() throws {
    var columns = FaceColumns(hasLocations: true)
    for (index, face) in faces.enumerated() {
      columns.append(face, extent: (512 * (index % 2 + 1))..<(512 * (index % 2 + 1) + 100))
    }
    let manifest = FaceManifest(
      path: "list", root: "root", columns: columns,
      shards: ["a", "b", "c"].map { Shard(name: $0, byteCount: 4096, sampleCount: 2) })
    let chosen = manifest.selecting([0, 1, 5], expressions: [.sad, .sad, .anger])
    #expect(chosen.shards?.map(\.sampleCount) == [2, 0, 1])
    #expect(chosen.records.extent(at: 2) == manifest.records.extent(at: 5))
    // What other ranks check when they take it over.
    let sent = try FaceManifest(packed: chosen.packed, file: "rank 0")
    #expect(sent.records == chosen.records)
  }
}
