import Foundation
import TestSupport
import Testing

@testable import Nets

/// What we export as ONNX passes ONNX's checker and gives our own outputs in ONNX Runtime.
@Suite(.serialized) struct ONNXTests {
  private static let batches = [1, 3]

  init() throws { try Engine.configure(threads: 1) }

  // MARK: - In ONNX Runtime

  @Test(
    "each network, with its heads, with batch normalisations folded and not",
    .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"),
    arguments: ModelName.allCases)
  func networks(_ name: ModelName) throws {
    let folder = try TemporaryFolder()
    let (graph, shape) = try network(name)
    let store = try ParameterStore(inferenceFor: graph)
    try store.fillAtRandom(seed: 3)
    for keeps in [false, true] {
      let model = "\(name.rawValue)-\(keeps ? "kept" : "folded")"
      try ONNXExport(
        graph: graph, parameters: store, name: model, keepsBatchNormalizations: keeps
      ).model().write(to: "\(folder.path)/\(model).onnx")
      for size in Self.batches {
        var batch = try ONNXBatch(graph: graph, parameters: store, size: size)
        try batch.fill(name.input, shape: [size] + shape, areImages: true)
        try batch.write(
          outputs: outputs(of: graph, batch: size),
          to: "\(folder.path)/\(model)-\(size).safetensors")
      }
    }
    try expectEqual(folder)
  }

  /// A network with all heads, and the shape of its input.
  private func network(_ name: ModelName) throws -> (Graph, [Int]) {
    guard name.isVisual else {
      let network = AudioNetwork(backbone: name, classes: 8, hasAffect: true)
      return (try network.graph(), [1, VGGish.frames, VGGish.bands])
    }
    let network = FaceNetwork(
      backbone: ModelDescription(name: name, classes: 8, imageSize: 64), hasAffect: true,
      embedding: ExpressionEmbedding(hidden: 24, dimensions: 5))
    return (try network.graph(hasFeatures: true), [3, 64, 64])
  }

  private func outputs(of graph: Graph, batch: Int) -> [String: [Int]] {
    Dictionary(
      uniqueKeysWithValues: graph.outputs.map { ($0.name, [batch] + graph.shape(of: $0.value)) })
  }

