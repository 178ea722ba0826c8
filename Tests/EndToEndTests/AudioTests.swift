import Foundation
import Testing

extension EndToEnd {
  /// Whole trainings of the stage `audio`, and what it refuses.
  @Suite("Audio")
  struct AudioTests {
    private let laboratory: Laboratory
    private var folder: String { laboratory.folder }

    init() throws {
      laboratory = try Laboratory.shared.get()
      try laboratory.makeSpeech()
    }

    private func train(
      _ run: String, ranks: Int? = nil, resume: String = "never", _ overrides: [String] = []
    ) throws {
      let outcome = try start(run, ranks: ranks, resume: resume, overrides).wait()
      try #require(outcome.status == 0, "\(outcome.errors)\n\(outcome.output)")
    }

    private func start(
      _ run: String, ranks: Int? = nil, resume: String = "never", slowly: Bool = false,
      _ overrides: [String] = []
    ) throws -> RunningCommand {
      try RunningCommand(
        "aver-train", ranks: ranks, environment: slowly ? try laboratory.slowSteps : [:],
        ["audio", "--config", "audio.yaml", "--run", run, "--resume", resume] + overrides,
        in: folder)
    }

    private func reference() throws -> Data {
      try laboratory.once("audio-1") { try train("audio-1") }
      return try laboratory.finalModel("audio-1")
    }

    @Test("weights and reports are the same bit by bit for 1, 2 and 4 ranks")
    func anyNumberOfRanks() throws {
      let reference = try reference()
      let report = try laboratory.run("aver", ["evaluate", "audio-1", "--json"])
      #expect(report.status == 0, "\(report.errors)")
      #expect(report.output.contains("\"confusion\":[["))
      for ranks in [2, 4] {
        try train("audio-\(ranks)", ranks: ranks)
        #expect(try laboratory.finalModel("audio-\(ranks)") == reference, "\(ranks) ranks")
        let other = try laboratory.run(
          "aver", ranks: ranks, ["evaluate", "audio-\(ranks)", "--json"])
        #expect(other.output == report.output)
      }
      func validation(_ run: String) -> [Double] {
        laboratory.metrics(run).filter { $0.split == "validation" }.map(\.loss)
      }
      #expect(validation("audio-1").count == 2 && validation("audio-1") == validation("audio-4"))
    }

    @Test("a run that is killed, and one that is asked to stop, go on to the same weights")
    func interrupted() throws {
      let reference = try reference()
      let often = ["checkpoint.every_steps=3"]
      let killed = try start("audio-killed", ranks: 4, slowly: true, often)
      try laboratory.wait(for: "audio-killed", step: 5, killed)
      kill(try #require(try killed.ranks().last), SIGKILL)
      #expect(try killed.wait().status == 128 + SIGKILL)
      try train("audio-killed", ranks: 1, resume: "auto")
      #expect(try laboratory.finalModel("audio-killed") == reference)

      let stopped = try start("audio-stopped", ranks: 1, slowly: true)
      try laboratory.wait(for: "audio-stopped", step: 4, stopped)
      stopped.send(SIGUSR1)
      let outcome = try stopped.wait()
      #expect(outcome.status == 75)
      #expect(outcome.output.contains("validation is of one speaker"))
      try train("audio-stopped", ranks: 2, resume: "auto")
      #expect(try laboratory.finalModel("audio-stopped") == reference)
    }

    @Test(
      "balanced classes, mixed patches and affect are the same for any number of ranks, too",
      arguments: [
        ["data.balance=sampling", "data.augmentation.mixup=0.4"],
        ["data.balance=loss", "data.augmentation.cutmix=1", "optimizer.name=sgd"],
        [
          "data.list=affect.csv", "loss.emotion=0", "loss.concordance=1",
          "loss.squared_error=0.5", "data.split=list",
        ],
      ])
    func variants(_ overrides: [String]) throws {
      let name = "audio-" + overrides[0].filter(\.isLetter)
      let all = overrides + ["train.max_steps=3"]
      try train("\(name)-1", all)
      try train("\(name)-4", ranks: 4, all)
      #expect(try laboratory.finalModel("\(name)-1") == laboratory.finalModel("\(name)-4"))
    }

    @Test("what all stages have in common: the same bits for any number of ranks and a kill")
    func acrossStages() throws {
      try AcrossStages(folder: folder) { run, ranks, resume, overrides in
        try start(run, ranks: ranks, resume: resume, overrides)
      }.check("audio-across")
    }

    @Test("published weights of a network that sees start one that hears")
    func weightsOfImages() throws {
      let teacher = try laboratory.run(
        "aver-train",
        ["teacher", "--config", "tiny.yaml", "--run", "sees", "train.max_steps=2"])
      try #require(teacher.status == 0, "\(teacher.errors)")
      let outcome = try start(
        "audio-seen", ["model.weights=sees/final/model.safetensors", "train.max_steps=3"]
      ).wait()
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(outcome.output.contains("weights from sees/final/model.safetensors"))
    }

    @Test("an utterance that cannot be read ends the run by name, or is left out and told")
    func brokenSound() throws {
      let copy = "\(folder)/broken-voices"
      try FileManager.default.copyItem(atPath: "\(folder)/voices/speech", toPath: copy)
      let files = try FileManager.default.subpathsOfDirectory(atPath: copy)
        .filter { $0.hasSuffix(".wav") }.sorted()
      for file in [files[0], try #require(files.last)] {
        try Data("no sound".utf8).write(to: URL(fileURLWithPath: "\(copy)/\(file)"))
      }
      let refused = try start("audio-broken", ranks: 2, ["data.root=broken-voices"]).wait()
      #expect(refused.status == 65)
      #expect(
        refused.ownErrors.contains(files[0]) || refused.ownErrors.contains(files.last ?? "?"),
        "\(refused.ownErrors)")
      let skipping = ["data.root=broken-voices", "data.on_error=skip", "data.skip_limit=3"]
      try train("audio-skipping-1", skipping)
      try train("audio-skipping-4", ranks: 4, skipping)
      #expect(
        try laboratory.finalModel("audio-skipping-1") == laboratory.finalModel("audio-skipping-4"))
      #expect(laboratory.metrics("audio-skipping-1").contains { $0.skipped > 0 })
    }

