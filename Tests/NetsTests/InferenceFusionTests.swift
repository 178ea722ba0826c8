import CAllocationCounter
import TestSupport
import Testing

@testable import Nets

/// Plans for inference, in which batch normalisations, residuals and nonlinearities are part of the
/// convolutions, against plans of the graph as it is.
@Suite(.serialized) struct InferenceFusionTests {
  /// The narrow networks, with channels that suit our own kernels and channels that suit oneDNN's,
  /// and some that suit no blocks.
  enum Topology: String, CaseIterable {
    case basic, bottleneck, dense, efficient, audio

    var batch: Int { 3 }

    /// With outputs `features` and `logits`.
    func network() throws -> Network {
      switch self {
      case .basic:
        try ResNet(block: .basic, depths: [2, 2], widths: [32, 40]).network(
          classes: 5, imageSize: 37)
      case .bottleneck:
        try ResNet(block: .bottleneck, depths: [2, 2], widths: [32, 24]).network(
          classes: 5, imageSize: 40)
      case .dense:
        try DenseNet(depths: [2, 3], growth: 16, stemChannels: 24).network(
          classes: 5, imageSize: 48)
      case .efficient:
        try EfficientNet(
          stemChannels: 8,
          stages: [
            .init(expansion: 1, kernel: 3, stride: 1, channels: 16, blocks: 2),
            .init(expansion: 4, kernel: 5, stride: 2, channels: 20, blocks: 2),
          ], dropout: 0.2
        ).network(classes: 5, imageSize: 33)
      case .audio:
        try VGGish(stages: [[32], [32, 40]], embeddings: [24, 16]).network(
          outputs: 5, frames: 12, bands: 10)
      }
    }

    /// How many steps of each kind the fused plan has of what could be fused.
    var remaining: (normalizations: Int, additions: Int, functions: Int) {
      // The concatenations' normalisations, each before a convolution that others share.
      self == .dense ? (7, 0, 0) : (0, 0, 0)
    }
  }

  /// Plans of both kinds that share weights, with something like noise in their inputs.
  private struct Pair {
    let store: ParameterStore
    let fused: InferencePlan
    let plain: InferencePlan

    init(_ graph: Graph, batch: Int, precision: Precision = .f32, seed: UInt64 = 1) throws {
      try Engine.configure(threads: 1)
      store = try ParameterStore(inferenceFor: graph)
      try store.scatter(seed: seed)
      fused = try InferencePlan(
        graph: graph, batch: batch, precision: precision, parameters: store)
      plain = try InferencePlan(
        planning: graph, batch: batch, precision: precision, parameters: store)
      for plan in [fused, plain] {
        for input in graph.inputs { fill(try plan.floats(input: input.name)) }
      }
    }

    private func fill(_ values: UnsafeMutableBufferPointer<Float>) {
      for index in values.indices { values[index] = Float((index * 7919) % 1009) / 504 - 1 }
    }

    func run() throws {
      try fused.run()
      try plain.run()
    }

    func compare(_ output: String, _ tolerance: Tolerance) throws -> Comparison {
      Comparison(
        output, Array(try fused.output(output)), Array(try plain.output(output)), tolerance)
    }
  }

  static let tolerance = Tolerance(absolute: 2e-5, relative: 1e-5)

  @Test(arguments: Topology.allCases)
  func fusedPlansComputeTheSame(_ topology: Topology) throws {
    let network = try topology.network()
    var graph = network.graph
    graph.output("embedding", network.features)
    let pair = try Pair(graph, batch: topology.batch)
    for _ in 0..<2 {  // nothing of a run is left for the next
      try pair.run()
      for output in ["embedding", "logits"] {
        let comparison = try pair.compare(output, Self.tolerance)
        #expect(comparison.passes, "\(comparison)")
      }
    }
  }

