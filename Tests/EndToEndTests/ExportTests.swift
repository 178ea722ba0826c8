import Foundation
import Nets
import TestSupport
import Testing

extension EndToEnd {
  /// `aver export` of runs of every stage: what is written computes, in ONNX Runtime, what our plans
  /// compute with the run's weights.
  @Suite("Export")
  struct ExportTests {
    private let laboratory: Laboratory
    private var folder: String { laboratory.folder }

    init() throws {
      laboratory = try Laboratory.shared.get()
      try Engine.configure(threads: 1)
    }

    // MARK: - Runs

    private static let heads = [
      "loss.concordance=1", "triplets.root=corpus/fec", "triplets.per_micro_batch=1",
      "triplets.hidden=12", "triplets.dimensions=6", "train.max_steps=2",
      "checkpoint.every_steps=1",
    ]

    private func trainFaces() throws { try laboratory.trainOnce("export-faces", Self.heads) }

    private let faces = FaceNetwork(
      backbone: ModelDescription(name: .resnet10_x0_25, classes: 8, imageSize: 32),
      hasAffect: true, embedding: ExpressionEmbedding(hidden: 12, dimensions: 6))

    private func export(_ run: String, _ arguments: String...) throws -> Outcome {
      try laboratory.run("aver", ["export", run] + arguments)
    }

    private func store(
      _ graph: Graph, _ file: String, below prefix: String = ""
    ) throws -> ParameterStore {
      let store = try ParameterStore(inferenceFor: graph)
      try store.loadModel(from: SafetensorsReader(path: file), below: prefix)
      return store
    }

    /// Writes a batch for an exported model of one input, and what a plan of ours makes of it.
    private func writeBatch(
      _ graph: Graph, _ store: ParameterStore, input: (name: String, shape: [Int]),
      outputs: [String: [Int]], for model: String
    ) throws {
      for size in [1, 3] {
        var batch = try ONNXBatch(graph: graph, parameters: store, size: size)
        try batch.fill(
          input.name, shape: [size] + input.shape, areImages: input.shape.count == 3)
        try batch.write(
          outputs: outputs.mapValues { [size] + $0 }, to: "\(model)-\(size).safetensors")
      }
    }

    private func expectEqual(_ folder: String) throws {
      let outcome = try ONNXRuntime.compare(folder)
      #expect(outcome.passes, "\(outcome.output)")
    }

    // MARK: - Faces

    @Test(
      "a run that sees: the network, its backbone and each head, folded and not",
      .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"),
      arguments: ["", "--keep-batch-norm"])
    func seeing(_ flag: String) throws {
      try trainFaces()
      let place = "\(folder)/seeing\(flag)"
      let arguments = ["--format", "onnx", "--output", place] + (flag.isEmpty ? [] : [flag])
      let outcome = try laboratory.run("aver", ["export", "export-faces"] + arguments)
      try #require(outcome.status == 0, "\(outcome.errors)")
      let heads = ["logits": [8], "affect": [2], "embedding": [6]]
      let graph = try faces.graph(hasFeatures: true)
      let store = try store(graph, "\(folder)/export-faces/best/model.safetensors")
      let images = (name: "images", shape: [3, 32, 32])
      try writeBatch(
        graph, store, input: images, outputs: heads.merging(["features": [128]]) { $1 },
        for: "\(place)/model")
      try writeBatch(
        graph.section(to: ["features"]), store, input: images, outputs: ["features": [128]],
        for: "\(place)/extractor")
      for (name, shape) in heads {
        try writeBatch(
          graph.section(from: ["features"], to: [name]), store, input: ("features", [128]),
          outputs: [name: shape], for: "\(place)/head-\(name)")
      }
      try expectEqual(place)
    }

