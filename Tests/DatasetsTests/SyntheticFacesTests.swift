import CounterRandom
import Foundation
import Testing

@testable import Datasets

@Suite struct SyntheticFacesTests {
  private func options(seed: UInt64 = 3, threads: Int = 1) -> SyntheticFaces.Options {
    .init(faces: 60, seed: seed, imageSize: 64, threads: threads)
  }

  /// All files of a folder with their content.
  private func content(_ scratch: Scratch) throws -> [String: Data] {
    var content: [String: Data] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: scratch.path) ?? .init() {
      content[name] = FileManager.default.contents(atPath: "\(scratch.path)/\(name)")
    }
    return content
  }

  @Test func sameOptionsGiveTheSameBytesWhateverTheThreads() throws {
    let folders = try (0..<3).map { _ in try Scratch() }
    try SyntheticFaces.write(to: folders[0].path, options: options(threads: 1))
    try SyntheticFaces.write(to: folders[1].path, options: options(threads: 3))
    try SyntheticFaces.write(to: folders[2].path, options: options(seed: 4))
    let first = try content(folders[0])
    #expect(first.count > 60)
    #expect(try content(folders[1]) == first)
    let other = try content(folders[2])
    #expect(other["images/0/face-0.jpg"] != first["images/0/face-0.jpg"])
  }

  @Test func ourOwnReaderTakesBothListsWithoutProblems() throws {
    let scratch = try Scratch()
    let summary = try SyntheticFaces.write(to: scratch.path, options: options())
    #expect(summary == SyntheticFaces.Summary(training: 48, validation: 12))
    for (name, count) in [("training", 48), ("validation", 12)] {
      let manifest = try FaceManifest.affectNet(
        csv: "\(scratch.path)/\(name).csv", root: scratch.path, onError: .fail)
      #expect(manifest.records.count == count && manifest.classCounts.allSatisfy { $0 > 0 })
      for record in manifest.records {
        let box = try #require(record.faceBox)
        #expect(box.width < 64 && box.x >= 0 && box.y >= 0)
        #expect(box.width > 20 && box.x + box.width <= 64 && box.y + box.height <= 64)
        #expect(record.valence != nil && record.arousal != nil)
      }
    }
  }

  @Test func headerIsAffectNetsAndLandmarksAreSixtyEight() throws {
    let scratch = try Scratch()
    try SyntheticFaces.write(to: scratch.path, options: options())
    let lines = try String(contentsOfFile: "\(scratch.path)/training.csv", encoding: .utf8)
      .split(separator: "\n")
    #expect(
      lines[0]
        == "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal"
    )
    for line in lines.dropFirst() {
      let landmarks = line.split(separator: ",")[5].split(separator: ";")
      #expect(landmarks.count == 136 && landmarks.allSatisfy { Double($0) != nil })
    }
  }

  @Test func nobodyIsInBothSplits() {
    let layout = SyntheticLayout(folder: "", options: .init(faces: 500))
    let training = Set((0..<layout.trainingCount).map(layout.person))
    let validation = Set((layout.trainingCount..<500).map(layout.person))
    #expect(training.isDisjoint(with: validation))
    #expect(training.count > 40 && validation.count > 8)
  }

  @Test func valenceAndArousalGoWithTheExpression() {
    func mean(_ expression: Datasets.Expression) -> SIMD2<Float> {
      var sum = SIMD2<Float>.zero
      for index in 0..<400 {
        var random = CounterRandom(seed: 1, index: index, purpose: .syntheticFace)
        let person = FaceIdentity(seed: 1, number: index)
        let affect = FaceAffect(expression, of: person, from: &random)
        #expect((-1...1).contains(affect.valence) && (-1...1).contains(affect.arousal))
        sum += SIMD2(affect.valence, affect.arousal)
      }
      return sum / 400
    }
    #expect(mean(.happy).x > 0.4 && mean(.sad).x < -0.3 && abs(mean(.neutral).x) < 0.1)
    #expect(mean(.surprise).y > 0.4 && mean(.sad).y < -0.15)
  }

  @Test func anEarlierCorpusIsReplacedAndAnythingElseIsLeftAlone() throws {
    let scratch = try Scratch()
    try SyntheticFaces.write(to: scratch.path, options: options(seed: 9))
    let stale = try scratch.file("images/0/face-100000.jpg", "of a larger corpus")
    try SyntheticFaces.write(to: scratch.path, options: options())
    #expect(!FileManager.default.fileExists(atPath: stale))

    let other = try Scratch()
    let kept = try other.file("thesis.txt", "years")
    #expect(throws: DatasetError.self) {
      try SyntheticFaces.write(to: other.path, options: options())
    }
    #expect(try content(other).count == 1)
    try SyntheticFaces.write(to: other.path, options: options(), force: true)
    #expect(FileManager.default.fileExists(atPath: kept))
  }

  @Test func impossibleOptionsAreNamed() {
    var few = options()
    few.faces = 3
    #expect(throws: DatasetError.self) { try few.validate() }
    var tiny = options()
    tiny.imageSize = 10
    #expect(throws: DatasetError.self) { try tiny.validate() }
  }
}
