import Foundation
import Testing

@testable import Datasets

@Suite struct ShardVerificationTests {
  /// A folder with a list of faces packed into shards of four, the list beside it.
  private func packed() throws -> VerifiedFolder {
    let folder = try VerifiedFolder()
    try folder.affectNet("training.csv", (1...10).map { UInt8($0) })
    let manifest = try FaceManifest.affectNet(
      csv: "\(folder.path)/training.csv", root: folder.path, onError: .fail)
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/shards", withIntermediateDirectories: true)
    let packer = try ShardPacker(
      manifest, to: "\(folder.path)/shards/training-{000}.tar", options: .init(samples: 4))
    let shards = try packer.shards(sizes: [])
    _ = try packer.writeIndex(
      shards.indices.map { try packer.write(shard: $0, places: shards[$0]) })
    return folder
  }

  @Test(arguments: ["shards", "shards/training.index", "shards/training-{000..002}.tar"])
  func wholeShardsAreClean(_ name: String) throws {
    let folder = try packed()
    let report = try folder.verify(name)
    #expect(report.isClean && report.sets[0].format == .shards)
    #expect(report.sets[0].parts.map(\.name) == ["training"])
    #expect(report.sets[0].parts[0].count == 10 && report.sets[0].media?.usable == 10)
    #expect(report.sets[0].parts[0].classes.map(\.count) == [2, 2, 1, 1, 1, 1, 1, 1])
  }

  @Test func shardsWithoutIndexAreScannedAndNothingIsWritten() throws {
    let folder = try packed()
    try FileManager.default.removeItem(atPath: "\(folder.path)/shards/training.index")
    let report = try folder.verify("shards")
    #expect(report.isClean && report.sets[0].parts[0].count == 10)
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/shards")
    #expect(names.count == 3)
  }

  @Test func shardsThatAreCutOrGoneAreNamed() throws {
    let folder = try packed()
    try folder.truncate("shards/training-001.tar")
    let stale = try folder.verify("shards/training.index")
    #expect(stale.present == ["list": 1])
    #expect(stale.findings[0].reason.contains("training-001.tar is not"))
    let scanned = try folder.verify("shards/training-{000..002}.tar")
    #expect(scanned.counts["list"] == 2)
    #expect(scanned.findings.contains { $0.reason.contains("training-001.tar: at byte ") })
    try FileManager.default.removeItem(atPath: "\(folder.path)/shards/training-001.tar")
    try FileManager.default.removeItem(atPath: "\(folder.path)/shards/training.index")
    let gone = try folder.verify("shards")
    #expect(!gone.isClean && gone.findings[0].reason.contains("training-001.tar"))
  }

  @Test func imagesInShardsAreDecoded() throws {
    let folder = try packed()
    let url = URL(filePath: "\(folder.path)/shards/training-000.tar")
    var bytes = [UInt8](try Data(contentsOf: url))
    // The first image begins behind its header; the start of a JPEG is its signature.
    bytes.replaceSubrange(512..<514, with: [0, 0])
    try Data(bytes).write(to: url)
    let report = try folder.verify("shards/training.index")
    #expect(report.present == ["media": 1])
    #expect(report.findings[0].reason.contains("training-000.tar: 000000000.jpg"))
  }

  /// Two members of one name are one sample's or those of two; of the first nobody knows which is meant.
  @Test func namesThatStandTwiceInAShardAreTold() throws {
    let folder = try VerifiedFolder()
    for shade: UInt8 in 1...3 { try folder.image("\(shade).jpg", shade: shade) }
    let writer = try TarWriter(path: "\(folder.path)/a.tar")
    for (name, file) in [
      ("a.jpg", 1), ("b.jpg", 2), ("b.jpg", 3), ("c.jpg", 2), ("a.jpg", 3), ("x.txt", 1),
      ("x.txt", 1),
      ("x.jpg", 3),
    ] {
      let image = try Data(contentsOf: URL(filePath: "\(folder.path)/\(file).jpg"))
      try image.withUnsafeBytes { _ = try writer.append(name, $0) }
    }
    try writer.finish()
    let report = try folder.verify("a.tar")
    #expect(
      folder.findings(report) == [
        "row: a.tar:2: 'b.jpg' is there twice; keep one of them",
        "duplicate: a.index:5: a.tar: x.jpg: the same content as a.index:4",
      ])
    #expect(
      report.sets[0].parts[0].notes == [
        "4 without an expression", "in 1 shards",
        "1 with the name of another one of their shard, such as 'a.jpg' in a.tar",
      ])
  }

  @Test func runsOfNumbersAreOneSetOfShards() {
    #expect(
      SetReader.patterns(of: ["b.tar", "a-01.tar", "a-02.tar", "a-03.tar", "c-7.tar"])
        == ["a-{01..03}.tar", "b.tar", "c-7.tar"])
  }
}
