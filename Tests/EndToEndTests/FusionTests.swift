import Foundation
import Testing

extension EndToEnd {
  /// Whole trainings of the stage `fusion`: extraction of features included.
  @Suite("Fusion")
  struct FusionTests {
    private let laboratory: FusionLaboratory

    init() throws { laboratory = try FusionLaboratory.shared.get() }

    /// The uninterrupted run that others are held against.
    private func reference() throws -> [String: Data] {
      try laboratory.trainOnce("one")
      return try laboratory.results("one")
    }

    @Test("features, weights and reports are the same bit by bit for 1, 2 and 4 ranks")
    func anyNumberOfRanks() throws {
      let reference = try reference()
      let features = try laboratory.features("one")
      #expect(features.count == 6)
      let report = try laboratory.finish("aver", ["evaluate", "one", "--json"]).output
      for ranks in [2, 4] {
        try laboratory.train("ranks-\(ranks)", ranks: ranks)
        #expect(try laboratory.features("ranks-\(ranks)") == features, "\(ranks) ranks")
        #expect(try laboratory.results("ranks-\(ranks)") == reference, "\(ranks) ranks")
        let other = try laboratory.finish(
          "aver", ranks: ranks, ["evaluate", "ranks-\(ranks)", "--json"])
        #expect(other.output == report)
      }
      for part in ["\"postprocessed\":{", "\"without\":{\"audio\":{", "\"dev_1\":{"] {
        #expect(report.contains(part), "\(part)")
      }
    }

    @Test("a run that is killed while it trains goes on to the same weights")
    func killedInTraining() throws {
      let reference = try reference()
      let job = try laboratory.start("killed", ranks: 4, ["checkpoint.every_steps=3"])
      try job.wait { laboratory.lastStep("killed") ?? 0 >= 5 }
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      try laboratory.train("killed", ranks: 2, resume: "auto")
      #expect(try laboratory.results("killed") == reference)
    }

    @Test("what all stages have in common: the same bits for any number of ranks and a kill")
    func acrossStages() throws {
      try AcrossStages(folder: laboratory.folder, start: laboratory.start)
        .check("fusion-across")
    }

    @Test("a run that is killed while it extracts features keeps those that are finished")
    func killedInExtraction() throws {
      let reference = try reference()
      let job = try laboratory.start("cut", ranks: 2)
      try job.wait { !laboratory.featureNames("cut").isEmpty }
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      let kept = laboratory.featureNames("cut")
      let outcome = try laboratory.train("cut", ranks: 4, resume: "auto")
      #expect(outcome.output.contains("extracting features of \(6 - kept.count) of 6"))
      #expect(try laboratory.features("cut") == laboratory.features("one"))
      #expect(try laboratory.results("cut") == reference)
    }

    @Test(
      "SIGUSR1 is heard between pieces of the extraction and between steps, and ends with 75",
      arguments: [0, 4])
    func preempted(step: Int) throws {
      let reference = try reference()
      let run = "preempted-\(step)"
      let job = try laboratory.start(run, ranks: 2)
      try job.wait {
        step == 0
          ? !laboratory.featureNames(run).isEmpty : laboratory.lastStep(run) ?? 0 >= step
      }
      job.send(SIGUSR1)
      #expect(try job.wait().status == 75)
      if step == 0 { #expect((1..<6).contains(laboratory.featureNames(run).count)) }
      try laboratory.train(run, resume: "auto")
      #expect(try laboratory.results(run) == reference)
    }

    @Test("features are found again until the extractor, a film or a setting is another")
    func invalidation() throws {
      _ = try reference()
      let shared = ["features.cache=one/features", "train.max_steps=2"]
      func extracted(_ run: String, _ overrides: [String]) throws -> Int {
        let output = try laboratory.train(run, shared + overrides).output
        let parts = output.components(separatedBy: "extracting features of ")
        return parts.count == 1 ? 0 : Int(parts[1].prefix { $0.isNumber }) ?? -1
      }
      #expect(try extracted("same", []) == 0)
      #expect(try extracted("smaller", ["model.hidden=4"]) == 0)
      #expect(try extracted("margin", ["faces.margin=1.5"]) == 3)
      try laboratory.finish(
        "aver-train", ["teacher", "--config", "eyes.yaml", "--run", "other-eyes", "seed=2"])
      #expect(try extracted("eyes-2", ["fusion.visual=other-eyes"]) == 3)
      // A file that lost its end is set aside and made again.
      let name = try #require(laboratory.featureNames("one").first)
      let path = "\(laboratory.folder)/one/features/\(name)"
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      var broken = whole
      broken[broken.count - 9] ^= 1
      try broken.write(to: URL(fileURLWithPath: path))
      #expect(try extracted("repaired", []) == 1)
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == whole)
      #expect(FileManager.default.fileExists(atPath: path + ".broken"))
    }

