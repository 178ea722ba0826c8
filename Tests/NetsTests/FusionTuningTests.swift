import TestSupport
import Testing

@testable import Nets

/// Fusion networks with their extractors' backbones in them, against PyTorch with `FrozenBatchNorm2d`.
@Suite(.serialized) struct FusionTuningTests {
  /// float32, through a whole network.
  static let tolerance = Tolerance(absolute: 2e-5, relative: 1e-4)
  private static let narrow = ResNet(block: .basic, depths: [1, 1, 1, 1], widths: [8, 8, 16, 16])

  let goldens: Goldens

  init() throws { goldens = try Goldens("tuning") }

  private func cases() throws -> [GoldenOperation] {
    let cases = try GoldenOperation.all("tuning", in: goldens)
    try #require(cases.map(\.name) == ["both", "visual"])
    return cases
  }

  private func trunk(_ name: String, _ shape: [Int]) -> FusionDescription.Trunk {
    FusionDescription.Trunk(name: name, shape: shape) {
      try $1.resNet($0, Self.narrow, prefix: $2)
    }
  }

  private func network(_ golden: GoldenOperation) throws -> FusionNetwork {
    let features = try golden.integer("features") + 1
    let size = try golden.integer("size")
    let patch = try [1, golden.integer("patch_frames"), golden.integer("patch_bands")]
    return try FusionDescription(
      visualFeatures: features, audioFeatures: features, frames: golden.integer("frames"),
      width: golden.integer("width"),
      recurrent: RecurrentDescription(
        cell: .gru, hidden: golden.integer("hidden"), isBidirectional: true)
    ).network(
      visual: trunk("images", [3, size, size]),
      audio: golden.name == "both" ? trunk("patches", patch) : nil)
  }

