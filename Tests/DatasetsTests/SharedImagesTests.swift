import Foundation
import Testing

@testable import Datasets

@Suite("Images that two lists share")
struct SharedImagesTests {
  private func list(_ root: String, _ images: [String], shards: [Shard]? = nil) -> FaceManifest {
    var columns = FaceColumns(hasLocations: shards != nil)
    for image in images {
      columns.append(
        FaceRecord(
          imagePath: image, faceBox: nil, expression: nil, valence: nil, arousal: nil, line: 0),
        extent: shards.map { _ in 512..<1024 })
    }
    return FaceManifest(path: "list", root: root, columns: columns, shards: shards)
  }

  @Test("are counted wherever their folders are linked from")
  func links() throws {
    let scratch = try Scratch()
    for name in ["a", "b"] { _ = try scratch.file("real/\(name)/1.jpg", "") }
    try FileManager.default.createSymbolicLink(
      atPath: "\(scratch.path)/link", withDestinationPath: "real")
    let validation = list("\(scratch.path)/link", ["a/1.jpg", "a/2.jpg", "b/1.jpg"])
    let faces = list(
      scratch.path,
      [
        "real/a/1.jpg", "\(scratch.path)/real/a/2.jpg", "link/../real/b/1.jpg", "real/a/3.jpg",
        "1.jpg",
      ]
    )
    #expect(faces.countShared(with: validation) == 3)
    #expect(list("real", ["a/1.jpg"]).countShared(with: validation) == 0)
  }

  @Test("are counted in shards by the shard and the image's name")
  func shards() {
    let shards = ["x.tar", "y.tar"].map { Shard(name: $0, byteCount: 4096, sampleCount: 2) }
    let all = list("/root", ["1.jpg", "2.jpg", "1.jpg", "2.jpg"], shards: shards)
    let one = list(
      "/root", ["2.jpg", "3.jpg"],
      shards: [Shard(name: "y.tar", byteCount: 4096, sampleCount: 2)])
    #expect(all.countShared(with: one) == 1)
    #expect(all.countShared(with: all) == 4)
    #expect(list("/root", ["1.jpg"]).countShared(with: all) == 0)
  }
}
