import Foundation
import Testing

@testable import Datasets

private let header =
  "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"

/// Point p at (p, 2).
private let landmarks = (0..<68).map { "\($0);2.0" }.joined(separator: ";")

private func read(
  _ text: String, onError: ErrorPolicy = .fail
) throws -> FaceManifest {
  let scratch = try Scratch()
  return try FaceManifest.affectNet(
    csv: try scratch.file("list.csv", text), root: "/root", onError: onError)
}

/// The message of the error that reading `text` ends with, from the file's name on.
private func message(_ text: String, onError: ErrorPolicy = .fail) throws -> String {
  let error = #expect(throws: DatasetError.self) { _ = try read(text, onError: onError) }
  let whole = try "\(#require(error))"
  return String(whole[try #require(whole.range(of: "list.csv")).lowerBound...])
}

@Suite struct AffectNetTests {
  @Test func rowsBecomeRecords() throws {
    let manifest = try read(
      """
      \(header)
      1/a.jpg,10,20,30,40,\(landmarks),1,0.5,-0.25
      2/b.png,0,0,350,350,,7,-2,-2

      """)
    #expect(
      manifest.records == [
        FaceRecord(
          imagePath: "1/a.jpg", faceBox: FaceBox(x: 10, y: 20, width: 30, height: 40),
          eyes: EyeCenters(left: SIMD2(38.5, 2), right: SIMD2(44.5, 2)), expression: .happy,
          valence: 0.5, arousal: -0.25, line: 2),
        FaceRecord(
          imagePath: "2/b.png", faceBox: FaceBox(x: 0, y: 0, width: 350, height: 350),
          expression: .contempt, valence: nil, arousal: nil, line: 3),
      ])
    #expect(manifest.root == "/root")
    #expect(manifest.classCounts == [0, 1, 0, 0, 0, 0, 0, 1])
  }

  @Test(arguments: ["\n", "\r\n", "\r"])
  func everyLineEndIsUnderstood(end: String) throws {
    let lines = [header, "a.jpg,0,0,9,9,,0,0,0", "", "b.jpg,0,0,9,9,,1,0,0"]
    for text in [lines.joined(separator: end), lines.joined(separator: end) + end] {
      let manifest = try read("\u{FEFF}" + text)
      #expect(manifest.records.map(\.imagePath) == ["a.jpg", "b.jpg"])
      #expect(manifest.records.map(\.line) == [2, 4])
    }
  }

  @Test func quotesHoldCommasQuotesAndLineEnds() throws {
    let manifest = try read(
      "\(header)\n\"a, \"\"b\"\"\nc.jpg\",0,0,9,9,\"\(landmarks)\",0,0,0\nd.jpg,0,0,9,9,,0,0,0\n")
    #expect(manifest.records.map(\.imagePath) == ["a, \"b\"\nc.jpg", "d.jpg"])
    #expect(manifest.records.map(\.line) == [2, 4])
  }

  @Test func columnsMayComeInAnyOrderAmongOthers() throws {
    let manifest = try read(
      """
      arousal,valence,extra,expression,face_height,face_width,face_y,face_x,subDirectory_filePath
      0.1,0.2,zzz,3,4,5,6,7,x.jpg
      """)
    #expect(
      manifest.records == [
        FaceRecord(
          imagePath: "x.jpg", faceBox: FaceBox(x: 7, y: 6, width: 5, height: 4),
          expression: .surprise, valence: 0.2, arousal: 0.1, line: 2)
      ])
  }

  @Test func noneUncertainAndNoFaceAreExcludedAndCounted() throws {
    let rows = [0, 8, 9, 10, 10, 4].map { "a.jpg,0,0,9,9,,\($0),-2,-2" }
    let manifest = try read(([header] + rows).joined(separator: "\n"))
    #expect(manifest.records.map(\.expression) == [.neutral, .fear])
    #expect(manifest.excluded == 4 && manifest.problems.isEmpty)
  }

  @Test("a list that begins with a face has the columns of the first release")
  func withoutHeader() throws {
    let rows = ["a.jpg,1,2,9,8,,3,0.5,-2", "b.jpg,0,0,9,9,,9,-2,-2", "c.jpg,0,0,9,9,,x,-2,-2"]
    let manifest = try read(rows.joined(separator: "\n"), onError: .skip(limit: 1))
    #expect(
      Array(manifest.records) == [
        FaceRecord(
          imagePath: "a.jpg", faceBox: FaceBox(x: 1, y: 2, width: 9, height: 8),
          expression: .surprise, valence: 0.5, arousal: nil, line: 1)
      ])
    #expect(manifest.excluded == 1)
    #expect(manifest.problems.map(\.line) == [3])
    // Neither a header with a slip nor a list of something else.
    #expect(try message("a.jpg,1,2,9,8,,face,0.5,-2\n").contains("missing from the header"))
    #expect(try message("3,1,2,9,8,,3,0.5,-2\n").contains("missing from the header"))
  }

  @Test func missingColumnIsNamedWithTheNearest() throws {
    #expect(
      try message(header.replacing("valence", with: "valance") + "\n")
        == "list.csv:1: column 'valence' is missing from the header; did you mean it by 'valance'?")
    #expect(
      try message(header.replacing(",expression", with: "") + "\n")
        == "list.csv:1: column 'expression' is missing from the header")
    #expect(
      try message(header + ",valence\n")
        == "list.csv:1: column 'valence' is in the header twice; remove or rename one")
    #expect(try message("") == "list.csv: is empty; the first line has to name the columns")
  }

  @Test(arguments: [
    ("a.jpg,0,0,9,9,,0,0", "has 8 fields where the header has 9"),
    ("a.jpg,0,0,9,9,,11,0,0", "column 'expression': 11 is not an expression (0 to 10)"),
    ("a.jpg,0,0,9,9,,,0,0", "column 'expression': is empty"),
    ("a.jpg,0,0,9,9,,happy,0,0", "column 'expression': 'happy' is not a number"),
    ("a.jpg,0,0,9,9,,0,1.5,0", "column 'valence': 1.5 is outside -1 to 1 (and not -2 for unknown)"),
    ("a.jpg,0,0,9,9,,0,0,nan", "column 'arousal': nan is outside -1 to 1 (and not -2 for unknown)"),
    ("a.jpg,0,0,9,9,,1.5,0,0", "column 'expression': 1.5 is not a whole number"),
    (
      "a.jpg,0,0,9,9,1;2,0,0,0",
      "column 'facial_landmarks': has 2 numbers where 68 points have 136"
    ),
    ("a.jpg,0,0,9,9,1;x,0,0,0", "column 'facial_landmarks': 'x' is not a coordinate"),
    ("a.jpg,0,0,9,9,1;nan,0,0,0", "column 'facial_landmarks': 'nan' is not a coordinate"),
    (
      "a.jpg,0,0,9,9,\(landmarks.replacing("40;", with: "1e9;")),0,0,0",
      "column 'facial_landmarks': a coordinate is beyond any image"
    ),
    (
      "a.jpg,0,0,9,9,\([String](repeating: "7", count: 136).joined(separator: ";")),0,0,0",
      "column 'facial_landmarks': both eyes are at the same place"
    ),
    ("a.jpg,x,0,9,9,,0,0,0", "column 'face_x': 'x' is not a number"),
    ("a.jpg,0,0,99999999999,9,,0,0,0", "column 'face_width': '99999999999' is not a number"),
    ("a.jpg,0,0,0,9,,0,0,0", "column 'face_width': the face box is 0x9 pixels"),
    ("a.jpg,0,0,9,-3,,0,0,0", "column 'face_height': the face box is 9x-3 pixels"),
    (",0,0,9,9,,0,0,0", "column 'subDirectory_filePath': names no image"),
    (
      "/a.jpg,0,0,9,9,,0,0,0",
      "column 'subDirectory_filePath': '/a.jpg' is absolute; write it relative to the data set's root"
    ),
    (
      "a/../../b.jpg,0,0,9,9,,0,0,0",
      "column 'subDirectory_filePath': 'a/../../b.jpg' goes up by '..', which could leave the data "
        + "set's root; write the path without it"
    ),
    ("a\0.jpg,0,0,9,9,,0,0,0", "column 'subDirectory_filePath': the path holds a NUL byte"),
  ])
  func badValueIsNamedWithLineAndColumn(row: String, problem: String) throws {
    let text = "\(header)\ngood.jpg,0,0,9,9,,0,0,0\n\(row)\nlast.jpg,0,0,9,9,,0,0,0\n"
    #expect(try message(text) == "list.csv:3: \(problem)")
    let manifest = try read(text, onError: .skip(limit: 1))
    #expect(manifest.records.map(\.imagePath) == ["good.jpg", "last.jpg"])
    #expect(manifest.problems.map(\.line) == [3])
  }

  @Test func moreProblemsThanAllowedAreCountedAndShown() throws {
    let bad = (0..<9).map { "bad\($0).jpg,0,0,9,9,,77,0,0" }
    let text = ([header, "a.jpg,0,0,9,9,,0,0,0"] + bad).joined(separator: "\n")
    let message = try message(text, onError: .skip(limit: 8))
    #expect(message.contains("9 rows cannot be used (data.on_error skips at most 8)"))
    #expect(message.contains("list.csv:3: column 'expression'"))
    #expect(try read(text, onError: .skip(limit: 9)).problems.count == 9)
  }

  @Test func emptySplitIsAnError() throws {
    #expect(try message(header).contains("no usable face among 0 rows"))
    #expect(
      try message("\(header)\na.jpg,0,0,9,9,,8,-2,-2").contains(
        "no usable face among 1 rows (0 with problems, 1 labelled none"))
  }

  @Test func openQuoteNamesItsLine() throws {
    #expect(
      try message("\(header)\na.jpg,0,0,9,9,,0,0,0\n\"b.jpg,0,0,9,9,,0,0,0\nc.jpg,0")
        == "list.csv:3: the quote opened in this row is never closed")
  }

  @Test func pathThatIsNotUTF8IsRefused() throws {
    let scratch = try Scratch()
    let list = try scratch.file(
      "list.csv", [UInt8]("\(header)\na".utf8) + [0xFF] + [UInt8](",,,,,,0,0,0".utf8))
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest.affectNet(csv: list, root: "/", onError: .fail)
    }
    #expect(try "\(#require(error))".hasSuffix("'a\u{FFFD}' is not UTF-8"))
  }

  /// A name that stands alone before dots is no way up.
  @Test func dotsInNamesAreNoProblem() throws {
    let manifest = try read("\(header)\n..a/b...jpg,0,0,9,9,,0,0,0\n")
    #expect(manifest.records.map(\.imagePath) == ["..a/b...jpg"])
  }

  @Test func missingListIsNamed() throws {
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest.affectNet(csv: "/nowhere/list.csv", root: "/", onError: .fail)
    }
    #expect(
      try "\(#require(error))" == "/nowhere/list.csv: cannot be read: No such file or directory")
  }

  /// Rows straddle the reader's chunks at every offset.
  @Test func longListsAreReadAcrossChunks() throws {
    let rows = (0..<1500).map {
      "\(String(repeating: "d", count: 1 + $0 % 37))/\($0).jpg,1,2,3,4,\"\(landmarks)\",\($0 % 8),0.5,-0.5"
    }
    let manifest = try read(([header] + rows).joined(separator: "\r\n"))
    #expect(manifest.records.count == 1500)
    for (index, record) in manifest.records.enumerated() {
      #expect(record.imagePath.hasSuffix("/\(index).jpg") && record.line == index + 2)
      #expect(record.expression?.rawValue == index % 8 && record.arousal == -0.5)
    }
  }

  @Test func mutationsAreReadOrRefused() throws {
    let scratch = try Scratch()
    let text =
      "\(header)\r\n1/a.jpg,1,2,3,4,\(landmarks),1,0.5,-0.25\r\n\"b,c.png\",,,,,,9,-2,-2\r\n"
    let mutations = Mutations(seed: formatSeed("AffectNet"), original: [UInt8](text.utf8))
    try mutations.run("AffectNet", file: "list.csv", in: scratch) { path, comment in
      let manifest = try FaceManifest.affectNet(csv: path, root: "/root", onError: .fail)
      for record in manifest.records {
        #expect(!record.imagePath.isEmpty && !record.imagePath.hasPrefix("/"), comment)
        #expect(!record.imagePath.split(separator: "/").contains(".."), comment)
        #expect(record.eyes.map { $0.left != $0.right } ?? true, comment)
        #expect((record.faceBox?.width ?? 1) > 0 && (record.faceBox?.height ?? 1) > 0, comment)
        for value in [record.valence, record.arousal] {
          #expect((-1...1).contains(value ?? 0), comment)
        }
      }
    }
  }

  @Test func classWeightsAreInverseFrequenciesOfMeanOne() throws {
    let rows = [0, 0, 0, 0, 0, 0, 1, 1, 4].map { "a.jpg,0,0,9,9,,\($0),-2,-2" }
    let manifest = try read(([header] + rows).joined(separator: "\n"))
    let weights = manifest.classWeights
    #expect(weights[0] * 6 == weights[4] && weights[1] * 2 == weights[4] && weights[2] == 0)
    let mean = manifest.classOfSample.map { weights[$0] }.reduce(0, +) / 9
    #expect(abs(mean - 1) < 1e-6)
  }
}
