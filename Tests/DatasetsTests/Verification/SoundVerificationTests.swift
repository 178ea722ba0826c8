import Foundation
import Testing

@testable import Datasets

@Suite struct SoundVerificationTests {
  @Test func speakersInSeveralSplitsAreNamed() throws {
    let folder = try VerifiedFolder()
    for (index, name) in ["a", "b", "c"].enumerated() {
      try folder.sound("\(name).wav", seconds: 1, pitch: 0.1 * Float(index + 1))
    }
    let header = "path,speaker,emotion,start,end,split\n"
    try folder.file(
      "list.csv",
      header + "a.wav,ann,happy,0,0.5,train\na.wav,ann,sad,0.5,1,train\nb.wav,ben,sad,,,test\n")
    let clean = try folder.verify()
    #expect(clean.isClean && clean.present.isEmpty && clean.sets[0].format == .speech)
    let parts = clean.sets[0].parts
    #expect(parts.map(\.name) == ["training", "test"])
    #expect(parts[0].groups.map(\.name) == ["ann"] && parts[0].groups[0].count == 2)
    #expect(parts[0].groups[0].classes.first { $0.name == "happy" }?.count == 1)
    try folder.file(
      "list.csv",
      header + "a.wav,ann,happy,0,0.5,train\nb.wav,ann,sad,0,2.5,test\nc.wav,ben,sad,3,,test\n"
        + "c.wav,ben,hapy,,,test\n")
    let report = try folder.verify()
    #expect(report.present == ["person": 1, "media": 2, "row": 1])
    let found = folder.findings(report)
    #expect(found.contains("person: list.csv: speaker 'ann' is in several splits"))
    #expect(
      found.contains(
        "media: list.csv:3: b.wav: has 1.00 s where its annotations go on to 2.50 s"))
    #expect(
      found.contains("media: list.csv:4: c.wav: ends before the utterance begins at 3.0 s"))
  }

  @Test func ravdessIsCountedBySpeaker() throws {
    let folder = try VerifiedFolder()
    try folder.sound("Actor_01/03-01-03-01-01-01-01.wav", seconds: 0.2, pitch: 0.1)
    try folder.sound("Actor_02/03-01-05-01-01-01-02.wav", seconds: 0.4, pitch: 0.2)
    let report = try folder.verify()
    #expect(report.isClean && report.sets[0].format == .ravdess)
    #expect(report.sets[0].parts[0].groups.map(\.name) == ["actor-01", "actor-02"])
    let seconds = try #require(report.sets[0].media?.seconds)
    #expect(abs(seconds.minimum - 0.2) < 1e-6 && abs(seconds.maximum - 0.4) < 1e-6)
    try folder.file("Actor_02/03-01-99-01-01-01-02.wav", "RIFF")
    try folder.file("Actor_02/03-01-02-01-01-01-02.wav", "RIFF")
    #expect(try folder.verify().present == ["row": 1, "media": 1])
  }

  @Test func recordingsAreComparedWithTheirRatings() throws {
    let recola = try RECOLAFolder()
    let folder = VerifiedFolder(recola.scratch)
    for dimension in ["arousal", "valence"] {
      for name in ["train_1", "dev_1"] {
        try recola.add(
          "ratings_individual/\(dimension)/\(name).csv", individualRatings(0..<25))
        try recola.add(
          "ratings_gold_standard/\(dimension)/\(name).arff",
          goldStandard(0..<25, name: "'\(name)'"))
      }
    }
    for (name, pitch) in [("train_1", Float(0.1)), ("dev_1", 0.2)] {
      try folder.sound("recordings_audio/\(name).wav", seconds: 1, pitch: pitch)
      try folder.film("recordings_video/\(name).mp4", seconds: name == "dev_1" ? 1.2 : 1)
    }
    let clean = try folder.verify()
    #expect(clean.isClean && clean.present.isEmpty && clean.sets[0].format == .recola)
    #expect(clean.sets[0].parts.map(\.name) == ["training", "validation"])
    #expect(clean.sets[0].parts[0].groups[0].count == 25 && clean.sets[0].media?.usable == 4)
    // A broken recording keeps no other from being read.
    try folder.sound("recordings_audio/dev_1.wav", seconds: 0.3, pitch: 0.2)
    try recola.add("ratings_individual/arousal/train_1.csv", individualRatings(0..<25) + "9;9\n")
    let report = try folder.verify()
    #expect(report.present == ["row": 1, "media": 1])
    #expect(report.findings[0].file.hasSuffix("arousal/train_1.csv"))
    #expect(report.findings[0].line == 27)
    #expect(
      report.findings.last?.reason.hasPrefix("has 0.30 s where its annotations go on to 0.60 s")
        == true)
  }

  @Test func filmsWithoutLabelsAreDecoded() throws {
    let folder = try VerifiedFolder()
    try folder.film("a.mp4", seconds: 0.4)
    let clean = try folder.verify()
    #expect(clean.isClean && clean.sets[0].format == .media)
    #expect(clean.sets[0].media?.sizes?.largest == "32x32")
    try folder.truncate("a.mp4")
    #expect(try folder.verify().present == ["media": 1])
  }
}