    @Test("a resumed run notices that its extractor is another")
    func changedExtractor() throws {
      let path = "\(laboratory.folder)/changing-eyes"
      try FileManager.default.copyItem(atPath: "\(laboratory.folder)/eyes", toPath: path)
      let visual = ["fusion.visual=changing-eyes", "train.max_steps=2"]
      try laboratory.train("changing", visual)
      try FileManager.default.removeItem(atPath: path)
      try laboratory.finish(
        "aver-train", ["teacher", "--config", "eyes.yaml", "--run", "changing-eyes", "seed=3"])
      let left = try laboratory.results("changing")
      let outcome = try laboratory.start("changing", resume: "auto", visual).wait()
      #expect(outcome.status == 64)
      #expect(try laboratory.results("changing") == left, "a run that is refused stays as it was")
      #expect(outcome.errors.contains("what is learned from is not the same"), "\(outcome.errors)")
    }

    @Test(
      "one modality alone, LSTM, gates, a mean of annotators, found faces: the same for 1 and 4 ranks",
      arguments: [
        ["fusion.modalities=visual", "fusion.modality_dropout=0", "model.name=lstm"],
        ["fusion.modalities=audio", "fusion.modality_dropout=0", "data.labels=mean"],
        ["model.join=gatedSum", "faces.tracks=null", "faces.interval_seconds=0.2"],
        ["loss.squared_error=0.5", "window.frames=200", "window.overlap=0", "batch.global=2"],
      ])
    func variants(_ overrides: [String]) throws {
      let run = "variant-" + overrides[0].filter(\.isLetter) + overrides[1].filter(\.isLetter)
      let all = overrides + ["train.max_steps=3"] + (overrides.count == 4 ? ["batch.micro=1"] : [])
      try laboratory.train("\(run)-1", all)
      try laboratory.train("\(run)-4", ranks: overrides.count == 4 ? 2 : 4, all)
      #expect(try laboratory.results("\(run)-1") == laboratory.results("\(run)-4"))
    }

    /// One recording that cannot be heard, and, to choose by, one that cannot be seen.
    private func withoutMedia() throws -> String {
      let name = "without-media"
      let root = "\(laboratory.folder)/\(name)"
      guard !FileManager.default.fileExists(atPath: root) else { return name }
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/corpus/recola", toPath: root)
      for path in ["recordings_audio/train_1.wav", "recordings_video/dev_1.mp4"] {
        try FileManager.default.removeItem(atPath: "\(root)/\(path)")
      }
      try silence("\(root)/recordings_video/train_1.mp4")
      return name
    }

    /// Makes free space of an MP4 file's sound track.
    private func silence(_ film: String) throws {
      let path = URL(fileURLWithPath: film)
      var bytes = try Data(contentsOf: path)
      let handler = try #require(bytes.range(of: Data("soun".utf8)))
      let track = try #require(
        bytes.range(of: Data("trak".utf8), options: .backwards, in: 0..<handler.lowerBound))
      bytes.replaceSubrange(track, with: Data("free".utf8))
      try bytes.write(to: path)
    }