  /// About as far from float32 as the plan that rounds between the operations: a few logits are all
  /// chance.
  @Test(.needsBFloat16, arguments: Topology.allCases)
  func bfloat16IsAsPrecise(_ topology: Topology) throws {
    let graph = try topology.network().graph
    let exact = try Pair(graph, batch: topology.batch)
    let rounded = try Pair(graph, batch: topology.batch, precision: .bf16)
    try exact.run()
    try rounded.run()
    let logits = Array(try exact.plain.output("logits"))
    let errors = try [rounded.fused, rounded.plain].map {
      Comparison("logits", Array(try $0.output("logits")), logits, .exact).relativeError
    }
    #expect(errors[0] < 0.03)
    #expect(errors[0] <= 2 * errors[1], "\(errors)")
  }

  @Test(arguments: Topology.allCases, Precision.computable)
  func whatFollowsConvolutionsIsPartOfThem(_ topology: Topology, _ precision: Precision) throws {
    let pair = try Pair(topology.network().graph, batch: 1, precision: precision)
    let steps = try pair.fused.profile(repetitions: 1)
    func count(_ names: String...) -> Int { steps.count { names.contains($0.operation) } }
    let remaining = topology.remaining
    #expect(count("batchNormalizationForward", "NormalizeChannels") == remaining.normalizations)
    #expect(count("addition") == remaining.additions)
    #expect(count("elementwiseForward") == remaining.functions)
    #expect(steps.count < (try pair.plain.profile(repetitions: 1).count))
  }

