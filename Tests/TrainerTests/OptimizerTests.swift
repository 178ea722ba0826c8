import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("Optimizers")
struct OptimizerTests {
  /// What PyTorch computed; see `Goldens/generate.py`.
  private struct History: Decodable {
    var start: [Float]
    var gradients: [[Float]]
    var weights: [[Float]]
    var rates: [Double]
  }

  private static let ranges = [
    UpdateRange(elements: 0..<7, decays: true), UpdateRange(elements: 7..<12, decays: false),
  ]

  private func history(_ name: String) throws -> History {
    let all = try JSONDecoder().decode([String: History].self, from: try golden("optimizers.json"))
    return try #require(all[name])
  }

  /// Follows a golden history; gradients are given `scale` times too large.
  private func expectSame(_ name: String, _ optimizer: any Optimizer, scale: Float = 4) throws {
    let history = try history(name)
    var weights = history.start
    for step in history.gradients.indices {
      let gradients = history.gradients[step].map { $0 * scale }
      weights.withUnsafeMutableBufferPointer { weights in
        gradients.withUnsafeBufferPointer { gradients in
          optimizer.update(
            weights, gradients: gradients, gradientScale: 1 / Double(scale),
            learningRate: history.rates[step], step: step + 1)
        }
      }
      let comparison = Comparison(
        "\(name) step \(step)", weights, history.weights[step],
        Tolerance(absolute: 1e-6, relative: 1e-6))
      #expect(comparison.passes, "\(comparison)")
    }
  }

  @Test("SGD follows PyTorch with Nesterov's, plain and no momentum")
  func sgd() throws {
    func sgd(_ momentum: Double, _ nesterov: Bool) -> some Optimizer {
      RuledOptimizer(
        SGD(momentum: momentum, nesterov: nesterov, weightDecay: 0.05), count: 12,
        tensors: Self.ranges)
    }
    try expectSame("sgd-nesterov", sgd(0.9, true))
    try expectSame("sgd-momentum", sgd(0.9, false))
    try expectSame("sgd-plain", sgd(0, false))
  }

  @Test("AdamW follows PyTorch")
  func adamw() throws {
    try expectSame(
      "adamw",
      RuledOptimizer(
        AdamW(moments: Self.moments, weightDecay: 0.05), count: 12, tensors: Self.ranges))
  }

  private static let moments = AdamMoments(beta1: 0.8, beta2: 0.95, epsilon: 1e-6)

  /// Two weight matrices, the second of which begins at zero, and a bias.
  private static let tensors = [
    UpdateRange(elements: 0..<7, decays: true), UpdateRange(elements: 7..<11, decays: true),
    UpdateRange(elements: 11..<16, decays: false),
  ]

  @Test("LARS follows its paper's formulas in PyTorch")
  func lars() throws {
    try expectSame(
      "lars",
      RuledOptimizer(
        LARS(momentum: 0.9, weightDecay: 0.05, trustCoefficient: 0.02), count: 16,
        tensors: Self.tensors))
  }

  @Test("LAMB follows its paper's formulas in PyTorch")
  func lamb() throws {
    try expectSame(
      "lamb",
      RuledOptimizer(
        LAMB(moments: Self.moments, weightDecay: 0.05), count: 16, tensors: Self.tensors))
  }

  @Test("an optimizer that loses its state gives other weights")
  func stateMatters() throws {
    let history = try history("sgd-nesterov")
    var weights = history.start
    for step in 0..<2 {
      let fresh = RuledOptimizer(
        SGD(momentum: 0.9, nesterov: true, weightDecay: 0.05), count: 12, tensors: Self.ranges)
      weights.withUnsafeMutableBufferPointer { weights in
        history.gradients[step].withUnsafeBufferPointer { gradients in
          fresh.update(
            weights, gradients: gradients, gradientScale: 1, learningRate: history.rates[step],
            step: step + 1)
        }
      }
    }
    #expect(
      !Comparison("", weights, history.weights[1], Tolerance(absolute: 1e-3, relative: 1e-3)).passes
    )
  }

  @Test("neighbours of one rule become one range, with the padding between them")
  func ranges() {
    let merged = UpdateRange.merging([
      UpdateRange(elements: 16..<20, decays: true), UpdateRange(elements: 0..<10, decays: true),
      UpdateRange(elements: 32..<40, decays: false), UpdateRange(elements: 48..<50, decays: true),
    ])
    #expect(
      merged == [
        UpdateRange(elements: 0..<20, decays: true), UpdateRange(elements: 32..<40, decays: false),
        UpdateRange(elements: 48..<50, decays: true),
      ])
  }
}
