import CounterRandom
import Foundation
import Testing

@testable import Datasets

/// Faces whose every field differs, unknown values among them.
private func records(_ count: Int) -> [FaceRecord] {
  (0..<count).map { index in
    FaceRecord(
      imagePath: "\(index % 10)/ä\(index * 7919).jpg",
      faceBox: index % 3 == 0 ? nil : FaceBox(x: -index, y: index, width: index + 1, height: 9),
      eyes: index % 2 == 0 ? nil : EyeCenters(left: [Float(index), 1], right: [-2, 0.5]),
      expression: index % 5 == 4 ? nil : Datasets.Expression(rawValue: index % 8),
      valence: index % 4 == 0 ? nil : Float(index % 200) / 100 - 1,
      arousal: index % 7 == 0 ? nil : -1, line: 2 * index + 2)
  }
}

private func manifest(_ count: Int = 50) -> FaceManifest {
  FaceManifest(
    path: "faces/list.csv", root: "faces", records: records(count),
    problems: [RowProblem(file: "list.csv", line: 7, column: "valence", reason: "is 'ü'")],
    excluded: 3)
}

@Suite struct PackedManifestTests {
  /// 10 000 rows lie in the first chunk of the file, of which a list's length is estimated.
  @Test func longListsOfShortRowsAreRead() throws {
    let scratch = try Scratch()
    let header = AffectNetColumns.header.joined(separator: ",") + "\n"
    let list = try scratch.file(
      "list.csv", header + String(repeating: "a.jpg,,,,,,1,0,0\n", count: 20_000))
    let manifest = try FaceManifest.affectNet(csv: list, root: "/root", onError: .fail)
    #expect(manifest.records.count == 20_000 && manifest.records[19_999].line == 20_001)
  }

  @Test func recordsAreThoseThatWereGiven() {
    let manifest = manifest()
    #expect(Array(manifest.records) == records(50))
    #expect(manifest.classOfSample == records(50).map { $0.expression?.rawValue ?? -1 })
    #expect(manifest.classCounts.reduce(0, +) == 40)
  }

  @Test func whatArrivesIsWhatWasPacked() throws {
    let manifest = manifest()
    let other = try FaceManifest(packed: manifest.packed, file: "the broadcast")
    #expect(other.records == manifest.records && other.packed == manifest.packed)
    #expect(other.path == manifest.path && other.root == manifest.root)
    #expect(other.problems == manifest.problems && other.excluded == 3 && other.shards == nil)
  }

  @Test func aRowTakesItsPathAndFiftyThreeBytes() {
    let rows = records(10_000)
    let paths = rows.reduce(0) { $0 + $1.imagePath.utf8.count }
    let manifest = FaceManifest(path: "", root: "", records: rows)
    #expect(manifest.packed.count - paths - 53 * rows.count < 200)
  }

  @Test func everyTruncationIsNamed() throws {
    let bytes = manifest(20).packed
    for length in 0..<bytes.count {
      #expect(throws: DatasetError.self) {
        _ = try FaceManifest(packed: Array(bytes[..<length]), file: "list")
      }
    }
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest(packed: Array(bytes.dropLast()), file: "list")
    }
    #expect(
      try "\(#require(error))"
        == "list: has \(bytes.count - 1) bytes where its header says \(bytes.count)")
  }

  /// Whatever the bytes are, they give a manifest whose records can be read, or an error.
  @Test(arguments: [1, 2, 8]) func hostileBytesNeverTrap(changes: Int) {
    let bytes = manifest(20).packed
    var (accepted, refused) = (0, 0)
    for round in 0..<3000 {
      var random = CounterRandom(seed: 11, epoch: changes, index: round, purpose: .sampleOrder)
      var hostile = bytes
      for _ in 0..<changes {
        // Mostly in the header and the first columns, where the lengths are.
        let place = random.integer(below: round % 2 == 0 ? 240 : bytes.count)
        hostile[place] =
          [0, 0xFF, 0x7F, 0x80, UInt8(random.integer(below: 256))][
            random.integer(below: 5)]
      }
      if let manifest = try? FaceManifest(packed: hostile, file: "list") {
        for record in manifest.records { _ = record.imagePath.count }
        _ = manifest.classCounts
        accepted += 1
      } else {
        refused += 1
      }
    }
    #expect(accepted > 10 && refused > 100)
  }

  /// Eyes decide how much of an image is read: beyond any image they would not fit an integer.
  @Test(
    arguments: [
      [1, .nan, 3, 4], [1e38, 2, 3, 4], [1, 2, -.infinity, 4], [1, 2, 3, 1e6],
    ] as [[Float]])
  func eyesBeyondAnyImageAreRefused(eyes: [Float]) {
    let face = FaceRecord(
      imagePath: "a.jpg", faceBox: nil, eyes: EyeCenters(left: [1, 2], right: [3, 4]),
      expression: .happy, valence: nil, arousal: nil, line: 2)
    let manifest = FaceManifest(path: "list", root: "root", records: [face])
    var bytes = manifest.packed
    for (index, value) in eyes.enumerated() {
      let place = manifest.records.layout.eyes.lowerBound + 4 * index
      let stored = withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
      bytes.replaceSubrange(place..<place + 4, with: stored)
    }
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest(packed: bytes, file: "list")
    }
    #expect(error.map { "\($0)" } == "list: row 0 has impossible values")
  }

  @Test func pathsWithNULAreRefused() throws {
    let manifest = manifest(3)
    var bytes = manifest.packed
    bytes[manifest.records.layout.paths.upperBound - 1] = 0
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest(packed: bytes, file: "list")
    }
    #expect(error.map { "\($0)" } == "list: has a path with a NUL byte")
  }

  /// With holes instead of data, so that they take no disk: memory is asked for only where the header's
  /// counts and the file's size agree, and never for more than there is.
  @Test func indexesThatAreLongerThanTheirListAreRefused() throws {
    let scratch = try Scratch()
    var bytes = manifest(20).packed
    let huge = 1 << 42
    for (bytes, reason) in [
      (bytes, "has \(huge) bytes where its header says \(bytes.count)"),
      (Self.header(of: &bytes, longerBy: huge - bytes.count), "more than this machine's memory"),
    ] {
      let path = try scratch.file("train.index", bytes)
      try #require(truncate(path, huge) == 0)
      let error = #expect(throws: DatasetError.self) { _ = try FaceManifest.index(path: path) }
      #expect(try "\(#require(error))".contains(reason))
    }
  }

  /// The bytes, whose header tells of so many more bytes of metadata.
  private static func header(of bytes: inout [UInt8], longerBy count: Int) -> [UInt8] {
    bytes.withUnsafeMutableBytes { buffer in
      let metadata = buffer.loadUnaligned(fromByteOffset: 32, as: UInt64.self)
      buffer.storeBytes(of: metadata + UInt64(count), toByteOffset: 32, as: UInt64.self)
    }
    return bytes
  }

  @Test func otherVersionsAreNamed() {
    var bytes = manifest(3).packed
    bytes[8] = 9
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest(packed: bytes, file: "list")
    }
    #expect(error.map { "\($0)" } == "list: has version 9, and 1 is read")
  }
}