  @Test(
    "an audio network on patches of another length, and heads by themselves",
    .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"))
  func sections() throws {
    let folder = try TemporaryFolder()
    let graph = try AudioNetwork(
      backbone: .resnet10_x0_25, frames: 48, classes: 8, hasAffect: true
    ).graph()
    let store = try ParameterStore(inferenceFor: graph)
    try store.fillAtRandom(seed: 4)
    let parts = [
      ("extractor", try graph.section(to: ["features"]), "patches", [1, 48, 64]),
      ("logits", try graph.section(from: ["features"], to: ["logits"]), "features", [128]),
      ("affect", try graph.section(from: ["features"], to: ["affect"]), "features", [128]),
    ]
    for (name, part, input, shape) in parts {
      try ONNXExport(graph: part, parameters: store, name: name).model()
        .write(to: "\(folder.path)/\(name).onnx")
      var batch = try ONNXBatch(graph: part, parameters: store, size: 2)
      try batch.fill(input, shape: [2] + shape, areImages: shape.count == 3)
      try batch.write(
        outputs: outputs(of: part, batch: 2), to: "\(folder.path)/\(name)-2.safetensors")
    }
    try expectEqual(folder)
  }

  /// Fusion networks that differ in everything that their description can say.
  private static let fusions: [(name: String, FusionDescription)] = [
    (
      "gru",
      FusionDescription(
        visualFeatures: 12, audioFeatures: 9, frames: 7, width: 6,
        recurrent: RecurrentDescription(cell: .gru, hidden: 5, layers: 2, isBidirectional: true),
        isBounded: true)
    ),
    (
      "lstm",
      FusionDescription(
        visualFeatures: 12, audioFeatures: 9, frames: 7, width: 6, activation: .gelu,
        join: .gatedSum, dropout: 0.3,
        recurrent: RecurrentDescription(
          cell: .lstm, hidden: 5, layers: 2, isBidirectional: true, dropout: 0.2))
    ),
    (
      "visual",
      FusionDescription(
        visualFeatures: 12, audioFeatures: nil, frames: 7, width: 6, activation: .silu,
        recurrent: RecurrentDescription(cell: .lstm, hidden: 5))
    ),
    (
      "audio",
      FusionDescription(
        visualFeatures: nil, audioFeatures: 9, frames: 7, width: 6, activation: .tanh,
        recurrent: RecurrentDescription(cell: .gru, hidden: 5), isBounded: true)
    ),
    (
      "tuned",
      FusionDescription(
        visualFeatures: 129, audioFeatures: 129,
        visualBackbone: ModelDescription(name: .resnet10_x0_25, classes: 8, imageSize: 32),
        audioBackbone: AudioNetwork(backbone: .resnet10_x0_25, frames: 32, classes: 8), frames: 3,
        width: 6, recurrent: RecurrentDescription(cell: .gru, hidden: 5, isBidirectional: true))
    ),
  ]

  @Test(
    "fusion networks over time: lengths, absent frames, any number of frames",
    .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"))
  func fusion() throws {
    let folder = try TemporaryFolder()
    for (name, description) in Self.fusions {
      let graph = try description.standardisingNetwork().graph
      let store = try ParameterStore(inferenceFor: graph)
      try store.fillAtRandom(seed: 5)
      let constants = try constants(of: graph)
      var export = ONNXExport(graph: graph, parameters: store, name: name)
      export.constants = constants
      export.sequences = Set(
        (graph.inputs.map(\.name) + ["predictions"]).filter { $0 != "lengths" })
      try export.model().write(to: "\(folder.path)/\(name).onnx")
      // More frames than the description has, and a sequence without any.
      for (size, frames) in [(1, description.frames), (3, description.frames + 2)] {
        var longer = description
        longer.frames = frames
        let batch = try batch(of: longer, size: size, store: store, constants)
        try batch.write(
          outputs: ["predictions": [size, frames, 2]],
          to: "\(folder.path)/\(name)-\(size).safetensors")
      }
    }
    try expectEqual(folder)
  }

  private func constants(of graph: Graph) throws -> [String: Tensor] {
    var generator = SeededGenerator(seed: 6)
    return Dictionary(
      uniqueKeysWithValues: try graph.inputs.filter { graph.rows(of: $0.value) == .fixed(1) }.map {
        let shape = graph.shape(of: $0.value)
        let values = (0..<shape[0]).map { _ in Float.random(in: 0.5...1.5, using: &generator) }
        return ($0.name, try Tensor(name: $0.name, shape: shape, floats: values))
      })
  }

  private func batch(
    of description: FusionDescription, size: Int, store: ParameterStore,
    _ constants: [String: Tensor]
  ) throws -> ONNXBatch {
    let graph = try description.standardisingNetwork().graph
    var batch = try ONNXBatch(graph: graph, parameters: store, size: size)
    let frames = description.frames
    for input in graph.inputs {
      let shape = graph.shape(of: input.value)
      if let constant = constants[input.name] {
        try batch.setConstant(input.name, constant.floats())
      } else if input.name == "lengths" {
        try batch.set("lengths", size == 1 ? [frames + 4] : [2, 0, frames])
      } else if input.name.hasSuffix(".presence") {
        let values = (0..<size * frames).map { Float($0 % 3 == 1 ? 0 : 1) }
        try batch.set(input.name, shape: [size, frames], values)
      } else if case .perSample = graph.rows(of: input.value) {
        try batch.fill(input.name, shape: [size, frames] + shape, areImages: true)
      } else {
        try batch.set(input.name, shape: [size] + shape, features([size] + shape))
      }
    }
    return batch
  }

  /// Features, of which those of frames that are not there are no numbers.
  private func features(_ shape: [Int]) -> [Float] {
    (0..<shape.reduce(1, *)).map { index in
      index / shape[2] % 3 == 1 ? .nan : Float((index * 7919) % 1009) / 504 - 1
    }
  }

  @Test(
    "operations that no network of ours has",
    .enabled(if: ONNXRuntime.python != nil, "\(ONNXRuntime.requirement)"))
  func otherOperations() throws {
    let folder = try TemporaryFolder()
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [3, 10, 9])
    for function in ActivationFunction.allCases {
      graph.output(
        function.rawValue, graph.activation(images, name: "f.\(function.rawValue)", function))
    }
    let bins = try graph.adaptiveAveragePooling(images, name: "bins", height: 4, width: 7)
    graph.output("bins", bins)
    graph.output(
      "means",
      try graph.averagePooling(images, name: "means", kernel: 3, stride: 2, padding: 1))
    graph.output("flat", try graph.flattening(images, name: "flat"))
    graph.output("same", images)
    graph.output("length", try graph.normalization(bins, name: "length"))
    let store = try ParameterStore(inferenceFor: graph)
    try ONNXExport(graph: graph, parameters: store, name: "other").model()
      .write(to: "\(folder.path)/other.onnx")
    var batch = try ONNXBatch(graph: graph, parameters: store, size: 2)
    try batch.fill("images", shape: [2, 3, 10, 9], areImages: true)
    try batch.write(
      outputs: outputs(of: graph, batch: 2), to: "\(folder.path)/other-2.safetensors")
    try expectEqual(folder)
  }

  private func expectEqual(_ folder: TemporaryFolder) throws {
    let outcome = try ONNXRuntime.compare(folder.path)
    #expect(outcome.passes, "\(outcome.output)")
  }

  @Test("a network that standardises gives the bits of one whose features were standardised before")
  func standardising() throws {
    var description = Self.fusions[0].1
    description.audioFeatures = nil
    let (plain, whole) = try (description.network().graph, description.standardisingNetwork().graph)
    let store = try ParameterStore(inferenceFor: plain)
    try store.fillAtRandom(seed: 8)
    let trained = try InferencePlan(graph: plain, batch: 2, precision: .f32, parameters: store)
    let used = try InferencePlan(graph: whole, batch: 2, precision: .f32, parameters: store)
    let (frames, width) = (description.frames, 11)
    let given = features([2, frames, width])
    let (mean, factor) = ((0..<width).map { Float($0) / 7 }, (0..<width).map { 1 / Float($0 + 1) })
    let standardised = (0..<2 * frames).flatMap { row -> [Float] in
      if row % 3 == 1 { return Array(repeating: 0, count: width + 1) }
      return (0..<width).map { (given[row * width + $0] - mean[$0]) * factor[$0] } + [1]
    }
    _ = try trained.floats(input: "visual").update(fromContentsOf: standardised)
    _ = try used.floats(input: "visual.features").update(fromContentsOf: given)
    _ = try used.floats(input: "visual.mean").update(fromContentsOf: mean)
    _ = try used.floats(input: "visual.factor").update(fromContentsOf: factor)
    _ = try used.floats(input: "visual.presence")
      .update(fromContentsOf: (0..<2 * frames).map { $0 % 3 == 1 ? 0 : 1 })
    for plan in [trained, used] {
      _ = try plan.integers(input: "lengths").update(fromContentsOf: [Int32(frames), 4])
      try plan.run()
    }
    #expect(
      try trained.output("predictions").map(\.bitPattern)
        == used.output("predictions").map(\.bitPattern))
  }

