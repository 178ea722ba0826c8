import CounterRandom
import Foundation
import Testing

@testable import Datasets

/// What holds for the corpus as a whole, and for labelled faces.
@Suite struct SyntheticCorpusTests {
  @Test func sameOptionsGiveTheSameBytesWhateverTheThreads() throws {
    let folders = try (0..<3).map { _ in try Scratch() }
    try SyntheticCorpus.write(to: folders[0].path, options: .tiny(threads: 1))
    try SyntheticCorpus.write(to: folders[1].path, options: .tiny(threads: 3))
    try SyntheticCorpus.write(to: folders[2].path, options: .voices(seed: 4))
    let first = try content(folders[0])
    #expect(first.count > 200)
    #expect(try content(folders[1]) == first)
    let other = try content(folders[2]).filter { $0.key.hasSuffix(".wav") }
    #expect(!other.isEmpty && other.allSatisfy { first[$0.key] != $0.value })
  }

  @Test func anEarlierCorpusIsReplacedAndAnythingElseIsLeftAlone() throws {
    let scratch = try Scratch()
    try SyntheticCorpus.write(to: scratch.path, options: .voices(seed: 9))
    let stale = try scratch.file("speech/Actor_01/03-01-01-01-02-02-01.wav", "of a larger corpus")
    try SyntheticCorpus.write(to: scratch.path, options: .voices())
    #expect(!FileManager.default.fileExists(atPath: stale))

    let other = try Scratch()
    let kept = try other.file("thesis.txt", "years")
    #expect(throws: DatasetError.self) {
      try SyntheticCorpus.write(to: other.path, options: .voices())
    }
    #expect(try content(other).count == 1)
    try SyntheticCorpus.write(to: other.path, options: .voices(), force: true)
    #expect(FileManager.default.fileExists(atPath: kept))
  }

  @Test func facesOfTheFormerLayoutAreOursToReplace() throws {
    let scratch = try Scratch()
    let former = [
      try scratch.file(".synthetic-faces", "Drawn faces"), try scratch.file("training.csv", ""),
    ]
    try SyntheticCorpus.write(to: scratch.path, options: .voices())
    for file in former { #expect(!FileManager.default.fileExists(atPath: file)) }
    #expect(try content(scratch)[".synthetic-corpus"] != nil)
  }

  @Test func aFileWhereASetHasItsFolderIsNamed() throws {
    let scratch = try Scratch()
    let file = try scratch.file("speech", "not a folder")
    let error = #expect(throws: DatasetError.self) {
      try SyntheticCorpus.write(to: scratch.path, options: .voices(), force: true)
    }
    #expect("\(try #require(error))".contains(file))
  }

  @Test func impossibleOptionsAreNamed() {
    for (name, options) in [
      ("faces", SyntheticCorpus.Options(faces: 3)),
      ("image size", SyntheticCorpus.Options(imageSize: 10)),
      ("threads", SyntheticCorpus.Options(threads: 0)),
    ] {
      let error = #expect(throws: DatasetError.self) { try options.validate() }
      #expect(error.map { "\($0)".hasPrefix(name) } == true)
    }
  }

  @Test func labelledFacesAreReadBackWithoutProblems() throws {
    let corpus = try Corpus()
    let root = corpus.scratch.path
    for (name, count) in [("training", 32), ("validation", 8)] {
      let manifest = try FaceManifest.affectNet(
        csv: "\(root)/\(name).csv", root: root, onError: .fail)
      #expect(manifest.records.count == count && manifest.classCounts.allSatisfy { $0 > 0 })
      for record in manifest.records {
        let box = try #require(record.faceBox)
        #expect(box.x >= 0 && box.y >= 0 && box.width < 48 && box.width > 15)
        #expect(box.x + box.width <= 48 && box.y + box.height <= 48)
        #expect(record.valence != nil && record.arousal != nil)
      }
    }
  }

  @Test func headerIsAffectNetsAndLandmarksAreSixtyEight() throws {
    let corpus = try Corpus()
    let lines = try String(contentsOfFile: corpus.manifest.path, encoding: .utf8)
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

  @Test func nobodyIsInTwoSplitsOrSets() {
    let casts = (0..<3).map { FaceCast(seed: 1, set: $0, count: 500, heldOutPart: 0.2) }
    var seen = Set<Int>()
    for cast in casts {
      for split in [0..<cast.trainingCount, cast.trainingCount..<cast.count] {
        let people = Set(split.map(cast.person))
        #expect(people.isDisjoint(with: seen) && people.count > 8)
        seen.formUnion(people)
      }
    }
  }

  @Test func noPlaceInAListTellsTheClass() {
    let rounds = ShuffledRounds(shares: [2, 1, 1, 1, 1, 1, 1, 1], seed: 1, firstIndex: 0)
    for place in 0..<9 {
      let classes = Set((0..<200).map { rounds[9 * $0 + place] })
      #expect(classes.count == 8)
    }
    for round in 0..<20 {
      #expect((0..<9).count { rounds[9 * round + $0] == .neutral } == 2)
    }
  }

  @Test func valenceAndArousalGoWithTheExpression() {
    func mean(_ expression: Datasets.Expression) -> SIMD2<Float> {
      var sum = SIMD2<Float>.zero
      for index in 0..<400 {
        var random = CounterRandom(seed: 1, stream: .picture, index: index)
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

  /// All files of a folder with their content.
  private func content(_ scratch: Scratch) throws -> [String: Data] {
    var content: [String: Data] = [:]
    for case let name as String in FileManager.default.enumerator(atPath: scratch.path) ?? .init() {
      content[name] = FileManager.default.contents(atPath: "\(scratch.path)/\(name)")
    }
    return content
  }
}

extension SyntheticCorpus.Options {
  /// What is made most quickly.
  static func voices(seed: UInt64 = 3) -> SyntheticCorpus.Options {
    .init(faces: 0, speech: 30, clips: 0, seed: seed, threads: 2)
  }

  /// Some of everything, in seconds even where it is not optimised.
  static func tiny(seed: UInt64 = 3, threads: Int = 2) -> SyntheticCorpus.Options {
    .init(
      faces: 40, speech: 30, clips: 3, clipSeconds: 2, seed: seed, imageSize: 48, threads: threads)
  }
}
