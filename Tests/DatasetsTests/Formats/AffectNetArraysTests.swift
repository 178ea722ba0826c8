import Foundation
import Testing

@testable import Datasets

/// A split of AffectNet's later release.
private struct SplitFolder {
  let scratch: Scratch
  var path: String { scratch.path + "/train_set" }

  init() throws {
    scratch = try Scratch()
  }

  func add(_ name: String, _ content: [UInt8] = []) throws {
    _ = try scratch.file("train_set/\(name)", content)
  }

  /// An image with annotations of text, as the data set has them.
  func addImage(_ identifier: String, _ expression: String, _ valence: String, _ arousal: String)
    throws
  {
    try add("images/\(identifier).jpg")
    for (ending, text) in [("exp", expression), ("val", valence), ("aro", arousal)] {
      let length = text.utf8.count
      try add(
        "annotations/\(identifier)_\(ending).npy",
        numpyFile("<U\(length)", "()", codePoints(text, length: length)))
    }
  }

  func read(_ onError: ErrorPolicy = .fail) throws -> FaceManifest {
    try FaceManifest.affectNet(arrays: path, onError: onError)
  }

  func message() throws -> String {
    let error = #expect(throws: DatasetError.self) { _ = try read() }
    return try "\(#require(error))".replacing(path + "/", with: "")
  }
}

@Suite struct AffectNetArraysTests {
  @Test func splitIsReadLikeTheFirstRelease() throws {
    let split = try SplitFolder()
    try split.addImage("10", "7", "-2", "-2")
    try split.addImage("9", "1", "0.785714", "-0.0555556")
    try split.addImage("200", "9", "-2", "-2")
    let points = (0..<68).flatMap { point -> [Float] in [Float(point) + 0.1, 2] }
    try split.add(
      "annotations/9_lnd.npy",
      numpyFile("<f4", "(136,)", points.withUnsafeBytes { [UInt8]($0) }))
    try split.add("images/Thumbs.db")
    try split.add("annotations/007_exp.npy")
    let manifest = try split.read()
    let eyes = try EyeCenters(landmarks: points.map { Double("\($0)") ?? 0 })
    #expect(
      manifest.records == [
        FaceRecord(
          imagePath: "9.jpg", faceBox: nil, eyes: eyes, expression: .happy, valence: 0.785714,
          arousal: -0.0555556, line: 0),
        FaceRecord(
          imagePath: "10.jpg", faceBox: nil, expression: .contempt, valence: nil, arousal: nil,
          line: 0),
      ])
    #expect(manifest.excluded == 1 && manifest.problems.isEmpty)
    #expect(manifest.path(of: manifest.records[0]) == split.path + "/images/9.jpg")
    #expect(AffectNetArrays.isSplit(split.path) && !AffectNetArrays.isSplit(split.scratch.path))
  }

  @Test func missingAnnotationIsNamed() throws {
    let split = try SplitFolder()
    try split.addImage("1", "0", "0", "0")
    try split.add("images/2.jpg")
    #expect(try split.message() == "annotations/2_exp.npy: is missing; 2.jpg needs it")
    let manifest = try split.read(.skip(limit: 1))
    #expect(manifest.records.count == 1 && manifest.problems.count == 1)
    #expect(throws: DatasetError.self) { _ = try split.read(.skip(limit: 0)) }
  }

  @Test func splitWithoutUsableImageIsRefused() throws {
    let split = try SplitFolder()
    try split.addImage("1", "11", "0", "0")
    #expect(try split.message() == "annotations/1_exp.npy: 11.0 is not an expression (0 to 10)")
    #expect(throws: DatasetError.self) { _ = try split.read(.skip(limit: 9)) }
  }

  @Test(arguments: [
    ("0.5", "0", "0", "1_exp.npy: 0.5 is not an expression (0 to 10)"),
    ("0", "1.5", "0", "1_val.npy: 1.5 is outside -1 to 1 (and not -2 for unknown)"),
    ("0", "0", "nan", "1_aro.npy: nan is outside -1 to 1 (and not -2 for unknown)"),
    ("happy", "0", "0", "1_exp.npy: 'happy' is not a number"),
  ])
  func badValueIsNamedWithItsFile(
    expression: String, valence: String, arousal: String, problem: String
  ) throws {
    let split = try SplitFolder()
    try split.addImage("1", expression, valence, arousal)
    #expect(try split.message() == "annotations/\(problem)")
  }

  @Test func brokenLandmarksAreNamed() throws {
    let split = try SplitFolder()
    try split.addImage("1", "0", "0", "0")
    try split.add("annotations/1_lnd.npy", numpyFile("|u1", "(4,)", [1, 2, 3, 4]))
    #expect(
      try split.message() == "annotations/1_lnd.npy: has 4 numbers where 68 points have 136")
    try split.add("annotations/1_lnd.npy", [UInt8](repeating: 0x93, count: 1 << 20))
    #expect(
      try split.message() == "annotations/1_lnd.npy: cannot be read: has more than 65536 bytes")
  }

  @Test func filesThatDoNotBelongTogetherAreProblems() throws {
    let split = try SplitFolder()
    try split.addImage("1", "0", "0", "0")
    try split.add("images/1.png")
    #expect(try split.message() == "images/1.png: has the number of 1.jpg")
    try FileManager.default.removeItem(atPath: split.path + "/images/1.png")
    try split.add("annotations/5_val.npy")
    #expect(try split.message() == "annotations/5_*.npy: belongs to no image of that number")
    #expect(try split.read(.skip(limit: 1)).records.count == 1)
  }

  @Test func missingFolderIsNamed() throws {
    let split = try SplitFolder()
    #expect(try split.message() == "annotations: cannot be read: No such file or directory")
  }
}