    @Test("what cannot be trained on exits 64 or 65 and says why")
    func refusals() throws {
      let cases: [([String], Int32, String)] = [
        (["data.root=nowhere"], 65, "data.root: 'nowhere' does not exist"),
        (["data.list=no.csv"], 65, "data.list: 'voices/speech/no.csv' does not exist"),
        (["data.rot=x"], 64, "data.rot: unknown key; did you mean 'data.root'?"),
        (
          ["data.split=speakers", "data.validation_speakers=[actor-99]"], 64,
          "data.validation_speakers: nobody is called 'actor-99'; is it '"
        ),
        (["data.validation_part=1"], 64, "leave none of"),
        (["batch.global=4096"], 64, "batch.global: 4096 exceeds the"),
        (
          ["loss.emotion=0", "loss.concordance=1", "best.metric=null"], 64,
          "loss.concordance: no training utterance of"
        ),
        (["data.list=nobody.csv", "data.split=list"], 65, "no usable utterance for training"),
        (["data.root=corpus/affectnet"], 65, "no usable utterance"),
      ]
      for (overrides, status, words) in cases {
        let outcome = try start("audio-refused", ranks: 2, overrides).wait()
        #expect(outcome.status == status, "\(overrides): \(outcome.errors)")
        #expect(outcome.ownErrors.contains(words), "\(outcome.ownErrors)")
        try? FileManager.default.removeItem(atPath: "\(folder)/audio-refused")
      }
      let other = try laboratory.run("aver-train", ["teacher", "--config", "audio.yaml"])
      #expect(other.status == 64 && other.ownErrors.contains("audio.yaml:1: stage"))
    }
  }
}

extension Laboratory {
  /// Makes voices, lists of them and a configuration that trains on them for a few seconds.
  /// Makes a corpus of voices and the configuration `audio.yaml`, once.
  func makeSpeech() throws {
    guard !FileManager.default.fileExists(atPath: "\(folder)/audio.yaml") else { return }
    let synth = try run(
      "aver", ["synth", "voices", "--faces", "0", "--speech", "64", "--clips", "0"])
    try #require(synth.status == 0, "\(synth.errors)")
    let files = try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/voices/speech")
      .filter { $0.hasSuffix(".wav") }.sorted()
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
    }
    func list(_ split: (Int) -> String) -> String {
      "path,speaker,valence,arousal,split\n"
        + files.enumerated().map { index, file in
          "\(file),s\(index % 4),\(Double(index % 7) / 7),\(index % 5 == 0 ? "" : "-0.25"),\(split(index))"
        }.joined(separator: "\n")
    }
    try write("voices/speech/affect.csv", list { $0 % 4 == 0 ? "dev" : "train" })
    try write("voices/speech/nobody.csv", list { _ in "test" })
    try write("audio.yaml", audioConfiguration)
  }

  private var audioConfiguration: String {
    """
    stage: audio
    seed: 5
    model:
      name: resnet10_x0_25
    data:
      root: voices/speech
      validation_part: 0.25
      seconds: 0.48
      workers: 1
    batch:
      global: 16
      micro: 4
    train:
      epochs: 20
      max_steps: 12
    optimizer:
      name: adamw
      learning_rate: 0.0003
    checkpoint:
      every_steps: 100
    evaluation:
      every: 6 steps
    logging:
      every_steps: 1
    """
  }
}