  /// A plan with the mean squared error over known targets, filled with the case's numbers.
  private func plan(_ golden: GoldenOperation) throws -> TrainingPlan {
    try Engine.configure(threads: 1)
    var network = try network(golden)
    let frames = try golden.integer("frames")
    try network.graph.meanSquaredError(
      network.predictions, targets: network.graph.input("targets", .floats, shape: [frames, 2]),
      weights: network.graph.input("weights", .floats, shape: [frames]), name: "loss")
    let lengths = try golden.required("lengths").integers()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: lengths.count, precision: .f32, gradientSlots: 1)
    try plan.parameters.loadModel(
      goldens.tensors(under: "tuning/\(golden.name)/weights"), file: "golden")
    try plan.refreshWeights()
    try fill(golden, network.graph, plan.floats(input:))
    _ = try plan.integers(input: "lengths").update(fromContentsOf: lengths.map(Int32.init))
    try plan.floats(input: "weights").update(repeating: 1)
    return plan
  }

  private func fill(
    _ golden: GoldenOperation, _ graph: Graph,
    _ floats: (String) throws -> UnsafeMutableBufferPointer<Float>
  ) throws {
    for input in graph.inputs where input.content != .integers && input.name != "weights" {
      let values = try golden.floats(input.name)
      let array = try floats(input.name)
      try #require(array.count == values.count, "\(input.name)")
      _ = array.update(fromContentsOf: values)
    }
  }

  @Test func aStepThroughTheBackbonesMatchesPyTorch() throws {
    for golden in try cases() {
      let plan = try plan(golden)
      try plan.run(slot: 0)
      try golden.expectStep(of: plan, Self.tolerance, outputs: ["predictions"])
    }
  }

  @Test func statisticsStayAsTheyAre() throws {
    let plan = try plan(try #require(try cases().first))
    let before = try plan.parameters.modelTensors()
    try plan.run(slot: 0)
    GoldenStep.updateStatistics(of: plan)
    #expect(try plan.parameters.modelTensors() == before)
  }

  /// What is not there may be anything, as long as it is finite, and gives the same gradients.
  @Test func framesThatAreNotThereDoNotMatter() throws {
    for golden in try cases() {
      let plan = try plan(golden)
      try plan.run(slot: 0)
      let gradients = plan.slot(0).map { $0 + 0 }  // -0 is 0
      let presence = try plan.floats(input: "visual.presence")
      let images = try plan.floats(input: "visual.images")
      let count = images.count / presence.count
      let absent = presence.indices.filter { presence[$0] == 0 }
      try #require(absent.count == 2)
      for frame in absent { images[frame * count..<(frame + 1) * count].update(repeating: 3) }
      try plan.run(slot: 0)
      #expect(plan.slot(0).map { $0 + 0 } == gradients)
    }
  }

  @Test(arguments: Precision.computable)
  func featuresAreThoseOfTheBackboneAlone(_ precision: Precision) throws {
    try Engine.configure(threads: 1)
    let golden = try #require(try cases().last)
    var joint = try network(golden).graph
    let view = try #require(joint.operations.compactMap { $0 as? SequenceView }.first)
    joint.output("features", view.input)
    let store = try ParameterStore(inferenceFor: joint)
    let weights = try goldens.tensors(under: "tuning/\(golden.name)/weights")
    try store.loadModel(weights, file: "golden")
    let lengths = try golden.required("lengths").integers()
    let plan = try InferencePlan(
      graph: joint, batch: lengths.count, precision: precision, parameters: store)
    try fill(golden, try network(golden).graph, plan.floats(input:))
    _ = try plan.integers(input: "lengths").update(fromContentsOf: lengths.map(Int32.init))
    try plan.run()

    var alone = Graph()
    let size = try golden.integer("size")
    let images = alone.input("images", .pixels, shape: [3, size, size])
    alone.output("features", try alone.resNet(images, Self.narrow))
    let own = try ParameterStore(inferenceFor: alone)
    try own.loadModel(
      weights.filter { $0.name.hasPrefix("visual.backbone.") }
        .map { $0.renamed(String($0.name.dropFirst("visual.backbone.".count))) }, file: "golden")
    let rows = try lengths.count * golden.integer("frames")
    let extractor = try InferencePlan(
      graph: alone, batch: rows, precision: precision, parameters: own)
    _ = try extractor.floats(input: "images").update(
      fromContentsOf: golden.floats("visual.images"))
    try extractor.run()
    let features = Array(try plan.output("features"))
    #expect(features == Array(try extractor.output("features")))
    if precision == .f32 {
      try golden.expectClose("visual.features", features, .f32, [.f32: Self.tolerance])
    }
  }

  /// Each kind of backbone: names below a prefix, nothing dropped, normalisations that do not learn.
  @Test(arguments: [ModelName.resnet18, .densenet121, .efficientnet_b0])
  func backbonesComputeAsInEvaluation(_ name: ModelName) throws {
    let backbone = ModelDescription(name: name, classes: 8, imageSize: 32)
    let alone = try backbone.network().graph
    let widths = [ModelName.resnet18: 512, .densenet121: 1024, .efficientnet_b0: 1280]
    let graph = try FusionDescription(
      visualFeatures: try #require(widths[name]) + 1, audioFeatures: nil,
      visualBackbone: backbone, frames: 3, width: 4,
      recurrent: RecurrentDescription(cell: .gru, hidden: 2)
    ).network().graph
    let prefix = "visual.backbone."
    let own = graph.parameters.indices.filter { graph.parameters[$0].name.hasPrefix(prefix) }
    #expect(
      own.map { graph.parameters[$0].name.dropFirst(prefix.count) }.sorted()
        == alone.parameters.map { $0.name[...] }.filter { !name.head.contains(String($0)) }.sorted()
    )
    #expect(graph.statistics.indices.allSatisfy { graph.isFrozen(statistics: $0) })
    let normalizations = graph.operations.compactMap { $0 as? BatchNormalization }
    #expect(graph.frozen.parameters == Set(normalizations.flatMap(\.parameters)))
    let branches = graph.operations.compactMap { $0 as? ResidualAddition }
    #expect(branches.allSatisfy { !$0.drops(in: graph) })
    #expect(name != .efficientnet_b0 || !branches.isEmpty)
  }

  @Test func backbonesSayHowManyFeaturesTheyGive() throws {
    #expect(
      try ModelName.allCases.map { try $0.featureCount() }
        == [128, 512, 2048, 1024, 1920, 1280, 1408, 128])
    #expect(try AudioNetwork(backbone: .resnet18, classes: 3).backbone.featureCount() == 512)
  }

  @Test func rowsOfSamplesAreCountedAndDivided() throws {
    #expect(Rows.perSample(6).divided(by: 3) == .perSample(2))
    #expect(Rows.perSample(6).divided(by: 6) == .batch)
    #expect(Rows.perSample(6).divided(by: 4) == nil)
    #expect(Rows.perSample(6).count(inBatchOf: 5) == 30)
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [3, 8, 8], rows: .perSample(5))
    _ = try graph.batchNormalization(images, name: "norm")
    #expect(graph.statistics[0].elementsPerSample == 5 * 8 * 8)
  }

  @Test func onlyRowsOfSamplesAreSequences() {
    #expect {
      var graph = Graph()
      let rows = graph.input("rows", .floats, shape: [4])
      _ = try graph.sequences(of: rows, name: "frames")
    } throws: {
      "\($0)".contains("several rows a sample")
    }
    #expect {
      _ = try FusionDescription(
        visualFeatures: 512, audioFeatures: nil,
        visualBackbone: ModelDescription(name: .resnet18, classes: 8, imageSize: 32), frames: 3,
        width: 4, recurrent: RecurrentDescription(cell: .gru, hidden: 2)
      ).network()
    } throws: {
      "\($0)".contains("cannot standardise")
    }
  }
}
