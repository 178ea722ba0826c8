import CounterRandom
import TestSupport
import Testing

@testable import Nets

/// Dropout and stochastic depth: which elements are dropped, what becomes of the others, and that a
/// gradient goes the way of its element.
@Suite(.serialized) struct RandomOperationTests {
  static let draw = MicroBatchDraw(seed: 12, step: 3, microBatch: 5)
  static let probability: Float = 0.25

  private func values(_ shape: [Int]) throws -> Tensor {
    // Multiples of 1/8 below 8: bfloat16 holds them exactly.
    try Tensor(
      name: "", shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0 * 37 % 63 + 1) / 8 })
  }

  // MARK: - Dropout

  private func dropout(
    _ input: Tensor, _ precision: Precision = .f32, draw: MicroBatchDraw = draw,
    layersBefore: Int = 0, probability: Float = probability, training: Bool = true
  ) throws -> OperationHarness.Result {
    try OperationHarness(precision: precision).run(
      inputs: [input], outputGradient: training ? input.floats() : nil, draw: draw
    ) { graph, inputs in
      for _ in 0..<layersBefore { _ = graph.randomLayer() }
      return try graph.dropout(inputs[0], name: "layer", probability: probability)
    }
  }

  @Test(arguments: Precision.computable, [[3, 37], [2, 5, 3, 4]])
  func dropoutKeepsWhatCounterRandomSaysForwardAndBackward(
    _ precision: Precision, shape: [Int]
  ) throws {
    let input = try values(shape)
    let result = try dropout(input, precision, layersBefore: 2)
    var random = CounterRandom(seed: 12, epoch: 3, index: 2 << 32 | 5, purpose: .dropout)
    let expected = input.floats().map {
      random.uniform() >= Self.probability ? $0 * (1 / (1 - Self.probability)) : 0
    }
    #expect(expected.contains(0) && expected.contains { $0 != 0 })
    let tolerance = Tolerance(absolute: 0, relative: precision == .f32 ? 0 : 1.0 / 256)
    for actual in [result.output, result.inputGradients[0]] {
      let comparison = Comparison("dropout", actual, expected, tolerance)
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test func masksDependOnSeedStepMicroBatchAndLayerOnly() throws {
    let input = try values([4, 50])
    let first = try dropout(input).output
    #expect(try dropout(input).output == first)
    let others = [
      try dropout(input, draw: MicroBatchDraw(seed: 13, step: 3, microBatch: 5)),
      try dropout(input, draw: MicroBatchDraw(seed: 12, step: 4, microBatch: 5)),
      try dropout(input, draw: MicroBatchDraw(seed: 12, step: 3, microBatch: 6)),
      try dropout(input, layersBefore: 1),
    ].map(\.output)
    #expect(Set(others + [first]).count == 5)
  }

  @Test func theShareOfDroppedElementsIsTheProbability() throws {
    let count = 40_000
    let output = try dropout(values([8, count / 8]), probability: 0.2).output
    let dropped = Double(output.count { $0 == 0 }) / Double(count)
    // Five standard errors of a share of 40 000.
    #expect(abs(dropped - 0.2) < 5 * 0.4 / 200)
  }

  @Test func inferenceAndProbabilityZeroDropNothing() throws {
    let input = try values([3, 21])
    #expect(try dropout(input, training: false).output == input.floats())
    let result = try dropout(input, probability: 0)
    #expect(result.output == input.floats())
    #expect(result.inputGradients[0] == input.floats())
  }

  @Test(arguments: [-0.1, 1, Float.nan])
  func impossibleProbabilitiesNameTheLayer(_ probability: Float) throws {
    #expect {
      _ = try dropout(values([1, 2]), probability: probability)
    } throws: { "\($0)".contains("layer layer") }
  }

  // MARK: - Residual addition

  private func addition(
    _ skip: Tensor, _ branch: Tensor, _ precision: Precision, gradient: [Float]?,
    dropProbability: Float
  ) throws -> OperationHarness.Result {
    try OperationHarness(precision: precision).run(
      inputs: [skip, branch], outputGradient: gradient, draw: Self.draw
    ) {
      try $0.residualAddition(
        $1[0], $1[1], name: "layer", dropProbability: dropProbability)
    }
  }

  @Test(arguments: Precision.computable)
  func residualAdditionMatchesPyTorch(_ precision: Precision) throws {
    let cases = try GoldenOperation.all("residual-addition", in: Goldens("elementwise"))
    #expect(cases.count >= 2)
    for golden in cases {
      let skip = try #require(try golden.tensor("skip"))
      let branch = try #require(try golden.tensor("branch"))
      let gradient = try golden.tensor("output_gradient")?.floats()
      let result = try addition(
        skip, branch, precision, gradient: gradient, dropProbability: 0)
      try golden.expectClose("output", result.output, precision)
      try golden.expectClose("skip_gradient", result.inputGradients[0], precision)
      try golden.expectClose("branch_gradient", result.inputGradients[1], precision)
      // Stochastic depth is of training only.
      let inferred = try addition(
        skip, branch, precision, gradient: nil, dropProbability: 0.5)
      try golden.expectClose("output", inferred.output, precision)
    }
  }

  @Test(arguments: Precision.computable)
  func stochasticDepthDropsBranchesOfWholeSamples(_ precision: Precision) throws {
    let (skip, branch) = (try values([9, 5, 3, 2]), try values([9, 5, 3, 2]))
    let perSample = 5 * 3 * 2
    var random = CounterRandom(seed: 12, epoch: 3, index: 5, purpose: .stochasticDepth)
    let factors = (0..<9).map { _ in random.uniform() >= 0.5 ? Float(2) : 0 }
    #expect(Set(factors).count == 2)
    let result = try addition(
      skip, branch, precision, gradient: skip.floats(), dropProbability: 0.5)
    let scaled = branch.floats().enumerated().map { $1 * factors[$0 / perSample] }
    // All of these are exact in bfloat16 too, but for sums, which are rounded.
    let tolerance = Tolerance(absolute: 0, relative: precision == .f32 ? 0 : 1.0 / 256)
    let comparison = Comparison(
      "sum", result.output, zip(skip.floats(), scaled).map { $0 + $1 }, tolerance)
    #expect(comparison.passes, "\(comparison)")
    #expect(result.inputGradients[0] == skip.floats())
    #expect(result.inputGradients[1] == scaled)
  }
}