    @Test("weights have the names of torchvision's model, which has no other heads")
    func weights() throws {
      try trainFaces()
      let place = "\(folder)/weights"
      let outcome = try export(
        "export-faces", "--format", "safetensors", "--output", place, "--checkpoint", "latest")
      try #require(outcome.status == 0, "\(outcome.errors)")
      let own = try faces.backbone.network().graph
      let model = try SafetensorsReader(path: "\(place)/model.safetensors")
      let store = try ParameterStore(inferenceFor: own)
      try store.loadModel(from: model)
      let whole = try Safetensors.read(path: "\(folder)/export-faces/final/model.safetensors")
      for tensor in whole where !tensor.name.hasPrefix("affect") && !tensor.name.hasPrefix("emb") {
        #expect(try model.tensor(tensor.name) == tensor)
      }
      #expect(
        try SafetensorsReader(path: "\(place)/head-embedding.safetensors").names.sorted()
          == ["embedding.0.bias", "embedding.0.weight", "embedding.2.bias", "embedding.2.weight"])
      #expect(model.metadata["aver.step"] == "2" && model.metadata["format"] == "pt")
      let text = try String(contentsOfFile: "\(place)/model.json", encoding: .utf8)
      let described = try JSONSerialization.jsonObject(with: Data(text.utf8))
      let visual = (described as? [String: Any])?["visual"] as? [String: Any]
      #expect(visual?["image_size"] as? Int == 32 && visual?["color_order"] as? String == "RGB")
      let card = try String(contentsOfFile: "\(place)/README.md", encoding: .utf8)
      #expect(card.hasPrefix("---\nlicense: other\n") && card.contains("    - type: accuracy\n"))
    }

    // MARK: - Voices

    @Test(
      "a run that hears: from patches, and from sound",
      .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"))
    func hearing() throws {
      try laboratory.makeSpeech()
      try laboratory.once("export-voices") {
        let outcome = try laboratory.run(
          "aver-train",
          [
            "audio", "--config", "audio.yaml", "--run", "export-voices", "train.max_steps=2",
            "data.list=affect.csv", "loss.emotion=0", "loss.concordance=1", "data.split=list",
            "schedule.warmup=1 steps",
          ])
        try #require(outcome.status == 0, "\(outcome.errors)")
      }
      let place = "\(folder)/hearing"
      let outcome = try export(
        "export-voices", "--format", "onnx", "--log-mel", "--output", place)
      try #require(outcome.status == 0, "\(outcome.errors)")
      let names = try FileManager.default.contentsOfDirectory(atPath: place).sorted()
      #expect(
        names == [
          "README.md", "extractor-log-mel.onnx", "extractor.onnx", "head-affect.onnx",
          "model-log-mel.onnx",
          "model.json", "model.onnx",
        ])
      // The energies themselves are compared where they are made.
      for name in ["extractor-log-mel", "model-log-mel", "head-affect"] {
        try FileManager.default.removeItem(atPath: "\(place)/\(name).onnx")
      }
      let graph = try AudioNetwork(
        backbone: .resnet10_x0_25, frames: 48, classes: nil, hasAffect: true
      ).graph()
      let store = try store(graph, "\(folder)/export-voices/best/model.safetensors")
      let patches = (name: "patches", shape: [1, 48, 64])
      try writeBatch(
        graph, store, input: patches, outputs: ["features": [128], "affect": [2]],
        for: "\(place)/model")
      try writeBatch(
        graph.section(to: ["features"]), store, input: patches, outputs: ["features": [128]],
        for: "\(place)/extractor")
      try expectEqual(place)
    }

    // MARK: - Recordings

