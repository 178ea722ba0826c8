import TestSupport
import Testing

@testable import Nets

/// The audio network with both heads against PyTorch: a whole training step and an evaluation.
@Suite(.serialized) struct AudioNetworkTests {
  static let tolerance = NetworkComparison.tolerance

  /// A case of the golden file with the network that it is about.
  struct Case {
    let golden: GoldenOperation
    let description: AudioNetwork
    let trunk: AudioNetwork.Trunk

    init(_ golden: GoldenOperation) throws {
      self.golden = golden
      let shape = try golden.required("patches").shape
      let backbone: ModelName = golden.name == "resnet" ? .resnet18 : .vggish
      description = AudioNetwork(
        backbone: backbone, frames: shape[1], bands: shape[2],
        classes: try golden.required("logits").shape[1], hasAffect: true)
      var graph = Graph()
      let patches = graph.input("patches", .pixels, shape: [1, shape[1], shape[2]])
      let features =
        switch backbone {
        case .vggish:
          try graph.vggish(
            patches,
            VGGish(stages: [[4], [8], [12, 20], [16, 12]], embeddings: [24, 20, 12]))
        default:
          try graph.resNet(
            patches, ResNet(block: .basic, depths: [1, 1, 1, 1], widths: [16, 16, 32, 32]))
        }
      trunk = (graph, features)
    }

    static func all() throws -> [Case] {
      let cases = try GoldenOperation.all("audio", in: Goldens("audio")).map(Case.init)
      try #require(cases.map(\.golden.name) == ["resnet", "vggish"])
      return cases
    }

    /// A step on the case's numbers.
    func trainingStep() throws -> TrainingPlan {
      try Engine.configure(threads: 1)
      let graph = try description.graph(
        on: trunk,
        trainedBy: AudioObjective(labelSmoothing: 0.1, concordance: 0.7, squaredError: 0.3))
      let labels = try golden.required("labels").integers()
      let plan = try TrainingPlan(
        graph: graph, microBatch: labels.count, precision: .f32, gradientSlots: 1)
      try plan.parameters.loadModel(
        golden.goldens.tensors(under: "audio/\(golden.name)/weights"), file: "golden")
      try plan.refreshWeights()
      let targets = try golden.floats("affect_targets")
      for (name, values) in [
        ("patches", try golden.floats("patches")), ("affect_targets", targets),
        ("weights", try golden.floats("weights").withMeanOne()),
        ("affect_weights", try golden.floats("affect_weights").withMeanOne(targets: targets)),
      ] {
        _ = try plan.floats(input: name).update(fromContentsOf: values)
      }
      _ = try plan.integers(input: "labels").update(fromContentsOf: labels.map(Int32.init))
      try plan.run(slot: 0)
      return plan
    }
  }

  private func expect(
    _ name: String, _ actual: [Float], _ exact: [Float],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let comparison = Comparison(name, actual, exact, Self.tolerance)
    #expect(comparison.passes, "\(comparison)", sourceLocation: sourceLocation)
  }

  @Test func trainingStepMatchesPyTorch() throws {
    for each in try Case.all() {
      let plan = try each.trainingStep()
      let golden = each.golden
      let metrics = Dictionary(
        uniqueKeysWithValues: plan.slotLayout.metrics.map {
          ($0.name, Float($0.value(in: plan.slot(0))))
        })
      for name in ["loss", "emotion_loss", "concordance_loss", "affect_loss"] {
        expect("\(golden.name) \(name)", [try #require(metrics[name])], try golden.floats(name))
      }
      for name in ["logits", "affect"] {
        expect("\(golden.name) \(name)", Array(try plan.output(name)), try golden.floats(name))
      }
      let gradients = try GoldenStep.gradients(of: plan)
      let expected = try golden.goldens.tensors(under: "audio/\(golden.name)/gradients")
      #expect(gradients.count == expected.count)
      for gradient in expected {
        let actual = try #require(gradients[gradient.name], "\(gradient.name)")
        expect("\(golden.name) \(gradient.name)", actual.floats(), gradient.floats())
      }
    }
  }

  @Test func evaluationMatchesPyTorch() throws {
    for each in try Case.all() {
      let golden = each.golden
      let training = try each.trainingStep()
      GoldenStep.updateStatistics(of: training)
      let model = Dictionary(
        uniqueKeysWithValues: try training.parameters.modelTensors().map { ($0.name, $0) })
      for updated in try golden.goldens.tensors(under: "audio/\(golden.name)/updated") {
        expect(updated.name, try #require(model[updated.name]).floats(), updated.floats())
      }
      let plan = try InferencePlan(
        graph: each.description.graph(on: each.trunk), batch: training.microBatch,
        precision: .f32, parameters: training.parameters)
      _ = try plan.floats(input: "patches").update(fromContentsOf: golden.floats("patches"))
      try plan.run()
      for name in ["logits", "affect", "features"] {
        expect(
          "\(golden.name) \(name)", Array(try plan.output(name)), try golden.floats("eval_\(name)"))
      }
    }
  }

  @Test(arguments: AudioNetwork.backbones)
  func headsAreThereAsAskedFor(_ backbone: ModelName) throws {
    let classes = AudioNetwork(backbone: backbone, classes: 8)
    #expect(try classes.graph().outputs.map(\.name) == ["features", "logits"])
    #expect(classes.heads == [backbone.head])
    let affect = AudioNetwork(backbone: backbone, classes: nil, hasAffect: true)
    #expect(try affect.graph().outputs.map(\.name) == ["features", "affect"])
    #expect(affect.heads == [["affect.weight", "affect.bias"]])
    let own = Set(try affect.graph().parameters.map(\.name))
    #expect(own.isSuperset(of: affect.heads.joined()))
    #expect(own.isDisjoint(with: backbone.head))
  }

  /// But for the first convolution's channels, they are the backbone's: published weights fit.
  @Test(arguments: AudioNetwork.backbones)
  func parametersAreThoseOfTheBackbone(_ backbone: ModelName) throws {
    let network = AudioNetwork(backbone: backbone, classes: 8)
    let published = try ModelDescription(name: backbone, classes: 8, imageSize: 64).network()
    #expect(try network.graph().statistics == published.graph.statistics || backbone.isVisual)
    for (own, other) in zip(try network.graph().parameters, published.graph.parameters) {
      #expect(own.name == other.name)
      let isFirst = own.name == network.imageConvolution
      let shape = isFirst ? [other.shape[0], 1, 7, 7] : other.shape
      #expect(own.shape == shape, "\(own.name)")
    }
    #expect(try network.graph().parameters.count == published.graph.parameters.count)
  }

  @Test func aBackboneThatOnlySeesIsRefusedByName() {
    #expect {
      try AudioNetwork(backbone: .densenet121, classes: 8).graph()
    } throws: {
      "\($0)".contains(
        "densenet121 sees images only; these hear: vggish, resnet10_x0_25, resnet18, resnet50")
    }
  }
}
