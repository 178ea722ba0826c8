import Foundation
import Testing

@testable import Datasets
@testable import Trainer

@Suite("Reports of the stage audio")
struct AudioReportTests {
  private let patches = [(0, 0), (0, 800), (1, 0), (2, 0), (2, 160)].map {
    SpeechPatch(utterance: Int32($0.0), start: Int32($0.1))
  }

  @Test("an utterance's numbers are the means over its patches, of probabilities, not of logits")
  func means() throws {
    // Whether it counts, three logits, valence and arousal; one row of padding.
    let rows: [[Float]] = [
      [1, 0, 0, 0, 0.5, -1], [1, 2, 1, 0, 0.25, 0], [1, 1, 1, 3, 1, 1],
      [0, 9, 9, 9, 9, 9], [1, 0, 5, 0, 0, 0], [0, 0, 0, 0, 0, 0],
    ]
    let means = UtteranceMeans(
      rows.flatMap { $0 }, of: patches, classes: 3, hasAffect: true, utterances: 4)
    #expect(means.utterances.map { $0 == nil } == [false, false, true, true])
    let first = try #require(means.utterances[0])
    let sum = exp(2.0) + exp(1.0) + 1
    let expected = [exp(2.0), exp(1.0), 1].map { (1.0 / 3 + $0 / sum) / 2 }
    for (own, other) in zip(first.probabilities, expected) { #expect(abs(own - other) < 1e-12) }
    #expect(first.affect == SIMD2(0.375, -0.5))
  }

  @Test("without classes or without valence and arousal there is nothing of them")
  func oneHead() throws {
    let affect = UtteranceMeans(
      [1, 0.5, -0.5], of: [patches[0]], classes: 0, hasAffect: true, utterances: 1)
    #expect(affect.utterances == [.init(probabilities: [], affect: SIMD2(0.5, -0.5))])
    let classes = UtteranceMeans(
      [1, 0, 0], of: [patches[0]], classes: 2, hasAffect: false, utterances: 1)
    #expect(classes.utterances == [.init(probabilities: [0.5, 0.5], affect: .zero)])
  }

  @Test("accuracy, mean recall, loss and confusion are those of scikit-learn")
  func scores() throws {
    // sklearn 1.x: accuracy_score, balanced_accuracy_score, log_loss of the same three classes.
    let probabilities = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]]
    let score = EmotionScore(
      zip(probabilities, [0, 1, 1, 2]).map { utterance($0 + Array(repeating: 0, count: 5), $1) })
    #expect(score.confusion.accuracy == 0.75)
    #expect(abs(score.confusion.meanRecall - 2.5 / 3) < 1e-12)
    let logarithms = [0.7, 0.8, 0.3, 0.6].map { -log($0) }
    #expect(abs(score.loss - logarithms.reduce(0, +) / 4) < 1e-12)
    #expect(score.confusion[1, 0] == 1 && score.confusion[1, 1] == 1)
  }

  @Test("the report is a table and one JSON object")
  func report() throws {
    let score = EmotionScore([utterance([0, 0, 1, 0, 0, 0, 0, 0], 2)])
    let problem = SampleProblem(sample: 3, file: "list.csv", line: 5, reason: "x.wav: broken")
    let report = AudioReport(
      emotions: score, affect: AffectReport([0.1, 0.2, 0.3, 0.4]), speakers: ["x"],
      problems: [problem])
    for words in ["utterances  1 (1 unreadable left out)", "accuracy    100.0 %", "surprised"] {
      #expect(report.text.contains(words))
    }
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
    #expect(json["accuracy"] as? Double == 1 && json["samples"] as? Int == 1)
    #expect((json["confusion"] as? [[Int]])?[2][2] == 1 && json["valence"] != nil)
    #expect(report.values.map(\.name).contains("arousal_rmse"))
  }

  @Test("intervals and calibration are told, of utterances without emotions as well")
  func intervals() throws {
    let utterances = (0..<40).map { index in
      utterance(
        [0.6, 0.4] + Array(repeating: 0, count: 6), index % 4 == 0 ? 1 : 0, by: "\(index % 10)")
    }
    var report = AudioReport(
      emotions: EmotionScore(utterances), affect: nil, speakers: utterances.map(\.speaker),
      problems: [])
    #expect(abs((report.emotions?.calibration.expectedError ?? 0) - 0.15) < 1e-12)
    report.addIntervals(Bootstrap(replicates: 100))
    let interval = try #require(report.intervals["accuracy"])
    #expect(interval.low < 0.75 && interval.high > 0.75 && interval.low > 0.4)
    #expect(report.text.contains("over 100 bootstrap replicates of 10 whole speakers"))
    #expect(try report.json().contains("\"ece\":0.1"))
    let nothing = AudioReport(
      emotions: EmotionScore([]), affect: nil, speakers: ["x"], problems: [])
    #expect(nothing.isFinite && nothing.emotions?.loss == 0)
  }

  @Test("intervals are over speakers: from the worst to the best, and none of a single one")
  func speakers() throws {
    // All of the first speaker's utterances are recognised, and every other of the second's.
    let emotions = (0..<40).map { index in
      utterance([0.6, 0.4] + Array(repeating: 0, count: 6), index % 4 / 3, by: "\(index % 2)")
    }
    // The second speaker's valence is unknown in the first utterance, so that places differ.
    let affect = (0..<40).flatMap { index -> [Float] in
      let error: Float = index % 2 == 0 ? 0.1 : 0.5
      return [0.2 + error, index == 1 ? .nan : 0.2, 0.2 + error, 0.2]
    }
    var report = AudioReport(
      emotions: EmotionScore(emotions), affect: AffectReport(affect),
      speakers: emotions.map(\.speaker), problems: [])
    report.addIntervals(Bootstrap(replicates: 100))
    #expect(report.intervals["accuracy"] == ConfidenceInterval(low: 0.5, high: 1))
    for name in ["valence_rmse", "arousal_rmse"] {
      let interval = try #require(report.intervals[name])
      #expect(abs(interval.low - 0.1) < 1e-6 && abs(interval.high - 0.5) < 1e-6, "\(name)")
    }
    var single = AudioReport(
      emotions: EmotionScore(emotions.filter { $0.speaker == "0" }), affect: nil,
      speakers: Array(repeating: "0", count: 20), problems: [])
    single.addIntervals(Bootstrap(replicates: 100))
    #expect(single.intervals.all.isEmpty && single.intervals.text == nil)
  }

  private func utterance(
    _ probabilities: [Double], _ label: Int, by speaker: String = "x"
  ) -> EmotionScore.Utterance {
    EmotionScore.Utterance(probabilities: probabilities, label: label, speaker: speaker)
  }

  @Test("outputs that are not finite make no report")
  func notFinite() {
    let score = EmotionScore([utterance(Array(repeating: .nan, count: 8), 2)])
    #expect(!AudioReport(emotions: score, affect: nil, speakers: ["x"], problems: []).isFinite)
  }
}
