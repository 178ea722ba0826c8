import Foundation
import TestSupport
import Testing

@testable import Trainer

@Suite("Gradient clipping")
struct GradientClippingTests {
  /// What PyTorch computed; see `Goldens/generate.py`.
  private struct History: Decodable {
    var gradients: [[Float]]
    var norms: [Double]
    var clipped: [[Float]]
  }

  private static let tensors = [
    UpdateRange(elements: 0..<7, decays: true), UpdateRange(elements: 7..<11, decays: true),
    UpdateRange(elements: 11..<16, decays: false),
  ]

  @Test("norms and shortened gradients are those of clip_grad_norm_")
  func pytorch() throws {
    let history = try JSONDecoder().decode(History.self, from: try golden("clipping.json"))
    let clipping = GradientClipping(limit: 2, tensors: Self.tensors)
    for (index, gradients) in history.gradients.enumerated() {
      // As they come from a sum over four micro-batches.
      let factor = gradients.map { 4 * $0 }.withUnsafeBufferPointer {
        clipping.clipped(scale: 0.25, of: $0)
      }
      #expect(abs(clipping.norm / history.norms[index] - 1) < 1e-6)
      let comparison = Comparison(
        "clipped \(index)", gradients.map { $0 * Float(4 * factor) }, history.clipped[index],
        Tolerance(absolute: 1e-6, relative: 1e-6))
      #expect(comparison.passes, "\(comparison)")
    }
    #expect(history.norms.contains { $0 < 2 } && history.norms.contains { $0 > 2 })
  }

  @Test("what is not updated does not count")
  func frozen() {
    let tensors = Self.tensors.enumerated().map { index, tensor in
      UpdateRange(
        elements: tensor.elements, decays: tensor.decays, rateFactor: index == 0 ? 0.5 : nil)
    }
    let clipping = GradientClipping(limit: 2, tensors: tensors)
    let factor = ([Float](repeating: 1, count: 7) + [Float](repeating: 1000, count: 9))
      .withUnsafeBufferPointer { clipping.clipped(scale: 1, of: $0) }
    #expect(clipping.norm == Double(7).squareRoot())
    #expect(abs(factor * clipping.norm - 2) < 1e-5)
  }
}
