import CKernelThreads
import CounterRandom
import TestSupport
import Testing

@testable import Nets

/// Operations whose kernels are ours: the same bits for any number of threads, from their steps'
/// arguments to what they write.
@Suite struct SharedOperationTests {
  static let layouts = [
    OperationHarness.InputLayout.channelsLast, OperationHarness.InputLayout.channelBlocks,
  ]

  private func tensor(_ name: String = "", _ shape: [Int]) throws -> Tensor {
    var random = CounterRandom(
      seed: 7, epoch: 0, index: shape.count, purpose: .weightInitialisation)
    return try Tensor(
      name: name, shape: shape,
      floats: (0..<shape.reduce(1, *)).map { _ in random.uniform(in: -1...1) })
  }

  /// What a run with each number of threads computes, as bits of one list.
  private func expectSameBits(
    _ precision: Precision, _ layout: OperationHarness.InputLayout,
    _ run: (OperationHarness) throws -> OperationHarness.Result
  ) throws {
    defer { _ = aver_set_kernel_threads(1) }
    let outcomes = try (1...3).map { threads in
      let result = try run(
        OperationHarness(precision: precision, layout: layout, threads: threads))
      let parameters = result.parameterGradients.sorted { $0.key < $1.key }.map(\.value)
      return ([result.output] + result.inputGradients + parameters + [result.batchStatistics])
        .map { $0.map(\.bitPattern) }
    }
    for threads in 2...3 {
      let isSame = outcomes[threads - 1] == outcomes[0]
      #expect(isSame, "\(precision) \(layout) with \(threads) threads")
    }
  }

  @Test(arguments: Precision.computable, layouts)
  func concatenatedNormalization(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    let channels = [24, 5, 40]
    let inputs = try channels.map { try tensor("", [3, $0, 15, 16]) }
    try expectSameBits(precision, layout) {
      try $0.run(
        inputs: inputs,
        parameters: [tensor("layer.weight", [69]), tensor("layer.bias", [69])],
        outputGradient: tensor("", [3, 69, 15, 16]).floats()
      ) { try $0.batchNormalization(concatenating: $1, name: "layer", activation: .silu) }
    }
  }

  @Test(arguments: Precision.computable, layouts)
  func depthwiseConvolution(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    let shape = [3, 40, 18, 19]
    try expectSameBits(precision, layout) {
      var result = try $0.run(
        inputs: [tensor("", shape)], parameters: [tensor("layer.weight", [40, 1, 5, 5])],
        outputGradient: tensor("", shape).floats()
      ) {
        try $0.convolution(
          $1[0], name: "layer", channels: 40, kernel: 5, padding: 2, groups: 40)
      }
      // The rest is the library's.
      (result.output, result.inputGradients) = ([], [])
      return result
    }
  }

  @Test(arguments: Precision.computable, layouts)
  func channelMultiplication(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    let shape = [3, 40, 18, 19]
    try expectSameBits(precision, layout) {
      try $0.run(
        inputs: [tensor("", shape), tensor("", [3, 40])],
        outputGradient: tensor("", shape).floats()
      ) { try $0.channelMultiplication($1[0], by: $1[1], name: "layer") }
    }
  }

  @Test(arguments: Precision.computable, layouts)
  func residualAdditionWithStochasticDepthAndDropout(
    _ precision: Precision, _ layout: OperationHarness.InputLayout
  ) throws {
    let shape = [5, 40, 18, 19]
    try expectSameBits(precision, layout) {
      try $0.run(
        inputs: [tensor("", shape), tensor("", shape)],
        outputGradient: tensor("", shape).floats(),
        draw: MicroBatchDraw(seed: 1, step: 2, microBatch: 3)
      ) {
        let sum = try $0.residualAddition($1[0], $1[1], name: "sum", dropProbability: 0.4)
        return try $0.dropout(sum, name: "dropout", probability: 0.2)
      }
    }
  }
}
