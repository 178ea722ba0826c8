import Foundation
import Media
import Testing

@testable import Datasets

@Suite struct FaceVerificationTests {
  @Test func cleanListsAreCountedAndMeasured() throws {
    let folder = try VerifiedFolder()
    try folder.affectNet("training.csv", [1, 2, 3, 4, 5, 6, 7, 8, 9])
    try folder.affectNet(
      "validation.csv", [20, 21], extraRows: ["images-validation/20.jpg,0,0,9,9,,9,0,0"])
    try folder.image("images-training/9.jpg", shade: 9, width: 64, height: 32)
    let report = try folder.verify()
    #expect(report.isClean && report.present.isEmpty)
    let set = try #require(report.sets.first)
    #expect(set.format == .affectNet && set.parts.map(\.name) == ["training", "validation"])
    #expect(set.parts.map(\.count) == [9, 2])
    #expect(set.parts[0].classes.map(\.count) == [2, 1, 1, 1, 1, 1, 1, 1])
    let valence = try #require(set.parts[0].valence)
    #expect(valence.minimum == -0.5 && valence.maximum == 0.5 && abs(valence.mean) < 1e-9)
    #expect(set.parts[0].arousal?.missing == 1 && set.parts[0].arousal?.count == 8)
    #expect(set.parts[1].notes == ["1 labelled none, uncertain or no face, left out"])
    let media = try #require(set.media)
    #expect(media.usable == 11 && media.unusable == 0 && media.isDecoded)
    #expect(media.sizes == SizeRange(smallest: "24x16", median: "24x16", largest: "64x32"))
    #expect(report.text.hasSuffix("nothing is wrong with it"))
  }