  // MARK: - The model itself

  @Test(
    "folded models have no batch normalisation, others have all of them",
    arguments: [ModelName.resnet18, .densenet121, .efficientnet_b0])
  func normalizations(_ name: ModelName) throws {
    let graph = try network(name).0
    let store = try ParameterStore(inferenceFor: graph)
    var export = ONNXExport(graph: graph, parameters: store, name: "model")
    let folded = try export.model().operatorCounts
    export.keepsBatchNormalizations = true
    let kept = try export.model().operatorCounts
    #expect(folded["BatchNormalization"] == nil)
    #expect(kept["BatchNormalization"] == graph.statistics.count)
    let convolutions = graph.operations.count { $0 is Convolution }
    #expect(folded["Conv"] == convolutions && kept["Conv"] == convolutions)
    #expect(folded["Identity"] == nil && kept["Identity"] == nil)
    // What cannot be folded into a convolution before it: there is none, or something stands between.
    #expect((folded["Concat"] ?? 0 > 0) == (name == .densenet121))
  }

  @Test("weights keep torchvision's names and shapes, and what is dynamic says so")
  func namesOfWeights() throws {
    let graph = try network(.resnet18).0
    let store = try ParameterStore(inferenceFor: graph)
    var export = ONNXExport(graph: graph, parameters: store, name: "model")
    export.keepsBatchNormalizations = true
    let model = try export.model()
    let initializers = Dictionary(
      uniqueKeysWithValues: model.initializers.map { ($0.description.name, $0.description.shape) })
    for tensor in try store.modelTensors() where !tensor.name.hasSuffix("num_batches_tracked") {
      #expect(initializers[tensor.name] == tensor.shape, "\(tensor.name)")
    }
    #expect(model.inputSummary == ["images [batch, 3, 64, 64]"])
    #expect(
      model.outputSummary.sorted() == [
        "affect [batch, 2]", "embedding [batch, 5]", "features [batch, 512]",
        "logits [batch, 8]",
      ])
  }

  @Test("networks that are there for training are refused by the layer that says so")
  func refusals() throws {
    var network = try ModelDescription(name: .resnet10_x0_25, classes: 8, imageSize: 32).network()
    try network.addClassificationLoss()
    #expect(throws: NetsError.self) {
      try ONNXExport(
        graph: network.graph, parameters: ParameterStore(inferenceFor: network.graph), name: "model"
      ).model()
    }
    var parts = Graph()
    let rows = parts.input("rows", .floats, shape: [3])
    parts.output("part", try parts.parts(of: rows, rows: [0..<2], name: "parts")[0])
    #expect {
      try ONNXExport(
        graph: parts, parameters: ParameterStore(inferenceFor: parts), name: "model"
      ).model()
    } throws: {
      "\($0)".contains("parts: divides the batches of a training")
    }
    #expect(throws: NetsError.unknownArray(name: "smell", known: ["logits"])) {
      _ = try network.graph.section(to: ["smell"])
    }
  }
}
