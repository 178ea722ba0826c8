import Foundation
import Testing

@testable import Datasets

@Suite struct UnlabeledTests {
  @Test func foldersAreListedInTheOrderOfBytes() throws {
    let scratch = try Scratch()
    let names = [
      "b.jpg", "a/é.jpg", "a/z.PNG", "a-b/x.jpeg", "B.jpg", "a.d/b/c/10.webp", "a.d/b/c/9.bmp",
    ]
    for name in names + ["notes.txt", ".hidden.jpg", ".thumbnails/x.jpg", "jpg"] {
      _ = try scratch.file(name, "")
    }
    let manifest = try FaceManifest.unlabeled(folder: scratch.path, onError: .fail)
    #expect(
      manifest.records.map(\.imagePath)
        == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    #expect(
      manifest.records.allSatisfy { $0.expression == nil && $0.faceBox == nil && $0.line == 0 })
    #expect(manifest.root == scratch.path)
    let bitmaps = try FaceManifest.unlabeled(
      folder: scratch.path, extensions: ["bmp"], onError: .fail)
    #expect(bitmaps.records.map(\.imagePath) == ["a.d/b/c/9.bmp"])
  }

  @Test(.timeLimit(.minutes(1)))
  func loopsOfLinksEndAndFoldersAreListedOnce() throws {
    let scratch = try Scratch()
    let outside = try Scratch()
    _ = try outside.file("far/o.jpg", "")
    _ = try scratch.file("real/r.jpg", "")
    let links = [
      ("a-link", "real"), ("real/up", ".."), ("real/self", "."), ("loop1", "loop2"),
      ("loop2", "loop1"), ("gone", "nowhere"), ("far", outside.path), ("near.jpg", "real/r.jpg"),
    ]
    for (link, target) in links {
      try FileManager.default.createSymbolicLink(
        atPath: "\(scratch.path)/\(link)", withDestinationPath: target)
    }
    let manifest = try FaceManifest.unlabeled(folder: scratch.path, onError: .fail)
    #expect(manifest.records.map(\.imagePath) == ["far/far/o.jpg", "near.jpg", "real/r.jpg"])
  }

  @Test func nameThatIsNotUTF8IsAProblem() throws {
    let scratch = try Scratch()
    _ = try scratch.file("good.jpg", "")
    let name = [UInt8](scratch.path.utf8) + [0x2F, 0xFF] + [UInt8](".jpg".utf8) + [0]
    let descriptor = open(name.map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o600)
    #expect(descriptor >= 0)
    close(descriptor)
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest.unlabeled(folder: scratch.path, onError: .fail)
    }
    #expect(
      try "\(#require(error))"
        == "\(scratch.path): the name '\u{FFFD}.jpg' is not UTF-8; rename the file")
    let manifest = try FaceManifest.unlabeled(folder: scratch.path, onError: .skip(limit: 1))
    #expect(manifest.records.map(\.imagePath) == ["good.jpg"] && manifest.problems.count == 1)
  }

  @Test func emptyAndMissingFoldersAreNamed() throws {
    let scratch = try Scratch()
    let empty = #expect(throws: DatasetError.self) {
      _ = try FaceManifest.unlabeled(
        folder: scratch.path, extensions: ["jpg", "png"], onError: .fail)
    }
    #expect(
      try "\(#require(empty))" == "\(scratch.path): no usable image: no file ends in .jpg, .png")
    let missing = #expect(throws: DatasetError.self) {
      _ = try FaceManifest.unlabeled(folder: "/nowhere", onError: .fail)
    }
    #expect(try "\(#require(missing))" == "/nowhere: cannot be read: No such file or directory")
  }

  @Test func linesOfAListArePaths() throws {
    let scratch = try Scratch()
    let list = try scratch.file(
      "list.txt", "\u{FEFF}a.jpg\r\n\r\n  b, \"c\".jpg \r\n/far/c.jpg\r\n../d.jpg\r\n#e.jpg")
    let manifest = try FaceManifest.unlabeled(list: list, root: "/root", onError: .fail)
    #expect(
      manifest.records.map(\.imagePath)
        == ["a.jpg", "b, \"c\".jpg", "/far/c.jpg", "../d.jpg", "#e.jpg"])
    #expect(manifest.records.map(\.line) == [1, 3, 4, 5, 6])
  }

  @Test func brokenLinesAreNamedAndSkipped() throws {
    let scratch = try Scratch()
    let list = try scratch.file("list.txt", [UInt8]("a.jpg\nb\0.jpg\n".utf8) + [0xFF, 0x0A])
    let error = #expect(throws: DatasetError.self) {
      _ = try FaceManifest.unlabeled(list: list, root: "", onError: .fail)
    }
    #expect(try "\(#require(error))" == "\(list):2: the path holds a NUL byte")
    let manifest = try FaceManifest.unlabeled(list: list, root: "", onError: .skip(limit: 2))
    #expect(manifest.problems.map(\.line) == [2, 3] && manifest.records.count == 1)
    #expect(throws: DatasetError.self) {
      _ = try FaceManifest.unlabeled(list: list, root: "", onError: .skip(limit: 1))
    }
  }

  /// What a list names reaches the decoder as it is written, relative or absolute.
  @Test func imagesOfAListAreFoundWhereverTheyAre() throws {
    let corpus = try Corpus()
    let list = try corpus.scratch.file(
      "list.txt", "\(corpus.manifest.records[0].imagePath)\n\(corpus.images[1])\n")
    let manifest = try FaceManifest.unlabeled(
      list: list, root: corpus.scratch.path, onError: .fail)
    let reader = try SampleReader(manifest: manifest, augmentation: .small)
    let image = UnsafeMutablePointer<Float>.allocate(capacity: reader.sampleCount)
    defer { image.deallocate() }
    for sample in 0..<Int32(2) { try reader.readForEvaluation(sample, into: image) }
  }

  @Test func mutationsOfAListAreReadOrRefused() throws {
    let scratch = try Scratch()
    let text = "a.jpg\nb/c.jpg\r\n/d/e.jpg\n../é.png\n"
    let mutations = Mutations(seed: formatSeed("list of faces"), original: [UInt8](text.utf8))
    try mutations.run("list of faces", file: "list.txt", in: scratch) { path, comment in
      let manifest = try FaceManifest.unlabeled(list: path, root: "/", onError: .fail)
      #expect(
        manifest.records.allSatisfy { !$0.imagePath.isEmpty && !$0.imagePath.utf8.contains(0) },
        comment)
    }
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: sharedData("unlabeled_faces")),
      "needs real faces in ../shared/data/unlabeled_faces"))
  func everyRealFaceIsFound() throws {
    let manifest = try FaceManifest.unlabeled(
      folder: sharedData("unlabeled_faces"), onError: .fail)
    #expect(manifest.records.count == 1800)
  }
}
