import Foundation
import Media
import Testing

@testable import Datasets

/// Every set is what the readers of the real ones expect, and its labels can be learned but not read off.
@Suite struct SyntheticSetsTests {
  /// One corpus for all tests, which only read it.
  private static let corpus = Result { try Written() }

  private final class Written: Sendable {
    let scratch: Scratch
    var path: String { scratch.path }

    init() throws {
      scratch = try Scratch()
      try SyntheticCorpus.write(to: scratch.path, options: .tiny())
    }
  }

  @Test func tripletsAreReadBackAndAnnotatorsMostlyAgree() throws {
    let root = "\(try Self.corpus.get().path)/fec"
    let images = try ImageMap(list: "\(root)/\(FECSet.map)")
    var paths: [Set<String>] = []
    for (list, rows) in zip(FECSet.lists, [96, 24]) {
      let manifest = try TripletManifest.fec(
        csv: "\(root)/\(list)", root: root, images: images, onError: .fail)
      #expect(manifest.missing.triplets == 0)
      #expect(manifest.triplets.count + manifest.disagreeing == rows)
      #expect(Double(manifest.triplets.count) > 0.6 * Double(rows))
      #expect(Set(manifest.triplets.map(\.type)).count == 3)
      #expect(Set(manifest.triplets.map(\.oddOneOut)).count == 3)
      let files = manifest.imagePaths.map { "\(root)/\($0)" }
      #expect(files.allSatisfy { FileManager.default.fileExists(atPath: $0) })
      paths.append(Set(files))
    }
    #expect(paths[0].isDisjoint(with: paths[1]))
  }

  @Test func someTripletsHaveNoAgreement() {
    let draw = TripletDraw(
      seed: 1,
      faces: (0..<160).map {
        let expression = Datasets.Expression.allCases[$0 % 8]
        return FacePicture.affect(
          seed: 1, index: $0, person: FaceIdentity(seed: 1, number: $0), expression: expression)
      })
    let agreeing = (0..<600).count { number in
      let votes = draw.draw(number).votes.map(\.choice)
      return (1...3).contains { choice in votes.count { $0 == choice } >= 4 }
    }
    #expect((420..<580).contains(agreeing), "\(agreeing) of 600")
  }

  @Test func alignedFacesAreReadBack() throws {
    let root = "\(try Self.corpus.get().path)/rafdb"
    let (training, test) = try FaceManifest.rafDB(root: root, onError: .fail)
    #expect(training.records.count == 32 && test.records.count == 8)
    #expect(training.classCounts[Datasets.Expression.contempt.rawValue] == 0)
    for record in Array(training.records) + Array(test.records) {
      #expect(FileManager.default.fileExists(atPath: training.path(of: record)))
    }
  }

  @Test func eyesOfAlignedFacesAreWhereTheyBelong() {
    let person = FaceIdentity.stranger(seed: 1, number: 5)
    var picture = FacePicture(
      seed: 1, index: 7, person: person, expression: .happy, imageSize: 100, conditions: .aligned)
    picture.scene.align(person, imageSize: 100, error: .zero)
    let eyes = [-1, 1].map {
      picture.scene.features.toPixels(SIMD2($0 * person.eyeDistance, person.eyeHeight))
    }
    let middle = (eyes[0] + eyes[1]) * 0.5
    #expect(abs(middle.x - 50) < 0.01 && abs(middle.y - 37) < 0.01)
    let apart = eyes[1] - eyes[0]
    #expect(abs((apart * apart).sum().squareRoot() - 36) < 0.01)
  }

  @Test func facesWithoutLabelsAreFound() throws {
    let folder = "\(try Self.corpus.get().path)/unlabeled"
    #expect(try FaceManifest.unlabeled(folder: folder, onError: .fail).records.count == 20)
  }

