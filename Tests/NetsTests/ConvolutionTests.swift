import COneDNN
import CounterRandom
import TestSupport
import Testing

@testable import Nets

/// Convolutions in groups and with a bias against PyTorch, forward and backward, elementwise.
@Suite(.serialized) struct ConvolutionTests {
  @Test(arguments: Precision.computable)
  func groupsAndBiasMatchPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("convolution", in: Goldens("convolution"))
    #expect(cases.count >= 16)
    for golden in cases { try expectMatch(golden, OperationHarness(precision: precision)) }
  }

  @Test(arguments: Precision.computable, OperationHarness.InputLayout.allCases)
  func winogradConvolutionsMatchPyTorch(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    let cases = try GoldenOperation.all("convolution", in: Goldens("winograd"))
    #expect(cases.count >= 4)
    for golden in cases {
      try expectMatch(
        golden, OperationHarness(precision: precision, layout: layout), Self.winogradTolerances)
    }
  }

  /// In bfloat16, transformed inputs and weights are rounded once more, before sums in which terms
  /// cancel: the largest errors are larger than those of direct convolutions.
  private static let winogradTolerances: [Precision: Tolerance] = [
    .f32: Tolerance(absolute: 2e-6, relative: 1e-5),
    .bf16: Tolerance(absolute: 3e-2, relative: 2e-2),
  ]

  private func expectMatch(
    _ golden: GoldenOperation, _ harness: OperationHarness,
    _ tolerances: [Precision: Tolerance] = OperationTests.tolerances
  ) throws {
    let precision = harness.precision
    let input = try #require(try golden.tensor("input"))
    let weight = try #require(try golden.tensor("weight", as: "layer.weight"))
    let bias = try golden.tensor("bias", as: "layer.bias")
    let parameters = [weight] + (bias.map { [$0] } ?? [])
    func build(_ graph: inout Graph, _ inputs: [ValueID]) throws -> ValueID {
      try graph.convolution(
        inputs[0], name: "layer", channels: weight.shape[0], kernel: weight.shape[2],
        stride: golden.integer("stride"), padding: golden.integer("padding"),
        groups: golden.integer("groups"), bias: bias != nil)
    }
    let result = try harness.run(
      inputs: [input], parameters: parameters,
      outputGradient: golden.tensor("output_gradient")?.floats(), build: build)
    try golden.expectClose("output", result.output, precision, tolerances)
    try golden.expectClose("input_gradient", result.inputGradients[0], precision, tolerances)
    try golden.expectClose(
      "weight_gradient", result.parameterGradients["layer.weight"], precision, tolerances)
    try golden.expectClose("bias_gradient", result.parameterGradients["layer.bias"], precision)

    // The layouts of files differ from those of training: the weights must survive the way back.
    let stored = try result.parameters.modelTensors()
    #expect(stored.map(\.shape) == parameters.map(\.shape))
    #expect(stored.map { $0.floats() } == parameters.map { $0.floats() })

    let inferred = try harness.run(
      inputs: [input], parameters: parameters, outputGradient: nil, build: build)
    try golden.expectClose("output", inferred.output, precision, tolerances)
  }

  /// Sizes that the goldens are too small for: several blocks of tiles, and products that are cut by
  /// input channels. On two threads the library's direct convolutions are used.
  @Test(arguments: [[2, 32, 25, 22, 64], [1, 96, 24, 29, 32], [3, 64, 3, 3, 512]])
  func winogradAndDirectConvolutionsAgree(sizes: [Int]) throws {
    var random = CounterRandom(seed: 7, epoch: 0, index: 0, purpose: .weightInitialisation)
    func tensor(_ name: String, _ shape: [Int], _ scale: Float) throws -> Tensor {
      let floats = (0..<shape.reduce(1, *)).map { _ in scale * random.uniform(in: -1...1) }
      return try Tensor(name: name, shape: shape, floats: floats)
    }
    let (batch, channels, height, width, filters) = (
      sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]
    )
    let input = try tensor("", [batch, channels, height, width], 1)
    let weight = try tensor("layer.weight", [filters, channels, 3, 3], 0.1)
    let gradient = try tensor("", [batch, filters, height, width], 1).floats()
    func run(threads: Int) throws -> OperationHarness.Result {
      try OperationHarness(precision: .f32, layout: .channelBlocks, threads: threads).run(
        inputs: [input], parameters: [weight], outputGradient: gradient
      ) { try $0.convolution($1[0], name: "layer", channels: filters, kernel: 3, padding: 1) }
    }
    let (own, direct) = try (run(threads: 1), run(threads: 2))
    for (name, own, direct) in [
      ("output", own.output, direct.output),
      ("input", own.inputGradients[0], direct.inputGradients[0]),
      (
        "weight", try #require(own.parameterGradients["layer.weight"]),
        try #require(direct.parameterGradients["layer.weight"])
      ),
    ] {
      let comparison = Comparison(name, own, direct, Tolerance(absolute: 1e-5, relative: 1e-5))
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test(.enabled(if: Engine.allows(dnnl_cpu_isa_avx512_core), "needs a processor with AVX-512"))
  func winogradIsUsedWhereItFits() throws {
    func kernels(channels: Int, stride: Int, threads: Int) throws -> [String] {
      try Engine.configure(threads: threads)
      var graph = Graph()
      let input = graph.input("images", .pixels, shape: [channels, 8, 8])
      _ = try graph.convolution(
        input, name: "layer", channels: 64, kernel: 3, stride: stride, padding: 1)
      let builder = try PlanBuilder(
        graph: graph, batch: 2, precision: .f32, isTraining: false, device: KernelDevice())
      try builder.build()
      return builder.steps.map(\.label.implementation)
    }
    #expect(try kernels(channels: 32, stride: 1, threads: 1).contains("aver"))
    #expect(try !kernels(channels: 48, stride: 1, threads: 1).contains("aver"))
    #expect(try !kernels(channels: 32, stride: 2, threads: 1).contains("aver"))
    #expect(try !kernels(channels: 32, stride: 1, threads: 2).contains("aver"))
    try Engine.configure(threads: 1)
  }

  @Test func groupsThatDoNotDivideTheChannelsAreNamed() {
    #expect {
      var graph = Graph()
      let input = graph.input(shape: [6, 4, 4])
      _ = try graph.convolution(input, name: "odd", channels: 8, kernel: 1, groups: 3)
    } throws: { error in
      "\(error)".contains("odd") && "\(error)".contains("3 groups")
    }
  }
}