    @Test("recordings that cannot be seen or heard are used without, by any number of ranks")
    func missingMedia() throws {
      let overrides = ["data.root=\(try withoutMedia())", "data.on_missing=mask"]
      let said = try laboratory.train("masked-1", overrides).output
      #expect(said.contains("1 of 3 recordings have no film and are used without: dev_1"))
      #expect(said.contains("1 of 3 recordings have no sound and are used without: train_1"))
      let results = try laboratory.results("masked-1")
      let job = try laboratory.start("masked-4", ranks: 4, overrides + ["checkpoint.every_steps=3"])
      try job.wait { laboratory.lastStep("masked-4") ?? 0 >= 5 }
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      try laboratory.train("masked-4", ranks: 2, resume: "auto", overrides)
      #expect(try laboratory.results("masked-4") == results)
      #expect(try laboratory.features("masked-4").count == 4)
      // Without its film, the development recording is judged by its sound alone.
      let report = try laboratory.finish(
        "aver", ranks: 2, ["evaluate", "masked-1", "--json"]
      ).output
      let found = try #require(
        try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any])
      let raw = try #require(found["raw"] as? NSDictionary)
      let without = try #require(found["without"] as? [String: NSDictionary])
      #expect(without["visual"] == raw && without["audio"] != raw, "\(report)")
      #expect(found["recordings_without"] as? NSDictionary == ["visual": ["dev_1"]])
    }

    @Test("an extractor that learns does without recordings it has nothing of")
    func tunedWithoutMedia() throws {
      let overrides = [
        "data.root=\(try withoutMedia())", "data.on_missing=mask", "fusion.fine_tune=both",
        "optimizer.backbone_factor=0.1", "window.frames=6", "window.overlap=0", "batch.global=4",
        "batch.micro=1", "train.max_steps=2",
      ]
      try laboratory.train("masked-tuned-1", overrides)
      try laboratory.train("masked-tuned-4", ranks: 4, overrides)
      #expect(try laboratory.results("masked-tuned-1") == laboratory.results("masked-tuned-4"))
    }

    @Test("an evaluation says by itself whether recordings may lack something")
    func evaluationWithoutMedia() throws {
      _ = try reference()
      let arguments = ["evaluate", "one", "--root", try withoutMedia(), "--json"]
      let refused = try laboratory.run("aver", arguments)
      #expect(refused.status == 65, "\(refused.errors)")
      #expect(refused.errors.contains("recording dev_1 has no film"), "\(refused.errors)")
      let masked = try laboratory.finish("aver", arguments + ["--on-missing", "mask"]).output
      #expect(masked.contains("\"dev_1\":{"))
      let wrong = try laboratory.run("aver", arguments + ["--on-missing", "ignore"])
      #expect(wrong.status == 64 && wrong.errors.contains("data.on_missing"), "\(wrong.errors)")
      let faces = try laboratory.run("aver", ["evaluate", "eyes", "--on-missing", "mask"])
      #expect(faces.status == 64 && faces.errors.contains("is a run of teacher"))
    }

    @Test("test recordings undergo what development recordings chose")
    func testSplit() throws {
      _ = try reference()
      let root = "\(laboratory.folder)/with-test"
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/corpus/recola", toPath: root)
      for (folder, ending) in [
        ("recordings_audio", "wav"), ("recordings_video", "mp4"), ("recordings_faces", "csv"),
        ("ratings_individual/valence", "csv"), ("ratings_individual/arousal", "csv"),
      ] {
        try FileManager.default.copyItem(
          atPath: "\(root)/\(folder)/train_1.\(ending)",
          toPath: "\(root)/\(folder)/test_1.\(ending)")
      }
      for dimension in ["valence", "arousal"] {
        let folder = "\(root)/ratings_gold_standard/\(dimension)"
        let text = try String(contentsOfFile: "\(folder)/train_1.arff", encoding: .utf8)
        try Data(text.replacingOccurrences(of: "train_1", with: "test_1").utf8)
          .write(to: URL(fileURLWithPath: "\(folder)/test_1.arff"))
      }
      let arguments = ["--split", "test", "--root", root, "--json"]
      let stored = try laboratory.finish("aver", ["evaluate", "one"] + arguments).output
      #expect(stored.contains("\"split\":\"test\"") && stored.contains("\"test_1\":{"))
      // Without the file, it is chosen anew, on the development recordings.
      let file = "\(laboratory.folder)/one/postprocessing.json"
      try FileManager.default.moveItem(atPath: file, toPath: file + ".away")
      let anew = try laboratory.finish("aver", ranks: 2, ["evaluate", "one"] + arguments).output
      try FileManager.default.moveItem(atPath: file + ".away", toPath: file)
      #expect(anew == stored)
      // Nor is what these weights chose asked about others, though they were kept after the same step.
      try FileManager.default.copyItem(
        atPath: "\(laboratory.folder)/one/best", toPath: "\(laboratory.folder)/elsewhere")
      let choice = try String(contentsOfFile: file, encoding: .utf8)
      let altered = choice.replacingOccurrences(
        of: "\"offset\" : [-0-9.e]+", with: "\"offset\" : 0.5", options: .regularExpression)
      try #require(altered != choice)
      try Data(altered.utf8).write(to: URL(fileURLWithPath: file))
      defer { try? Data(choice.utf8).write(to: URL(fileURLWithPath: file)) }
      let own = try laboratory.finish("aver", ["evaluate", "one"] + arguments).output
      #expect(own != stored)
      let foreign = try laboratory.finish(
        "aver",
        ["evaluate", "one", "--checkpoint", "elsewhere/model.safetensors"] + arguments
      ).output
      #expect(foreign == stored)
      let outcome = try laboratory.run("aver", ["evaluate", "one", "--split", "train"])
      #expect(outcome.status == 64)
    }
  }
}
