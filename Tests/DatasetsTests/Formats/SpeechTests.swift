import Foundation
import Testing

@testable import Datasets

private func read(_ text: String, onError: ErrorPolicy = .fail) throws -> SpeechManifest {
  let scratch = try Scratch()
  return try SpeechManifest.list(
    try scratch.file("list.csv", text), root: "/speech", onError: onError)
}

private func message(_ text: String) throws -> String {
  let error = #expect(throws: DatasetError.self) { _ = try read(text) }
  return String(try "\(#require(error))".split(separator: "/").last ?? "")
}

@Suite struct SpeechListTests {
  @Test func rowsBecomeRecords() throws {
    let manifest = try read(
      """
      speaker,path,emotion,valence,arousal,start,end,split,note
      ann,a.wav,Anger,,,,,train,x
      ben,/far/b.flac,,0.5,-2,1.5,3.25,dev,
      ann,../c.ogg,joy,-2,-1,,2,,
      """)
    #expect(
      manifest.records == [
        SpeechRecord(
          audioPath: "a.wav", emotion: .angry, speaker: "ann", split: .training, line: 2),
        SpeechRecord(
          audioPath: "/far/b.flac", emotion: nil, valence: 0.5, speaker: "ben", startSeconds: 1.5,
          endSeconds: 3.25, split: .validation, line: 3),
        SpeechRecord(
          audioPath: "../c.ogg", emotion: .happy, arousal: -1, speaker: "ann", endSeconds: 2,
          line: 4),
      ])
    #expect(manifest.speakers == ["ann", "ben"])
    #expect(manifest.path(of: manifest.records[0]) == "/speech/a.wav")
    #expect(manifest.path(of: manifest.records[1]) == "/far/b.flac")
  }

  @Test func everyEmotionHasItsNames() {
    for emotion in VocalEmotion.allCases { #expect(VocalEmotion(name: "\(emotion)") == emotion) }
    #expect(VocalEmotion(name: "SADNESS") == .sad && VocalEmotion(name: "fear") == .fearful)
    #expect(VocalEmotion(name: "boredom") == nil && VocalEmotion(name: "") == nil)
  }

  @Test(arguments: [
    ("path,speaker", "column 'emotion' is missing from the header"),
    ("path,emotion", "column 'speaker' is missing from the header"),
    (
      "paht,speaker,emotion", "column 'path' is missing from the header; did you mean it by 'paht'?"
    ),
    (
      "path,speaker,valence,arousl",
      "column 'arousal' is missing from the header; did you mean it by 'arousl'?"
    ),
    (
      "path,speaker,emotion,emotion",
      "column 'emotion' is in the header twice; remove or rename one"
    ),
  ])
  func headerHasToNameWhatIsNeeded(header: String, problem: String) throws {
    #expect(try message(header + "\n") == "list.csv:1: \(problem)")
  }

  @Test(arguments: [
    (",ann,sad,0,0,,", "column 'path': names no sound file"),
    ("a\0.wav,ann,sad,0,0,,", "column 'path': the path holds a NUL byte"),
    ("a.wav,,sad,0,0,,", "column 'speaker': is empty"),
    (
      "a.wav,ann,bored,0,0,,",
      "column 'emotion': 'bored' is none of neutral, calm, happy, sad, angry, fearful, disgust, "
        + "surprised"
    ),
    ("a.wav,ann,,,,,", "has neither an emotion nor valence or arousal"),
    ("a.wav,ann,,-2,-2,,", "has neither an emotion nor valence or arousal"),
    ("a.wav,ann,,3,0,,", "column 'valence': 3 is outside -1 to 1 (and not -2 for unknown)"),
    ("a.wav,ann,sad,0,0,2-1,", "column 'start': '2-1' is not a number"),
    ("a.wav,ann,sad,0,0,-1,", "column 'start': -1.0 is not a time in a file, in seconds"),
    ("a.wav,ann,sad,0,0,3,3", "column 'end': 3.0 s is not after the start, 3.0 s"),
    ("a.wav,ann,sad,0,0", "has 5 fields where the header has 7"),
  ])
  func badValueIsNamedWithLineAndColumn(row: String, problem: String) throws {
    let header = "path,speaker,emotion,valence,arousal,start,end\n"
    let text = header + "good.wav,ann,sad,,,,\n\(row)\n"
    let error = #expect(throws: DatasetError.self) { _ = try read(text) }
    #expect(try "\(#require(error))".hasSuffix("/list.csv:3: \(problem)"))
    #expect(try read(text, onError: .skip(limit: 1)).records.map(\.audioPath) == ["good.wav"])
  }

  @Test func splitIsOneOfThree() throws {
    #expect(
      try message("path,speaker,emotion,split\na,b,sad,tset\n")
        == "list.csv:2: column 'split': 'tset' is not train, validation or test")
  }

  @Test func speakersInSeveralSplitsAreFound() throws {
    let manifest = try read(
      "path,speaker,emotion,split\na,x,sad,train\nb,y,sad,train\nc,x,sad,test\nd,y,sad,train\n")
    #expect(manifest.speakersInSeveralSplits == ["x"])
  }

  @Test func mutationsAreReadOrRefused() throws {
    let scratch = try Scratch()
    let text = """
      path,speaker,emotion,valence,arousal,start,end,split\r
      a.wav,ann,sad,0.5,-0.25,0,1.5,train\r
      "b,c.wav",ben,,-2,1,,,test\r

      """
    let mutations = Mutations(seed: formatSeed("speech"), original: [UInt8](text.utf8))
    try mutations.run("speech", file: "list.csv", in: scratch) { path, comment in
      for record in try SpeechManifest.list(path, root: "/", onError: .fail).records {
        #expect(!record.audioPath.isEmpty && !record.audioPath.utf8.contains(0), comment)
        #expect((record.endSeconds ?? .infinity) > record.startSeconds, comment)
        #expect(record.startSeconds >= 0 && record.startSeconds.isFinite, comment)
        for value in [record.valence, record.arousal] {
          #expect((-1...1).contains(value ?? 0), comment)
        }
      }
    }
  }
}

