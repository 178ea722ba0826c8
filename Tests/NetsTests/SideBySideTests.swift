import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Nets

/// Plans that are made on several threads at once.
@Suite(.serialized) struct SideBySideTests {
  /// A convolution of 3 × 3, with integers small enough that either precision holds them.
  private struct SmallConvolution {
    /// Of the input and of the result.
    let channels: (input: Int, result: Int)
    let size: Int

    /// Another one for every index: oneDNN makes a kernel of known shapes only once.
    init(_ index: Int) {
      channels = (17 + index % 47, 16 + index / 47 % 31)
      size = 5 + index / (47 * 31)
    }

    private func input(_ channel: Int, _ row: Int, _ column: Int) -> Float {
      guard 0..<size ~= row, 0..<size ~= column else { return 0 }
      return Float((channel * 31 + row * 17 + column * 7) % 5 - 2)
    }

    private func weight(_ result: Int, _ channel: Int, _ row: Int, _ column: Int) -> Float {
      Float((result * 13 + channel * 29 + row * 5 + column * 3) % 3 - 1)
    }

    /// What a plan of it computes.
    func computed(_ precision: Precision) throws -> [Float] {
      let inputs = (0..<channels.input).flatMap { channel in
        (0..<size).flatMap { row in (0..<size).map { input(channel, row, $0) } }
      }
      let weights = (0..<channels.result).flatMap { result in
        (0..<channels.input).flatMap { channel in
          (0..<9).map { weight(result, channel, $0 / 3, $0 % 3) }
        }
      }
      return try OperationHarness(precision: precision).run(
        inputs: [Tensor(name: "", shape: [1, channels.input, size, size], floats: inputs)],
        parameters: [
          Tensor(
            name: "layer.weight", shape: [channels.result, channels.input, 3, 3], floats: weights)
        ], outputGradient: nil
      ) { graph, inputs in
        try graph.convolution(
          inputs[0], name: "layer", channels: channels.result, kernel: 3, stride: 1, padding: 1)
      }.output
    }

    /// The sums by their definition.
    var defined: [Float] {
      (0..<channels.result).flatMap { result in
        (0..<size * size).map { place in
          var sum: Float = 0
          for channel in 0..<channels.input {
            for tap in 0..<9 {
              sum +=
                weight(result, channel, tap / 3, tap % 3)
                * input(channel, place / size + tap / 3 - 1, place % size + tap % 3 - 1)
            }
          }
          return sum
        }
      }
    }
  }

  @Test(.needsBFloat16) func plansMadeSideBySideComputeWhatTheyAreFor() {
    let wrong = Mutex<[String]>([])
    let threads = 8
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for turn in 0..<60 {
        let index = turn * threads + thread
        let precision: Precision = thread.isMultiple(of: 2) ? .f32 : .bf16
        let convolution = SmallConvolution(index)
        do {
          let comparison = Comparison(
            "convolution \(index) in \(precision)", try convolution.computed(precision),
            convolution.defined, Tolerance(absolute: 0, relative: precision == .f32 ? 0 : 1 / 128))
          if !comparison.passes { wrong.withLock { $0.append("\(comparison)") } }
        } catch {
          wrong.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(wrong.withLock { $0 } == [])
  }
}
