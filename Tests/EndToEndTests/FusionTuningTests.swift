import Foundation
import Testing

extension EndToEnd {
  /// Whole trainings of the stage `fusion` in which extractors learn.
  @Suite("Fusion: fine-tuning")
  struct FusionTuningTests {
    private static let tuning = [
      "fusion.fine_tune=both", "optimizer.backbone_factor=0.1", "ema.decay=0.5",
      "window.frames=6", "window.overlap=0", "batch.global=4", "batch.micro=1",
      "train.max_steps=4", "evaluation.every=2 steps",
    ]
    private static let steps = 4

    private let laboratory: FusionLaboratory

    init() throws { laboratory = try FusionLaboratory.shared.get() }

    /// The uninterrupted run that others are held against.
    private func reference() throws -> [String: Data] {
      try laboratory.trainOnce("tuned", Self.tuning)
      return try laboratory.results("tuned")
    }

    @Test("weights and reports are the same bit by bit for 1, 2 and 4 ranks")
    func anyNumberOfRanks() throws {
      let reference = try reference()
      let kept = try laboratory.features("tuned")
      // Faces and energies of three recordings, and features of the two that are learned from.
      #expect(kept.keys.filter { $0.contains("-inputs.") }.count == 6 && kept.count == 10)
      let report = try laboratory.finish("aver", ["evaluate", "tuned", "--json"]).output
      for ranks in [2, 4] {
        try laboratory.train("tuned-\(ranks)", ranks: ranks, Self.tuning)
        #expect(try laboratory.features("tuned-\(ranks)") == kept, "\(ranks) ranks")
        #expect(try laboratory.results("tuned-\(ranks)") == reference, "\(ranks) ranks")
        let other = try laboratory.finish(
          "aver", ranks: ranks, ["evaluate", "tuned-\(ranks)", "--json"])
        #expect(other.output == report)
      }
    }

    @Test("a run that is killed goes on to the same weights, at another number of ranks")
    func killed() throws {
      let reference = try reference()
      let overrides = Self.tuning + ["checkpoint.every_steps=1"]
      let job = try laboratory.start("tuned-killed", ranks: 2, overrides)
      try job.wait { laboratory.lastStep("tuned-killed") ?? 0 >= 2 }
      kill(try #require(try job.ranks().last), SIGKILL)
      #expect(try job.wait().status == 128 + SIGKILL)
      try laboratory.train("tuned-killed", ranks: 4, resume: "auto", Self.tuning)
      #expect(try laboratory.results("tuned-killed") == reference)
    }

    @Test("backbones are part of the model, and learn unless they are frozen")
    func whatLearns() throws {
      _ = try reference()
      let shared = ["features.cache=tuned/features"]
      let frozen = try laboratory.train(
        "tuned-frozen",
        Self.tuning + shared + ["optimizer.freeze=[visual.backbone, audio.backbone]"])
      #expect(frozen.output.contains("weights from eyes/"))
      #expect(!frozen.output.contains("extracting features"))
      #expect(frozen.output.contains("tuning visual resnet10_x0_25, tuning audio resnet10_x0_25"))
      let eyes = try TensorBytes("\(laboratory.folder)/eyes/best/model.safetensors")
      let own = try TensorBytes("\(laboratory.folder)/tuned/final/model.safetensors")
      let held = try TensorBytes("\(laboratory.folder)/tuned-frozen/final/model.safetensors")
      for name in ["conv1.weight", "layer4.0.conv2.weight", "bn1.weight", "bn1.running_mean"] {
        let initial = try eyes.bytes(of: name)
        #expect(try held.bytes(of: "visual.backbone.\(name)") == initial, "\(name)")
        let tuned = try own.bytes(of: "visual.backbone.\(name)")
        #expect((tuned == initial) == name.hasPrefix("bn"), "\(name)")
      }
    }

    @Test("one extractor learns while the other's features are given: the same for 1 and 4 ranks")
    func oneExtractor() throws {
      _ = try reference()
      let overrides =
        Self.tuning + [
          "fusion.fine_tune=visual", "train.max_steps=2", "features.cache=tuned/features",
        ]
      try laboratory.train("tuned-eyes-1", overrides)
      try laboratory.train("tuned-eyes-4", ranks: 4, overrides)
      #expect(try laboratory.results("tuned-eyes-1") == laboratory.results("tuned-eyes-4"))
    }

    @Test("an extractor whose modality is not used cannot learn")
    func refusal() throws {
      let outcome = try laboratory.start(
        "tuned-refused",
        ["fusion.fine_tune=audio", "fusion.modalities=visual", "fusion.modality_dropout=0"]
      ).wait()
      #expect(outcome.status == 64)
      #expect(
        outcome.errors.contains("fusion.fine_tune: audio names the audio extractor"),
        "\(outcome.errors)")
    }
  }
}

/// The bytes of the tensors of a safetensors file.
private struct TensorBytes {
  private struct Entry: Decodable {
    var data_offsets: [Int]

    init(from decoder: any Decoder) throws {
      // The metadata is no tensor.
      let container = try decoder.container(keyedBy: CodingKeys.self)
      data_offsets = try container.decodeIfPresent([Int].self, forKey: .data_offsets) ?? []
    }

    private enum CodingKeys: CodingKey { case data_offsets }
  }

  private let file: Data
  private let entries: [String: Entry]
  private let start: Int

  init(_ path: String) throws {
    file = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    start = 8 + length
    entries = try JSONDecoder().decode([String: Entry].self, from: file[8..<start])
  }

  func bytes(of name: String) throws -> Data {
    let place = try #require(entries[name]?.data_offsets, "\(name)")
    return file[(start + place[0])..<(start + place[1])]
  }
}