  /// Of the full networks: convolutions, poolings, the linear layer and few changes of layout remain.
  @Test(arguments: [(ModelName.resnet18, 20), (.resnet50, 53), (.efficientnet_b0, 81 - 32)])
  func stepsOfFullNetworks(_ name: ModelName, convolutions: Int) throws {
    let network = try ModelDescription(name: name, classes: 8, imageSize: 64).network()
    let operations = InferenceFusion.rewriting(network.graph).operations
    #expect(operations.count { $0 is FusedConvolution } == convolutions)
    #expect(
      operations.allSatisfy {
        !($0 is BatchNormalization || $0 is Activation || $0 is AdditionReLU
          || $0 is ResidualAddition || $0 is Convolution)
      })
  }

  @Test(arguments: [Topology.basic, .efficient])
  func refreshingReadsWeightsAndStatistics(_ topology: Topology) throws {
    let pair = try Pair(topology.network().graph, batch: topology.batch)
    try pair.run()
    let before = Array(try pair.fused.output("logits"))
    try pair.store.scatter(seed: 2, only: ".running_")
    try pair.fused.run()
    #expect(Array(try pair.fused.output("logits")) == before)  // until it is told
    for _ in 0..<2 {
      try pair.fused.refreshWeights()
      try pair.plain.refreshWeights()
      try pair.run()
      #expect(Array(try pair.fused.output("logits")) != before)
      let comparison = try pair.compare("logits", Self.tolerance)
      #expect(comparison.passes, "\(comparison)")
      try pair.store.scatter(seed: 3)
    }
  }

  @Test(arguments: Topology.allCases, Precision.computable)
  func runningAndRefreshingAllocateNothing(_ topology: Topology, _ precision: Precision) throws {
    let pair = try Pair(topology.network().graph, batch: 1, precision: precision)
    try pair.fused.run()  // the first call of each kernel may set things up
    aver_count_allocations_begin()
    try pair.fused.refreshWeights()
    try pair.fused.run()
    #expect(aver_count_allocations_end() == 0)
  }

  /// Where something else reads a value, it has to be there: nothing is fused over it, and no sum is
  /// made in its place.
  @Test(arguments: [16, 32], [1, 3])
  func valuesThatOthersReadStay(_ channels: Int, _ kernel: Int) throws {
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [channels, 9, 9])
    func block(_ input: ValueID, _ name: String) throws -> ValueID {
      let value = try graph.convolution(
        input, name: name, channels: channels, kernel: kernel, padding: kernel / 2, bias: true)
      return try graph.batchNormalization(value, name: "\(name).norm")
    }
    let first = try block(images, "first")
    let second = try graph.residualAddition(first, block(first, "second"), name: "add1")
    // To an input of the plan, and to what a later operation and the caller read.
    let third = try graph.additionReLU(block(second, "third"), images, name: "add2")
    let fourth = try graph.residualAddition(third, block(third, "fourth"), name: "add3")
    let fifth = try graph.residualAddition(third, block(fourth, "fifth"), name: "add4")
    // To what the convolution itself reads, and nothing after it.
    let sixth = try graph.residualAddition(fifth, block(fifth, "sixth"), name: "add5")
    let twice = try block(sixth, "seventh")
    graph.output("double", try graph.residualAddition(twice, twice, name: "add6"))
    graph.output("third", third)
    graph.output("first", first)
    let pair = try Pair(graph, batch: 2)
    for _ in 0..<2 {
      try pair.run()
      for output in ["double", "third", "first"] {
        let comparison = try pair.compare(output, Self.tolerance)
        #expect(comparison.passes, "\(comparison)")
      }
    }
  }

  /// A sum is made where a value was of which a copy in another layout exists: that is none of the
  /// sum.
  @Test func copiesOfWhatWasOverwrittenAreNotReused() throws {
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [16, 6, 6])
    let first = try graph.convolution(images, name: "first", channels: 16, kernel: 1)
    let flat = try graph.flattening(first, name: "flat", order: .channelsFirst)
    let branch = try graph.convolution(images, name: "branch", channels: 16, kernel: 1)
    let sum = try graph.residualAddition(first, branch, name: "sum")
    let flatSum = try graph.flattening(sum, name: "flatSum", order: .channelsFirst)
    for (name, value) in [("first", flat), ("sum", flatSum)] {
      graph.output(name, try graph.linear(value, name: "\(name).fc", features: 4))
    }
    let pair = try Pair(graph, batch: 2)
    try pair.run()
    for output in ["first", "sum"] {
      let comparison = try pair.compare(output, Self.tolerance)
      #expect(comparison.passes, "\(comparison)")
    }
    #expect(!(try pair.fused.profile(repetitions: 1).map(\.operation).contains("addition")))
  }

  /// Every nonlinearity, after a convolution with a bias, one with an addend, and a linear layer.
  @Test(arguments: ActivationFunction.allCases)
  func everyFunctionIsFused(_ function: ActivationFunction) throws {
    var graph = Graph()
    let images = graph.input("images", .pixels, shape: [32, 6, 7])
    var value = try graph.convolution(
      images, name: "conv", channels: 32, kernel: 3, padding: 1, bias: true)
    value = graph.activation(value, name: "one", function)
    let branch = try graph.convolution(value, name: "branch", channels: 32, kernel: 1)
    value = try graph.residualAddition(value, branch, name: "add", dropProbability: 0.5)
    value = graph.activation(value, name: "two", function)
    value = try graph.globalAveragePooling(value, name: "pool")
    value = try graph.linear(value, name: "fc", features: 5)
    graph.output("result", graph.activation(value, name: "three", function))
    let pair = try Pair(graph, batch: 2)
    try pair.run()
    let comparison = try pair.compare("result", Self.tolerance)
    #expect(comparison.passes, "\(comparison)")
    let steps = try pair.fused.profile(repetitions: 1).map(\.operation)
    #expect(!steps.contains("elementwiseForward") && !steps.contains("addition"))
  }
}

extension ParameterStore {
  /// Draws weights, and normalisations that do something: statistics and parameters of any size.
  func scatter(seed: UInt64, only part: String? = nil) throws {
    if part == nil { try initialize(seed: seed) }
    var random = SeededGenerator(seed: seed)
    let tensors = try modelTensors().map { tensor in
      guard tensor.type == .f32, tensor.shape.count == 1,
        part.map({ tensor.name.contains($0) }) ?? true
      else { return tensor }
      // Scales and variances are positive.
      let low: Float = tensor.name.hasSuffix("bias") || tensor.name.hasSuffix("mean") ? -0.5 : 0.5
      return try Tensor(
        name: tensor.name, shape: tensor.shape,
        floats: tensor.floats().map { _ in Float.random(in: low...low + 1, using: &random) })
    }
    try loadModel(tensors, file: "scattered")
  }
}
