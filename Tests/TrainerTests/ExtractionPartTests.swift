import Foundation
import Media
import Nets
import TestSupport
import Testing

@testable import Trainer

/// How parts of an extraction are kept and believed.
@Suite("Extraction parts")
struct ExtractionPartTests {
  private let folder: TemporaryFolder
  private let width = 4096

  init() throws { folder = try TemporaryFolder() }

  private func file(_ content: ExtractionPart.Content = .film("a.mp4")) -> PartFile {
    PartFile(
      folder: SharedFolder(path: folder.path), part: ExtractionPart(content: content, digest: "0a"),
      width: width)
  }

  private func rows(_ frames: Range<Int>, image: Int? = nil) -> ExtractedRows {
    var rows = ExtractedRows(width: width)
    for frame in frames {
      rows.append(
        repeatElement(Float(frame), count: width),
        of: RowOrigin(
          image: image, frame: image == nil ? frame : nil, face: 0,
          region: FaceRegion(x: 1, y: 2, width: 3, height: Float(frame))))
    }
    return rows
  }

  /// Makes rows, some at a time, as a film does.
  private final class Piece: ExtractionPiece {
    let progress = 0.0
    let problems = ["a problem"]
    let faceless = ["no face"]
    func advance() -> Bool { false }
    func takeRows() -> ExtractedRows { ExtractedRows(width: 1) }
  }

  @Test("long parts are written in slices and read in their order")
  func slices() throws {
    let file = file()
    let work = PartInWork(Piece(), file: file)
    for start in stride(from: 0, to: 2500, by: 100) { try work.take(rows(start..<start + 100)) }
    #expect(!FileManager.default.fileExists(atPath: file.path))
    try work.finish()
    let slice = PartFile.sliceBytes / (4 * width) / 100 * 100 + 100
    let summary = try file.summary()
    #expect(summary.rows == 2500 && summary.slices == 2500 / slice)
    #expect(summary.problems == ["a problem"] && summary.faceless == ["no face"])
    var frames: [Int] = []
    try file.forEachSlice { rows in
      frames += rows.origins.compactMap(\.frame)
      #expect(rows.origins.count <= slice)
      #expect(rows.origins.first?.region?.height == rows.features.first)
    }
    #expect(frames == Array(0..<2500))
    try DurableFiles.remove("\(folder.path)/0a.0.safetensors")
    #expect(throws: (any Error).self) { try file.forEachSlice { _ in } }
  }

  @Test("rows that cannot be of the part, or too few of them, are not believed")
  func foreignRows() throws {
    let images = file(.images(list: 0, rows: 4..<8))
    try images.finish(rows(0..<1, image: 7), PartSummary(rows: 1))
    try images.forEachSlice { #expect($0.origins[0].image == 7) }
    for image in [3, 8, -1] {
      try images.finish(rows(0..<1, image: image), PartSummary(rows: 1))
      #expect(throws: TrainerError.self) { try images.forEachSlice { _ in } }
    }
    try file().finish(rows(0..<3), PartSummary(rows: 4))
    #expect(throws: TrainerError.self) { try file().forEachSlice { _ in } }
    try rows(0..<3).write(to: file().path, in: SharedFolder(path: folder.path))
    #expect(throws: TrainerError.self) { try file().summary() }
  }

  @Test("mutated parts are read as they were written or not at all")
  func mutations() throws {
    let file = file()
    try file.finish(rows(0..<2), PartSummary(rows: 2))
    let original = [UInt8](try Data(contentsOf: URL(filePath: file.path)))
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    var refused = 0
    for round in 0..<200 {
      var bytes = original
      let reach = round % 2 == 0 ? 700 : bytes.count
      bytes[Int.random(in: 0..<reach, using: &generator)] ^=
        1 << UInt8.random(in: 0..<8, using: &generator)
      if round % 5 == 0 { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator)) }
      try Data(bytes).write(to: URL(filePath: file.path))
      do {
        try file.forEachSlice { read in
          #expect(read.features == rows(0..<2).features, "seed \(seed), round \(round)")
        }
      } catch {
        refused += 1
        #expect("\(error)".contains(file.path), "seed \(seed), round \(round): \(error)")
      }
    }
    #expect(refused > 100)
  }

  @Test("a file is the same whatever way its path takes")
  func identities() throws {
    let path = try folder.write("a", to: "a.txt")
    try FileManager.default.createSymbolicLink(
      atPath: "\(folder.path)/link", withDestinationPath: path)
    let detour = "\(folder.path)/./a.txt"
    for other in [detour, "\(folder.path)/link", "\(folder.path)//a.txt"] {
      let together = FileIdentity.conflict(writing: [path, other], reading: [])
      #expect(together == "\(path) and \(other) are the same file; name two")
      let read = FileIdentity.conflict(writing: [other], reading: [path])
      #expect(read == "\(path) is read, and \(other) would replace it; name another file")
    }
    let new = ["\(folder.path)/b", "\(folder.path)/./b"]
    #expect(FileIdentity.conflict(writing: new, reading: []) != nil)
    #expect(
      FileIdentity.conflict(writing: [path, new[0]], reading: ["/nowhere/a", "/nowhere/a"]) == nil)
  }

  @Test("what a file is called until it is whole is no name for another, nor for what is read")
  func temporaryNames() throws {
    let film = try folder.write("a film", to: "b.writing")
    let output = "\(folder.path)/b"
    #expect(
      FileIdentity.conflict(writing: [output], reading: [film])
        == "\(film) is read, and \(output) would be written to it at first; name another file")
    let both = try #require(FileIdentity.conflict(writing: [output, film], reading: []))
    #expect(both.contains("for a while"))
    #expect(FileIdentity.conflict(writing: [output], reading: ["\(folder.path)/c"]) == nil)
  }

  @Test("of the folder of parts, parts alone are removed")
  func removal() throws {
    let parts = "\(folder.path)/out.npy.parts"
    let digest = String(repeating: "0a", count: 32)
    for name in [
      ".safetensors", ".3.safetensors", ".safetensors.broken", ".0.safetensors.abc-12.writing",
    ] {
      _ = try folder.write("", to: "out.npy.parts/\(digest)\(name)")
    }
    let own = ["\(digest).txt", "notes.txt", "x\(digest).safetensors", "model.safetensors"]
    for name in own { _ = try folder.write("", to: "out.npy.parts/\(name)") }
    try PartFile.removeAll(in: parts)
    #expect(try DurableFiles.names(in: parts).sorted() == own.sorted())
    for name in own { try DurableFiles.remove("\(parts)/\(name)") }
    try PartFile.removeAll(in: parts)
    #expect(!DurableFiles.exists(parts))
    try PartFile.removeAll(in: parts)
  }

  @Test("an extraction that ended between its two files is told from one that is done")
  func betweenFiles() throws {
    let output = "\(folder.path)/voices.npy"
    _ = try folder.write("", to: "voices.rows.csv")
    #expect(!FeatureFileWriter.isBetweenItsFiles(output))
    _ = try folder.write("", to: "voices.npy.writing")
    #expect(FeatureFileWriter.isBetweenItsFiles(output))
    // Its own table was not whole yet: the other is somebody else's.
    _ = try folder.write("", to: "voices.rows.csv.writing")
    #expect(!FeatureFileWriter.isBetweenItsFiles(output))
  }
}
