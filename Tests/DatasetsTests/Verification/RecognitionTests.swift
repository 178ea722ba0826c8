import Foundation
import Testing

@testable import Datasets

@Suite struct RecognitionTests {
  @Test func severalSetsAreVerifiedEachForItself() throws {
    let folder = try VerifiedFolder()
    try folder.affectNet("training.csv", [1, 2])
    let corpus = try VerifiedFolder()
    for name in ["one", "two"] {
      try FileManager.default.copyItem(atPath: folder.path, toPath: "\(corpus.path)/\(name)")
    }
    try corpus.image("bare/a.jpg", shade: 9)
    try corpus.file("notes/read.me", "nothing")
    let report = try corpus.verify()
    #expect(report.isClean && report.sets.map(\.format) == [.faces, .affectNet, .affectNet])
    try corpus.truncate("bare/a.jpg")
    #expect(try corpus.verify().present == ["media": 1])
  }

  @Test func whatCannotBeToldAsksForAFormat() throws {
    let folder = try VerifiedFolder()
    try folder.file("read.me", "nothing")
    for name in ["", "read.me", "missing"] {
      let error = #expect(throws: DatasetError.self) { try folder.verify(name) }
      guard case .setting = try #require(error) else {
        Issue.record("\(name) is not refused as a setting")
        continue
      }
    }
    try folder.file("faces.lst", "a.jpg\nb.jpg\n")
    #expect(try DataFormat.recognised(at: "\(folder.path)/faces.lst") == .faceList)
    try folder.image("a.jpg", shade: 1)
    try folder.image("b.jpg", shade: 2)
    #expect(try folder.verify("faces.lst").isClean)
    // A format that is named is believed, and its reader says what does not fit.
    let report = try folder.verify("faces.lst") { $0.format = .affectNet }
    #expect(report.present == ["list": 1])
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: sharedData("")),
      "needs real data in ../shared/data"),
    arguments: [
      ("faces", DataFormat.affectNet), ("unlabeled_faces", .faces), ("speech", .ravdess),
      ("video", .media),
    ])
  func realDataAreRecognisedAndWhole(_ name: String, _ format: DataFormat) throws {
    let report = try Verification(sharedData(name)).run()
    #expect(report.sets.map(\.format) == [format])
    #expect(report.counts["media"] == 0 && report.counts["row"] == 0 && report.counts["list"] == 0)
  }
}
