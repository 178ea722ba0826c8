import CKernelThreads
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
  /// input channels.
  private static let largeSizes = [[2, 32, 25, 22, 64], [1, 96, 24, 29, 32], [3, 64, 3, 3, 512]]

  /// A convolution of these sizes with random numbers.
  private struct LargeConvolution {
    let input: Tensor
    let weight: Tensor
    let gradient: [Float]

    /// - Parameter sizes: samples, input channels, height, width, filters.
    init(_ sizes: [Int]) throws {
      var random = CounterRandom(seed: 7, epoch: 0, index: 0, purpose: .weightInitialisation)
      func floats(_ count: Int, _ scale: Float) -> [Float] {
        (0..<count).map { _ in scale * random.uniform(in: -1...1) }
      }
      let shape = Array(sizes.prefix(4))
      let weightShape = [sizes[4], sizes[1], 3, 3]
      input = try Tensor(name: "", shape: shape, floats: floats(shape.reduce(1, *), 1))
      weight = try Tensor(
        name: "layer.weight", shape: weightShape, floats: floats(weightShape.reduce(1, *), 0.1))
      gradient = floats(sizes[0] * sizes[4] * sizes[2] * sizes[3], 1)
    }

    var filters: Int { weight.shape[0] }

    /// Output, input's gradient and weight's gradient of some of the filters.
    func run(
      _ part: Range<Int>, precision: Precision,
      layout: OperationHarness.InputLayout = .channelBlocks, threads: Int = 1
    ) throws -> [String: [Float]] {
      let result = try OperationHarness(
        precision: precision, layout: layout, threads: threads
      ).run(
        inputs: [input],
        parameters: [
          try Tensor(
            name: weight.name, shape: [part.count] + weight.shape.dropFirst(),
            floats: Self.planes(part, of: weight.floats(), count: filters))
        ],
        outputGradient: Self.parts(part, of: gradient, samples: input.shape[0], count: filters)
      ) {
        try $0.convolution($1[0], name: "layer", channels: part.count, kernel: 3, padding: 1)
      }
      return [
        "output": result.output, "input": result.inputGradients[0],
        "weight": try #require(result.parameterGradients["layer.weight"]),
      ]
    }

    static func planes(_ part: Range<Int>, of values: [Float], count: Int) -> [Float] {
      let size = values.count / count
      return Array(values[part.lowerBound * size..<part.upperBound * size])
    }

    /// The same of each sample.
    static func parts(
      _ part: Range<Int>, of values: [Float], samples: Int, count: Int
    ) -> [Float] {
      let size = values.count / samples
      return (0..<samples).flatMap {
        planes(part, of: Array(values[$0 * size..<($0 + 1) * size]), count: count)
      }
    }
  }

  /// The library computes the same filters directly where their number is no multiple of 32.
  @Test(
    arguments: largeSizes,
    Precision.computable.flatMap { precision in
      [OperationHarness.InputLayout.channelBlocks, .channelsLast].map { (precision, $0) }
    })
  func winogradAndDirectConvolutionsAgree(
    sizes: [Int], _ formats: (precision: Precision, layout: OperationHarness.InputLayout)
  ) throws {
    let convolution = try LargeConvolution(sizes)
    let filters = convolution.filters
    // In bfloat16 each of the two has its own roundings.
    let tolerance =
      formats.precision == .f32
      ? Tolerance(absolute: 1e-5, relative: 1e-5) : Tolerance(absolute: 5e-2, relative: 2e-2)
    let own = try convolution.run(
      0..<filters, precision: formats.precision, layout: formats.layout)
    let parts = [0..<filters - 16, filters - 16..<filters]
    let direct = try parts.map {
      try convolution.run($0, precision: formats.precision, layout: formats.layout)
    }
    for (part, direct) in zip(parts, direct) {
      for (name, values) in [
        (
          "output",
          LargeConvolution.parts(
            part, of: try #require(own["output"]), samples: sizes[0], count: filters)
        ),
        (
          "weight",
          LargeConvolution.planes(part, of: try #require(own["weight"]), count: filters)
        ),
      ] {
        let comparison = Comparison(name, values, try #require(direct[name]), tolerance)
        #expect(comparison.passes, "\(comparison)")
      }
    }
    let sum = zip(try #require(direct[0]["input"]), try #require(direct[1]["input"])).map(+)
    let comparison = Comparison("input", try #require(own["input"]), sum, tolerance)
    #expect(comparison.passes, "\(comparison)")
  }

  /// Those in which kernels of ours compute large convolutions: with AMX, oneDNN's do in bfloat16, and
  /// their bits depend on the threads.
  static let winogradPrecisions = Precision.computable.filter {
    $0 == .f32 || !Engine.allows(dnnl_cpu_isa_avx512_core_amx)
  }

  /// More threads than there are blocks or panels included.
  @Test(arguments: largeSizes, winogradPrecisions)
  func winogradGivesTheSameForAnyNumberOfThreads(sizes: [Int], precision: Precision) throws {
    defer { _ = aver_set_kernel_threads(1) }
    let convolution = try LargeConvolution(sizes)
    let one = try convolution.run(0..<convolution.filters, precision: precision)
    for threads in [2, 3, 5] {
      let several = try convolution.run(
        0..<convolution.filters, precision: precision, threads: threads)
      #expect(several == one, "\(threads) threads")
    }
  }

  @Test(.enabled(if: Engine.allows(dnnl_cpu_isa_avx512_core), "needs a processor with AVX-512"))
  func winogradIsUsedWhereItFits() throws {
    func kernels(channels: Int, stride: Int) throws -> [String] {
      try Engine.configure(threads: 1)
      var graph = Graph()
      let input = graph.input("images", .pixels, shape: [channels, 8, 8])
      _ = try graph.convolution(
        input, name: "layer", channels: 64, kernel: 3, stride: stride, padding: 1)
      let builder = try PlanBuilder(
        graph: graph, batch: 2, precision: .f32, isTraining: false, device: KernelDevice())
      try builder.build()
      return builder.steps.map(\.label.implementation)
    }
    #expect(try kernels(channels: 32, stride: 1).contains("aver"))
    #expect(try !kernels(channels: 48, stride: 1).contains("aver"))
    #expect(try !kernels(channels: 32, stride: 2).contains("aver"))
  }

  @Test(
    .enabled(if: Engine.allows(dnnl_cpu_isa_avx512_core), "needs a processor with AVX-512"),
    arguments: Precision.allCases)
  func trainingUsesAllPassesOfWinograd(_ precision: Precision) throws {
    // With matrix units, bfloat16 has no use for it; without instructions, no way.
    guard
      precision == .f32
        || Engine.allows(dnnl_cpu_isa_avx512_core_bf16)
          && !Engine.allows(dnnl_cpu_isa_avx512_core_amx)
    else { return }
    try Engine.configure(threads: 1)
    var network = try ResNet(block: .basic, depths: [1], widths: [32]).network(
      classes: 5, imageSize: 32)
    try network.addClassificationLoss()
    let plan = try TrainingPlan(
      graph: network.graph, microBatch: 2, precision: precision, gradientSlots: 1)
    let operations = try plan.profile(slot: 0, repetitions: 1).map(\.operation)
    for pass in ["winogradForward", "winogradBackwardData", "winogradBackwardWeights"] {
      #expect(operations.count { $0 == pass } == 2, "\(pass)")
    }
    #expect(operations.count { $0.hasPrefix("convolution") } == 2)  // the first layer
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
