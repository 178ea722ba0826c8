import Foundation
import Testing

@testable import Datasets

@Suite struct RECOLATests {
  @Test func recordingHasSoundPictureAndBothTraces() throws {
    let manifest = try RECOLAFolder().read()
    let recording = try #require(manifest.recordings.first)
    #expect(manifest.recordings.count == 1 && manifest.notes.isEmpty)
    #expect(recording.name == "train_1" && recording.split == .training)
    #expect(recording.audioPath == "recordings_audio/train_1.wav")
    #expect(recording.videoPath == "recordings_video/train_1.mp4")
    #expect(recording.frameCount == 5 && recording.firstFrame == 0)
    let trace = AffectTrace(
      individual: [
        [0.1, 0.1, 0.1, 0.1, 0.1], [0.2, 0.2, 0.2, 0.2, 0.2], [-0.3, -0.3, -0.3, -0.3, -0.3],
        [0, 0.1, 0.2, 0.3, 0.4], [0, 0, 0, 0, 0], [-1, -1, -1, -1, -1],
      ], gold: [0.05, 0.15, 0.25, 0.35, 0.45])
    #expect(recording.valence == trace && recording.arousal == trace)
  }

  @Test func recordingsComeBySplitAndNumber() throws {
    let corpus = try RECOLAFolder()
    for name in ["train_10", "train_2", "dev_1"] {
      for dimension in ["arousal", "valence"] {
        try corpus.add(
          "ratings_individual/\(dimension)/\(name).csv", individualRatings(separator: ","))
        try corpus.add(
          "ratings_gold_standard/\(dimension)/\(name).arff", goldStandard(name: name))
      }
      try corpus.add("recordings_audio/\(name).WAV")
      try corpus.add("recordings_video/\(name).avi")
    }
    try corpus.add("recordings_audio/test_1.wav")
    try corpus.add("recordings_video/test_1.mp4")
    try corpus.add("ratings_gold_standard/arousal/train_all.arff", "whatever")
    let recordings = try corpus.read().recordings
    #expect(recordings.map(\.name) == ["train_1", "train_2", "train_10", "dev_1", "test_1"])
    #expect(recordings.last?.split == .test && recordings.last?.valence == nil)
    #expect(recordings[3].split == .validation && recordings[3].frameCount == 5)
  }