  @Test func speechIsReadBack() throws {
    let folder = "\(try Self.corpus.get().path)/speech"
    let manifest = try SpeechManifest.ravdess(folder: folder, onError: .fail)
    #expect(manifest.records.count == 30 && manifest.otherFiles == 0)
    #expect(manifest.speakers == ["actor-01", "actor-02"])
    #expect(Set(manifest.records.compactMap(\.emotion)).count == 8)
    let sound = try samples(manifest.path(of: manifest.records[0]))
    let peak = sound.reduce(0) { max($0, abs($1)) }
    #expect(sound.count > 16_000 && peak > 0.003 && peak < 1)
  }

  @Test func everyNameOfRAVDESSIsUsedOnce() {
    let names = (1...SpeechSet.mostActors).flatMap { actor in
      (0..<SpeechSet.utterancesOfActor).map {
        Utterance(seed: 1, actor: actor, number: $0).fileName
      }
    }
    #expect(Set(names).count == 1440)
  }

  @Test func clipsAreReadBackWithBothKindsOfRatings() throws {
    let root = "\(try Self.corpus.get().path)/recola"
    let manifest = try RecordingManifest.recola(root: root)
    #expect(manifest.recordings.map(\.name) == ["train_1", "train_2", "dev_1"])
    #expect(manifest.notes.isEmpty)
    for recording in manifest.recordings {
      #expect(recording.frameCount == 51 && recording.firstFrame == 0)
      let traces = [try #require(recording.valence), try #require(recording.arousal)]
      for trace in traces {
        #expect(trace.individual.count == 6 && trace.gold.count == 51)
      }
      let video = try #require(recording.videoPath), audio = try #require(recording.audioPath)
      #expect(try VideoReader("\(root)/\(video)").information.frameCount == 50)
      #expect(try samples("\(root)/\(audio)").count == 32_000)
    }
  }

  @Test func faceAndVoiceEachCarryAPartAndTogetherMore() {
    var sums = (face: SIMD2<Float>.zero, voice: SIMD2<Float>.zero, both: SIMD2<Float>.zero)
    for clip in 0..<40 {
      let affect = ClipAffect(seed: 1, clip: clip)
      for step in 0..<40 {
        let time = 3 * Float(step)
        let felt = affect.felt(at: time)
        let (face, voice) = (affect.faceShows(at: time), affect.voiceShows(at: time))
        // The better of two measurements of unequal noise counts three times.
        let both = SIMD2(0.75 * face.x + 0.25 * voice.x, 0.25 * face.y + 0.75 * voice.y)
        sums.face += (face - felt) * (face - felt)
        sums.voice += (voice - felt) * (voice - felt)
        sums.both += (both - felt) * (both - felt)
      }
    }
    #expect(sums.face.x < 0.5 * sums.voice.x && sums.voice.y < 0.5 * sums.face.y)
    #expect(sums.both.x < 0.85 * sums.face.x && sums.both.y < 0.85 * sums.voice.y)
  }

  @Test func annotatorsAreLateByDifferentTimes() {
    // A felt step: each annotator tells of it when his own delay is over.
    let ratings = ClipRatings(seed: 3, clip: 1, ofArousal: true, frames: 200) {
      $0 < 4 ? -0.8 : 0.8
    }
    let jumps = ratings.individual.map { rating in
      rating.indices.dropFirst().max {
        rating[$0] - rating[$0 - 1] < rating[$1] - rating[$1 - 1]
      } ?? 0
    }
    #expect(Set(jumps).count >= 5)
    #expect(jumps.allSatisfy { (100...176).contains($0) })
    #expect(ratings.gold[50] == ratings.individual.reduce(0) { $0 + $1[50] } / 6)
  }

  @Test func voicesFollowTheEmotion() {
    func level(_ emotion: VocalEmotion) -> Float {
      var sum: Float = 0
      for actor in 1...4 {
        let speaker = Speaker(seed: 1, number: actor, isFemale: false)
        sum += speaker.own(emotion.manner)[.energy]
      }
      return sum / 4
    }
    #expect(level(.angry) > level(.neutral) + 2 && level(.sad) < level(.neutral) - 1)
  }

  /// The samples of a WAV file.
  private func samples(_ path: String) throws -> [Float] {
    let reader = AudioReader()
    _ = try reader.open(path)
    return try reader.read()
  }
}