  @Test func everyFaultIsNamed() throws {
    let folder = try VerifiedFolder()
    try folder.affectNet(
      "training.csv", [1, 2, 3, 4, 5],
      extraRows: [
        "images-training/1.jpg,0,0,24,16,,12,0,0", "images-training/nowhere.jpg,0,0,9,9,,1,0,0",
        "images-training/1.jpg,100,0,9,9,,1,0,0", "images-training/2.jpg,0,0,24,16,,1,0,0",
        "images-training/3.jpg,2,0,20,16,,1,0,0",
      ])
    try folder.affectNet("validation.csv", [4, 30])
    try folder.truncate("images-training/5.jpg")
    let report = try folder.verify()
    #expect(!report.isClean)
    #expect(report.present == ["row": 1, "media": 3, "leak": 1, "duplicate": 1])
    let found = folder.findings(report)
    #expect(
      found.contains("row: training.csv:7: column 'expression': 12 is not an expression (0 to 10)"))
    #expect(found.contains { $0.hasPrefix("media: training.csv:6: images-training/5.jpg: ") })
    #expect(found.contains { $0.hasPrefix("media: training.csv:8: images-training/nowhere.jpg: ") })
    #expect(
      found.contains(
        "media: training.csv:9: images-training/1.jpg: the face lies outside the image of "
          + "24x16 pixels"))
    // The other face of image 3 is another sample; image 2 is there twice.
    #expect(
      found.contains(
        "duplicate: training.csv:10: images-training/2.jpg: the same content as training.csv:3"))
    #expect(
      found.contains(
        "leak: validation.csv:2: images-validation/4.jpg: in validation, the same content as "
          + "training.csv:5 in training"))
    #expect(report.text.contains("files in several splits: 1\n"))
  }

  /// Of an image of 24 × 16 pixels.
  @Test func eyesOutsideTheImageAreNamed() throws {
    let folder = try VerifiedFolder()
    func row(_ shade: Int, left: (Int, Int), right: (Int, Int)) -> String {
      let points = (0..<68).map { point in
        let place = (42..<48).contains(point) ? right : left
        return "\(place.0);\(place.1)"
      }
      return "images-training/\(shade).jpg,0,0,24,16,\(points.joined(separator: ";")),1,0,0"
    }
    for shade in 3..<7 { try folder.image("images-training/\(shade).jpg", shade: UInt8(shade)) }
    try folder.affectNet(
      "training.csv", [1, 2],
      extraRows: [
        row(3, left: (0, 0), right: (24, 16)), row(4, left: (5, 5), right: (25, 5)),
        row(5, left: (4, 17), right: (9, 5)), row(6, left: (-1, 5), right: (9, 5)),
      ])
    let report = try folder.verify()
    #expect(report.present == ["media": 3])
    #expect(
      folder.findings(report) == [
        "media: training.csv:5: images-training/4.jpg: the right eye, at (25.0, 5.0), lies outside "
          + "the image of 24x16 pixels",
        "media: training.csv:6: images-training/5.jpg: the left eye, at (4.0, 17.0), lies outside "
          + "the image of 24x16 pixels",
        "media: training.csv:7: images-training/6.jpg: the left eye, at (-1.0, 5.0), lies outside "
          + "the image of 24x16 pixels",
      ])
  }

  @Test func copiesWithinASplitAreNoFault() throws {
    let folder = try VerifiedFolder()
    for name in ["a.jpg", "b/c.jpg", "d.jpg"] { try folder.image(name, shade: 4) }
    let report = try folder.verify()
    #expect(report.sets[0].format == .faces && report.present == ["duplicate": 2])
    #expect(report.isClean)
    try folder.file("b/e.png", "no image")
    let broken = try folder.verify()
    #expect(!broken.isClean && broken.present["media"] == 1)
    #expect(folder.findings(broken).contains { $0.hasPrefix("media: b/e.png: ") })
    // Without decoding nobody sees it; an empty file is seen.
    #expect(try folder.verify { $0.decodes = false }.isClean)
    try folder.file("b/e.png", "")
    #expect(try folder.verify { $0.decodes = false }.present == ["media": 1])
  }

  @Test func findingsBeyondTheLimitAreCountedAndListed() throws {
    let folder = try VerifiedFolder()
    let broken = (0..<700).map { "images-training/none-\($0).jpg,0,0,9,9,,1,0,0" }
    try folder.affectNet("training.csv", [1], extraRows: broken)
    let reports = try [1, 3].map { threads in
      try folder.verify {
        ($0.threads, $0.shown, $0.list) = (threads, 2, "\(folder.path)/list-\(threads).txt")
      }
    }
    #expect(reports[0] == reports[1])
    #expect(reports[0].counts["media"] == 700 && reports[0].findings.map(\.line) == [3, 4])
    let lists = try [1, 3].map {
      try String(contentsOfFile: "\(folder.path)/list-\($0).txt", encoding: .utf8)
    }
    #expect(lists[0] == lists[1])
    let lines = lists[0].split(separator: "\n")
    #expect(lines.count == 701 && lines[0] == "kind,file,line,column,reason")
    #expect(lines[700].hasPrefix("media,\(folder.path)/training.csv,702,,"))
    #expect(reports[0].text.contains("  and 698 more"))
  }

  @Test func listsThatCannotBeReadAreFindings() throws {
    let folder = try VerifiedFolder()
    try folder.affectNet("validation.csv", [1])
    try folder.file("training.csv", "subDirectory_filePath,face_x,expression\n")
    let missing = try folder.verify()
    #expect(missing.present == ["list": 1] && missing.findings[0].line == 1)
    #expect(missing.findings[0].column == "face_y")
    let header = AffectNetColumns.header.joined(separator: ",")
    try folder.file("training.csv", "\(header)\na.jpg,0,0,9,9,,77,0,0\nb.jpg,0,0,9,9,,x,0,0\n")
    let report = try folder.verify()
    #expect(report.present == ["list": 1, "row": 2])
    #expect(report.sets[0].parts.map(\.name) == ["validation"])
  }

  @Test func theLaterReleaseIsReadFromItsArrays() throws {
    let folder = try VerifiedFolder()
    func add(_ split: String, _ number: Int, _ expression: String) throws {
      try folder.image("\(split)/images/\(number).jpg", shade: UInt8(number))
      for (ending, text) in [("exp", expression), ("val", "0.5"), ("aro", "-2")] {
        try folder.file(
          "\(split)/annotations/\(number)_\(ending).npy",
          numpyFile("<U4", "()", codePoints(text, length: 4)))
      }
    }
    for (number, expression) in [(1, "1"), (2, "7"), (3, "9")] {
      try add("train_set", number, expression)
    }
    try add("val_set", 4, "0")
    let clean = try folder.verify()
    #expect(clean.isClean && clean.sets[0].format == .affectNetArrays)
    #expect(clean.sets[0].parts.map(\.name) == ["training", "validation"])
    #expect(clean.sets[0].parts[0].classes.map(\.count) == [0, 1, 0, 0, 0, 0, 0, 1])
    #expect(clean.sets[0].parts[0].arousal?.missing == 2)
    try add("val_set", 1, "0")
    try FileManager.default.removeItem(atPath: "\(folder.path)/val_set/annotations/4_val.npy")
    let report = try folder.verify()
    #expect(report.present == ["row": 1, "leak": 1])
    #expect(
      folder.findings(report)[0]
        == "row: val_set/annotations/4_val.npy: is missing; 4.jpg needs it")
  }

  @Test func rafDBIsComparedAcrossItsSplits() throws {
    let folder = try VerifiedFolder()
    let names = ["train_00001", "train_00002", "test_0001"]
    for (index, name) in names.enumerated() {
      try folder.image("Image/aligned/\(name)_aligned.jpg", shade: UInt8(index))
    }
    let list = names.map { "\($0).jpg 4\n" }.joined()
    try folder.file("EmoLabel/list_patition_label.txt", list)
    let clean = try folder.verify()
    #expect(clean.isClean && clean.sets[0].parts.map(\.name) == ["training", "test"])
    try folder.image("Image/aligned/test_0001_aligned.jpg", shade: 0)
    try folder.file("EmoLabel/list_patition_label.txt", list + "train_00003.jpg 8\n")
    let report = try folder.verify()
    #expect(report.present == ["leak": 1, "row": 1] && report.findings[0].column == "label")
  }

  @Test func tripletsAreCheckedWithTheirImages() throws {
    let folder = try VerifiedFolder()
    func row(_ names: [String], type: String = "TWO_CLASS_TRIPLET") -> String {
      (names.map { "http://h/\($0).jpg,0.1,0.9,0.1,0.9" } + [type]
        + (0..<6).map { "annotator\($0),3" }).joined(separator: ",")
    }
    for (index, name) in ["a", "b", "c", "d", "e", "f"].enumerated() {
      try folder.image("images/\(name).jpg", shade: UInt8(index))
    }
    try folder.file("train-public.csv", row(["a", "b", "c"]) + "\n")
    try folder.file("test-public.csv", row(["d", "e", "f"], type: "ONE_CLASS_TRIPLET") + "\n")
    let clean = try folder.verify()
    #expect(clean.isClean && clean.sets[0].format == .fec)
    #expect(clean.sets[0].parts.map(\.name) == ["test", "training"])
    #expect(clean.sets[0].parts[0].classes.map(\.count) == [1, 0, 0])
    try folder.image("images/f.jpg", shade: 0)
    try folder.truncate("images/b.jpg")
    try folder.file(
      "train-public.csv", row(["a", "b", "c"]) + "\n" + row(["a", "b", "c"], type: "X") + "\n")
    let report = try folder.verify()
    #expect(report.present == ["row": 1, "media": 1, "leak": 1])
    #expect(report.findings.first?.column == "triplet_type" && report.findings.first?.line == 2)
  }
}