    private static let fusions: [(run: String, overrides: [String], network: FusionDescription)] = [
      (
        "export-lstm",
        ["train.max_steps=4", "model.name=lstm", "model.layers=2", "model.join=gatedSum"],
        FusionDescription(
          visualFeatures: 129, audioFeatures: 129, frames: 30, width: 12, join: .gatedSum,
          recurrent: RecurrentDescription(
            cell: .lstm, hidden: 10, layers: 2, isBidirectional: true), isBounded: true)
      ),
      (
        "export-tuned",
        [
          "fusion.fine_tune=visual", "window.frames=6", "window.overlap=0", "batch.global=4",
          "batch.micro=1", "train.max_steps=2", "evaluation.every=2 steps",
        ],
        FusionDescription(
          visualFeatures: 129, audioFeatures: 129,
          visualBackbone: ModelDescription(name: .resnet10_x0_25, classes: 8, imageSize: 32),
          frames: 6, width: 12,
          recurrent: RecurrentDescription(cell: .gru, hidden: 10, isBidirectional: true),
          isBounded: true)
      ),
    ]

    @Test(
      "fusion runs with their extractors: standardisation included, backbones that learned on",
      .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"), arguments: [0, 1])
    func fusion(_ index: Int) throws {
      let recordings = try FusionLaboratory.shared.get()
      let (run, overrides, network) = Self.fusions[index]
      try recordings.trainOnce(run, overrides)
      let place = "\(recordings.folder)/\(run)-onnx"
      try recordings.finish("aver", ["export", run, "--format", "onnx", "--output", place])
      let path = "\(recordings.folder)/\(run)"
      let graph = try network.standardisingNetwork().graph
      let store = try store(graph, "\(path)/best/model.safetensors")
      for size in [1, 3] {
        let batch = try batch(of: network, graph, store, size: size, run: path)
        try batch.write(
          outputs: ["predictions": [size, network.frames, 2]],
          to: "\(place)/model-\(size).safetensors")
      }
      try writeExtractors(recordings.folder, to: place, tuned: index == 1 ? path : nil)
      try expectEqual(place)
    }

    private func batch(
      of network: FusionDescription, _ graph: Graph, _ store: ParameterStore, size: Int,
      run: String
    ) throws -> ONNXBatch {
      let frames = network.frames
      var batch = try ONNXBatch(graph: graph, parameters: store, size: size)
      let standardisation = try SafetensorsReader(path: "\(run)/standardisation.safetensors")
      for modality in ["visual", "audio"] {
        for name in ["\(modality).mean", "\(modality).factor"] {
          try batch.setConstant(name, try standardisation.tensor(name).floats())
        }
        let presence = (0..<size * frames).map { Float($0 % 4 == 2 ? 0 : 1) }
        try batch.set("\(modality).presence", shape: [size, frames], presence)
        if modality == "visual", network.visualBackbone != nil {
          try batch.fill("visual.images", shape: [size, frames, 3, 32, 32], areImages: true)
        } else {
          try batch.fill("\(modality).features", shape: [size, frames, 128])
        }
      }
      try batch.set("lengths", size == 1 ? [frames] : [frames - 2, 1, frames])
      return batch
    }

    /// - Parameter tuned: the run whose visual backbone learned on.
    private func writeExtractors(_ folder: String, to place: String, tuned: String?) throws {
      let seeing = FaceNetwork(
        backbone: ModelDescription(name: .resnet10_x0_25, classes: 8, imageSize: 32))
      let eyes = try seeing.graph(hasFeatures: true)
      let visual = try store(eyes, "\(folder)/eyes/best/model.safetensors")
      if let tuned {
        let prefix = "visual.backbone."
        let learned = try Safetensors.read(path: "\(tuned)/best/model.safetensors")
          .filter { $0.name.hasPrefix(prefix) }
          .map { $0.renamed(String($0.name.dropFirst(prefix.count))) }
        let heads = try visual.modelTensors().filter { $0.name.hasPrefix("fc.") }
        try visual.loadModel(learned + heads, file: tuned)
      }
      let ears = try AudioNetwork(backbone: .resnet10_x0_25, classes: 8).graph()
      try writeBatch(
        eyes.section(to: ["features"]), visual, input: ("images", [3, 32, 32]),
        outputs: ["features": [128]], for: "\(place)/visual-extractor")
      try writeBatch(
        ears.section(to: ["features"]), store(ears, "\(folder)/ears/best/model.safetensors"),
        input: ("patches", [1, 96, 64]), outputs: ["features": [128]],
        for: "\(place)/audio-extractor")
    }

    // MARK: - Refusals

    @Test("what cannot be exported exits 64 or 65 and says what helps")
    func refusals() throws {
      try trainFaces()
      let broken = try brokenWeights()
      let onnx = ["--format", "onnx"]
      let cases: [([String], Int32, String)] = [
        (["nowhere"] + onnx, 65, "nowhere: no config.yaml; is this the folder of a run?"),
        (["export-faces", "--format", "tflite"], 64, "'tflite'"),
        (["export-faces"] + onnx + ["--log-mel"], 64, "which sees and does not hear"),
        (
          ["export-faces", "--format", "safetensors", "--log-mel"], 64,
          "--log-mel is for ONNX"
        ),
        (
          ["export-faces", "--format", "safetensors", "--keep-batch-norm"], 64,
          "--keep-batch-norm is for ONNX"
        ),
        (["export-faces"] + onnx + ["--checkpoint", "no.safetensors"], 65, "no.safetensors"),
        (["export-faces"] + onnx + ["--checkpoint", "nowhere"], 65, "there is no such folder"),
        (["export-faces"] + onnx + ["--checkpoint", broken.cut], 65, "do not lie within"),
        (["export-faces"] + onnx + ["--checkpoint", broken.infinite], 65, "is not finite"),
        (["export-faces"] + onnx + ["--checkpoint", broken.other], 65, "is this file of another"),
        (["export-faces"] + onnx + ["--output", "tiny.yaml/x"], 64, "name another folder"),
      ]
      for (arguments, status, words) in cases {
        let outcome = try laboratory.run("aver", ["export"] + arguments)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
        #expect(!laboratory.exists("export-faces/export"), "\(arguments)")
      }
    }

    /// Weights of which some bytes are missing, one is infinite, and those of another network.
    private func brokenWeights() throws -> (cut: String, infinite: String, other: String) {
      let file = "\(folder)/export-faces/final/model.safetensors"
      let whole = try Data(contentsOf: URL(fileURLWithPath: file))
      try whole.dropLast(100).write(to: URL(fileURLWithPath: "\(folder)/cut.safetensors"))
      var tensors = try Safetensors.read(path: file)
      try Safetensors.write(
        tensors.filter { $0.name != "conv1.weight" }, to: "\(folder)/other.safetensors")
      let index = try #require(tensors.firstIndex { $0.name == "conv1.weight" })
      var values = tensors[index].floats()
      values[5] = .infinity
      tensors[index] = try Tensor(
        name: "conv1.weight", shape: tensors[index].shape, floats: values)
      try Safetensors.write(tensors, to: "\(folder)/infinite.safetensors")
      return ("cut.safetensors", "infinite.safetensors", "other.safetensors")
    }

    @Test("a second export is refused, unless it is forced; a full disk leaves the first")
    func overAnother() throws {
      try trainFaces()
      let arguments = ["export", "export-faces", "--format", "safetensors", "--output"]
      let place = "\(folder)/exported-twice"
      #expect(try laboratory.run("aver", arguments + [place]).status == 0)
      let refused = try laboratory.run("aver", arguments + [place])
      #expect(refused.status == 64 && refused.errors.contains("replace with --force"))
      #expect(try laboratory.run("aver", arguments + [place, "--force"]).status == 0)

      let small = "\(folder)/small-disk"
      guard let disk = try SmallDisk(at: small, size: "64k") else { return }
      defer { disk.unmount() }
      let full = try laboratory.run("aver", arguments + ["\(small)/out"])
      #expect(full.status == 64 && full.errors.contains("No space left"), "\(full.errors)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(small)/out").isEmpty)
    }
  }
}