  @Test func fullLengthOfARecordingIsRead() throws {
    let corpus = try RECOLAFolder()
    try corpus.add("ratings_individual/arousal/train_1.csv", individualRatings(0..<7501))
    try corpus.add("ratings_individual/valence/train_1.csv", individualRatings(0..<7501))
    try corpus.add("ratings_gold_standard/arousal/train_1.arff", goldStandard(1..<7501))
    try corpus.add("ratings_gold_standard/valence/train_1.arff", goldStandard(0..<7498))
    let manifest = try corpus.read()
    let recording = try #require(manifest.recordings.first)
    #expect(recording.firstFrame == 1 && recording.frameCount == 7497)
    #expect(recording.valence?.gold.count == 7497 && recording.arousal?.gold.count == 7497)
    #expect(recording.valence?.individual.allSatisfy { $0.count == 7497 } == true)
    #expect(recording.arousal?.gold.first == 0.15 && recording.valence?.individual[3][0] == 0.1)
    #expect(manifest.notes.count == 4)
    #expect(
      manifest.notes[0].hasSuffix(
        "arousal/train_1.arff: cut by 0 frames at the beginning and 3 at the end, to 7497 frames "
          + "from 0.04 s"))
  }

  @Test func traceOfAnotherLengthIsRefused() throws {
    let corpus = try RECOLAFolder()
    try corpus.add("ratings_gold_standard/arousal/train_1.arff", goldStandard(0..<16))
    #expect(
      try corpus.message()
        == "ROOT: recording train_1: ratings_gold_standard/arousal/train_1.arff has 16 frames from "
        + "0.0 s, another trace only 5 frames from 0.0 s; more than 10 frames differ")
    #expect(try RecordingManifest.recola(root: corpus.root, toleranceFrames: 11).notes.count == 1)
  }

  @Test(arguments: [
    (
      "0;0;0;0;0;0;0\n0.08;0;0;0;0;0;0", "3: column 'time': 0.08 s follows, where 0.04 s is missing"
    ),
    ("0;0;0;0;0;0;0\n0;0;0;0;0;0;0", "3: column 'time': 0.0 s is repeated"),
    (
      "0;0;0;0;0;0;0\n0.04;0;0;0;0;0;0\n0;0;0;0;0;0;0",
      "4: column 'time': 0.0 s comes after later times; sort the rows"
    ),
    ("0;0;0;0;0;0;0\n0.05;0;0;0;0;0;0", "3: column 'time': 0.05 s is not a multiple of 0.04 s"),
    ("10;0;0;0;0;0;0", "2: column 'time': 10.0 s comes first, where the recording begins at 0 s"),
    (
      "-0.04;0;0;0;0;0;0",
      "2: column 'time': -0.04 s comes first, where the recording begins at 0 s"
    ),
    ("1e300;0;0;0;0;0;0", "2: column 'time': 1e+300 s is not a multiple of 0.04 s"),
    ("x;0;0;0;0;0;0", "2: column 'time': 'x' is not a number"),
    ("0;0;0;0;0;0", "2: has 6 fields where the header has 7"),
    ("0;0;0;0;0;0;1.5", "2: column 'FF3': 1.5 is outside -1 to 1"),
    ("0;0;;0;0;0;0", "2: column 'FM2': is empty"),
    ("0;0;nan;0;0;0;0", "2: column 'FM2': 'nan' is not a number"),
    ("", " no usable row: nothing follows the header"),
  ])
  func badRatingsAreNamed(rows: String, problem: String) throws {
    let corpus = try RECOLAFolder()
    try corpus.add("ratings_individual/valence/train_1.csv", individualRatings(0..<0) + rows)
    #expect(try corpus.message() == "ratings_individual/valence/train_1.csv:\(problem)")
  }

  @Test func headerHasSixAnnotators() throws {
    let corpus = try RECOLAFolder()
    let file = "ratings_individual/valence/train_1.csv"
    try corpus.add(file, individualRatings(header: "time;FM1;FM2"))
    #expect(
      try corpus.message() == "\(file):1: names 2 annotators besides the time; RECOLA has 6")
    try corpus.add(file, individualRatings(header: "time;FM1;FM2;FM3;FF1;FF2;FF2"))
    #expect(
      try corpus.message() == "\(file):1: column 'FF2' is in the header twice; remove or rename one"
    )
    try corpus.add(file, individualRatings(header: "tme;FM1;FM2;FM3;FF1;FF2;FF3"))
    #expect(
      try corpus.message()
        == "\(file):1: column 'time' is missing from the header; did you mean it by 'tme'?")
  }

  @Test func incompleteRecordingsAreRefused() throws {
    let corpus = try RECOLAFolder()
    try corpus.remove("ratings_gold_standard/valence/train_1.arff")
    #expect(
      try corpus.message()
        == "ROOT: recording train_1: nothing in ratings_gold_standard/valence, but in "
        + "ratings_gold_standard/arousal")
    try corpus.remove("ratings_gold_standard")
    #expect(try corpus.read().recordings.first?.valence?.gold == [])
    try corpus.add("recordings_audio/train_2.wav")
    #expect(
      try corpus.message()
        == "ROOT: recording train_2: nothing in recordings_video, but other recordings are there")
    for dimension in ["arousal", "valence"] {
      try corpus.add("ratings_individual/\(dimension)/train_2.csv", individualRatings())
    }
    let unseen = try RecordingManifest.recola(root: corpus.root, needsMedia: false).recordings
    #expect(unseen.map { $0.videoPath == nil } == [false, true])
    for dimension in ["arousal", "valence"] {
      try corpus.remove("ratings_individual/\(dimension)/train_2.csv")
    }
    try corpus.add("recordings_video/train_2.mp4")
    #expect(
      try corpus.message()
        == "ROOT: recording train_2: nothing in ratings_gold_standard/arousal, but only test "
        + "recordings may be without ratings")
    try corpus.add("recordings_video/train_2.mkv")
    #expect(
      try corpus.message()
        == "recordings_video: recording train_2: is in both train_2.mkv and train_2.mp4; remove one"
    )
  }

  @Test func folderWithoutRecordingsIsRefused() throws {
    let scratch = try Scratch()
    let error = #expect(throws: DatasetError.self) {
      _ = try RecordingManifest.recola(root: scratch.path)
    }
    #expect(
      try "\(#require(error))".contains("no usable recording: no train_N, dev_N or test_N in"))
  }

  @Test func mutationsOfRatingsAreReadOrRefused() throws {
    let corpus = try RECOLAFolder()
    for (file, text) in [
      ("ratings_individual/arousal/train_1.csv", individualRatings()),
      ("ratings_gold_standard/valence/train_1.arff", goldStandard()),
    ] {
      let mutations = Mutations(seed: formatSeed(file), original: [UInt8](text.utf8))
      try mutations.run(file, file: file, in: corpus.scratch) { _, comment in
        for recording in try corpus.read().recordings {
          for trace in [recording.valence, recording.arousal].compactMap({ $0 }) {
            for column in trace.individual + [trace.gold] {
              #expect(column.count == recording.frameCount, comment)
              #expect(column.allSatisfy { (-1...1).contains($0) }, comment)
            }
          }
        }
      }
      try corpus.add(file, text)
    }
  }
}