@Suite struct RAVDESSTests {
  @Test func nameTellsEverything() throws {
    let name = try #require(try RAVDESSName(file: "03-01-06-02-01-02-12.wav"))
    #expect(name.modality == .audio && name.vocalChannel == .speech && name.emotion == .fearful)
    #expect(name.isStrong && name.statement == 1 && name.repetition == 2 && name.actor == 12)
    let song = try #require(try RAVDESSName(file: "01-02-01-01-02-01-24"))
    #expect(song.modality == .audioVideo && song.vocalChannel == .song && !song.isStrong)
    #expect(song.emotion == .neutral)
  }

  @Test(arguments: [
    "notes.txt", "03-01-06-01-02-01.wav", "03-01-06-01-02-01-12-01.wav", "3-01-06-01-02-01-12.wav",
    "03-01-06-01-02-01-+1.wav", "x03-01-06-01-02-01-12.wav", "", ".wav", "03-01-06-01-02-01-1é.wav",
  ])
  func otherNamesAreNoUtterances(name: String) throws {
    #expect(try RAVDESSName(file: name[...]) == nil)
  }

  @Test(arguments: [
    ("04-01-06-01-02-01-12.wav", "the modality 4 is not 1 to 3"),
    ("03-03-06-01-02-01-12.wav", "the vocal channel 3 is not 1 to 2"),
    ("03-01-09-01-02-01-12.wav", "the emotion 9 is not 1 to 8"),
    ("03-01-06-00-02-01-12.wav", "the intensity 0 is not 1 to 2"),
    ("03-01-06-01-02-01-25.wav", "the actor 25 is not 1 to 24"),
    ("03-01-01-02-02-01-12.wav", "nothing neutral is strong"),
  ])
  func codesThatMeanNothingAreNamed(name: String, reason: String) throws {
    let scratch = try Scratch()
    _ = try scratch.file("Actor_12/\(name)", "")
    _ = try scratch.file("Actor_12/03-01-06-01-02-01-12.wav", "")
    let error = #expect(throws: DatasetError.self) {
      _ = try SpeechManifest.ravdess(folder: scratch.path, onError: .fail)
    }
    #expect(try "\(#require(error))" == "\(scratch.path)/Actor_12/\(name): \(reason)")
    let manifest = try SpeechManifest.ravdess(folder: scratch.path, onError: .skip(limit: 1))
    #expect(manifest.records.count == 1 && manifest.problems.count == 1)
  }

  @Test func folderIsListedInOrder() throws {
    let scratch = try Scratch()
    let names = [
      "b/03-01-08-01-01-01-02.flac", "a/03-01-02-01-01-01-01.mp4", "02-01-02-01-01-01-01.mp4",
    ]
    for name in names + ["README", ".03-01-02-01-01-01-03.wav"] { _ = try scratch.file(name, "") }
    let manifest = try SpeechManifest.ravdess(folder: scratch.path, onError: .fail)
    #expect(
      manifest.records == [
        SpeechRecord(audioPath: names[1], emotion: .calm, speaker: "actor-01", line: 0),
        SpeechRecord(audioPath: names[0], emotion: .surprised, speaker: "actor-02", line: 0),
      ])
    #expect(manifest.otherFiles == 2)
    _ = try scratch.file("c/03-01-08-01-01-01-02.wav", "")
    let error = #expect(throws: DatasetError.self) {
      _ = try SpeechManifest.ravdess(folder: scratch.path, onError: .fail)
    }
    #expect(
      try "\(#require(error))"
        == "\(scratch.path)/c/03-01-08-01-01-01-02.wav: is the utterance of \(names[0]) again")
  }

  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: sharedData("speech")),
      "needs real speech in ../shared/data/speech"))
  func everyRealUtteranceIsFound() throws {
    let manifest = try SpeechManifest.ravdess(folder: sharedData("speech"), onError: .fail)
    #expect(manifest.records.count == 360 && manifest.otherFiles == 1)
    #expect(manifest.speakers == Set((1...6).map { "actor-0\($0)" }))
    #expect(manifest.records.count { $0.emotion == .neutral } == 24)
    #expect(manifest.records.count { $0.emotion == .angry } == 48)
  }

  @Test func mutationsOfNamesAreReadOrRefused() {
    let seed = formatSeed("RAVDESS")
    let mutations = Mutations(seed: seed, original: [UInt8]("03-01-06-01-02-01-12.wav".utf8))
    for round in 0..<Mutations.rounds {
      let name = String(decoding: mutations.input(round), as: UTF8.self)
      do throws(RAVDESSName.Problem) {
        if let values = try RAVDESSName(file: name[...]) {
          #expect((1...24).contains(values.actor), "seed \(seed), round \(round)")
        }
      } catch {
        #expect(!error.reason.isEmpty, "seed \(seed), round \(round)")
      }
    }
  }
}
