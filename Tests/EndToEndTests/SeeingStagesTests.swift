import Foundation
import TestSupport
import Testing

extension EndToEnd {
  /// What there is to look at of the stages that see no faces.
  @Suite("Seeing voices and recordings")
  struct SeeingStagesTests {
    private func text(_ file: String) throws -> String {
      try String(contentsOfFile: file, encoding: .utf8)
    }

    /// The part of a report from one heading to another: what an evaluation shows.
    private func part(_ html: String, from first: String, to last: String) throws -> String {
      let start = try #require(html.range(of: "<h2>\(first)"), "\(first)")
      let end = try #require(html.range(of: "<h2>\(last)"), "\(last)")
      return String(html[start.lowerBound..<end.lowerBound])
    }

    // MARK: - Voices

    /// To validate by: a single one has no intervals.
    private let severalSpeakers = "data.validation_part=0.5"

    @Test("a run of audio shows confusion and utterances, the same for any number of ranks")
    func voices() throws {
      let laboratory = try Laboratory.shared.get()
      try laboratory.makeSpeech()
      func train(_ run: String, ranks: Int, _ overrides: [String]) throws -> String {
        let outcome = try laboratory.run(
          "aver-train", ranks: ranks,
          [
            "audio", "--config", "audio.yaml", "--run", run, "train.max_steps=2",
            "schedule.warmup=1 steps", severalSpeakers,
          ] + overrides)
        try #require(outcome.status == 0, "\(outcome.errors)")
        return try text("\(laboratory.folder)/\(run)/report.html")
      }
      let html = try train("voices-seen", ranks: 1, [])
      for part in [
        "Confusion matrix of", "Calibration: ECE", "Mean recall (UAR)", "class=\"gallery", ".wav: ",
        "bootstrap replicates", "finished after step 2",
      ] {
        #expect(html.contains(part), "\(part)")
      }
      #expect(html.utf8.count < 1_000_000)
      let other = try train("voices-seen-4", ranks: 4, [])
      #expect(
        try part(html, from: "Emotions", to: "Throughput")
          == part(other, from: "Emotions", to: "Throughput"))

      let unseen = try train("voices-unseen", ranks: 1, ["logging.images=false"])
      #expect(!unseen.contains("data:image") && unseen.contains("Confusion matrix of"))
      #expect(
        try laboratory.finalModel("voices-unseen") == laboratory.finalModel("voices-seen-4"))

      let affect = try train(
        "voices-felt", ranks: 1,
        [
          "data.list=affect.csv", "loss.emotion=0", "loss.concordance=1", "data.split=list",
        ])
      #expect(affect.contains("each utterance&#39;s truth") && affect.contains(", taken for "))
      #expect(!affect.contains("Confusion matrix"))
    }

    @Test("intervals and calibration of voices are told, the same for any number of ranks")
    func intervalsOfVoices() throws {
      let laboratory = try Laboratory.shared.get()
      try laboratory.makeSpeech()
      let trained = try laboratory.run(
        "aver-train",
        [
          "audio", "--config", "audio.yaml", "--run", "voices-told", "train.max_steps=1",
          "schedule.warmup=1 steps", severalSpeakers,
        ])
      try #require(trained.status == 0, "\(trained.errors)")
      let arguments = ["evaluate", "voices-told", "--json", "--bootstrap", "50"]
      let one = try laboratory.run("aver", arguments)
      let three = try laboratory.run("aver", ranks: 3, arguments)
      try #require(one.status == 0, "\(one.errors)")
      #expect(one.output == three.output)
      for part in ["\"intervals\":{\"accuracy\":[", "\"uar\":[", "\"ece\":", "\"mce\":"] {
        #expect(one.output.contains(part), "\(part)")
      }
      let none = try laboratory.run("aver", ["evaluate", "voices-told", "--bootstrap", "0"])
      #expect(none.output.contains("calibration  ECE") && !none.output.contains("bootstrap"))
    }

    // MARK: - Recordings

    @Test("a run of fusion shows scores and traces, the same for any number of ranks")
    func recordings() throws {
      let laboratory = try FusionLaboratory.shared.get()
      try laboratory.train("traced", ["train.max_steps=4"])
      try laboratory.train("traced-4", ranks: 4, ["train.max_steps=4"])
      let html = try text("\(laboratory.folder)/traced/report.html")
      for part in [
        "Scores of the validation recordings", "end to end, film alone", "dev_1: valence",
        "as predicted", "Post-processing of arousal", "finished after step 4",
      ] {
        #expect(html.contains(part), "\(part)")
      }
      let other = try text("\(laboratory.folder)/traced-4/report.html")
      #expect(
        try part(html, from: "Valence and arousal", to: "Throughput")
          == part(other, from: "Valence and arousal", to: "Throughput"))
    }

    private static let reading = """
      import json, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator(sys.argv[1], size_guidance={"images": 0}).Reload()
      print(json.dumps({tag: [[e.step, e.width, e.height] for e in events.Images(tag)]
                        for tag in events.Tags()["images"]}))
      """

    @Test(
      "TensorBoard reads patches, confusion and traces",
      .enabled(
        if: tensorBoardPython != nil,
        "needs a python3 with tensorboard (AVER_TENSORBOARD_PYTHON)"))
    func tensorBoard() throws {
      func images(_ run: String) throws -> [String: [[Int]]] {
        let found = try PythonScript.run(tensorBoardPython ?? "", Self.reading, [run])
        try #require(found.status == 0)
        return try JSONDecoder().decode([String: [[Int]]].self, from: found.output)
      }
      let laboratory = try Laboratory.shared.get()
      try laboratory.makeSpeech()
      let outcome = try laboratory.run(
        "aver-train",
        [
          "audio", "--config", "audio.yaml", "--run", "voices-read", "train.max_steps=2",
          "schedule.warmup=1 steps",
          "evaluation.every=1 steps",
        ])
      try #require(outcome.status == 0, "\(outcome.errors)")
      let voices = try images("\(laboratory.folder)/voices-read")
      #expect(voices["training/images"]?.map { $0[0] } == [1, 2])
      #expect(voices["validation/confusion_matrix"]?.map { $0[0] } == [1, 2])

      let fusion = try FusionLaboratory.shared.get()
      try fusion.train("traces-read", ["train.max_steps=4"])
      let recordings = try images("\(fusion.folder)/traces-read")
      #expect(recordings["validation/traces"]?.map { $0[0] } == [4])
      #expect(recordings["validation/traces"]?.allSatisfy { $0[1] > 900 } == true)
    }
  }
}
