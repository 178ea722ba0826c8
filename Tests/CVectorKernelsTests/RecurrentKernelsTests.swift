import CVectorKernels
import Foundation
import TestSupport
import Testing

@Suite struct RecurrentKernelsTests {
  static var variants: [aver_recurrent_kernels] {
    [aver_instruction_set_baseline, aver_instruction_set_avx2, aver_instruction_set_avx512f]
      .compactMap { aver_recurrent_kernels_for($0)?.pointee }
  }

  private typealias Run =
    (aver_recurrent_kernels, [UnsafeMutablePointer<Float>], Int) -> Void

  /// What each variant leaves behind in copies of the same eight vectors of 4 · `hidden`.
  private func outcomes(_ vectors: [[Float]], hidden: Int, _ run: Run) -> [[UInt32]] {
    Self.variants.map { kernels in
      var flat = [Float(0)] + vectors.joined()
      flat.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        run(kernels, vectors.indices.map { base + 1 + $0 * 4 * hidden }, hidden)
      }
      return flat.map { $0.isNaN ? 0x7fc0_0000 : $0.bitPattern }
    }
  }

  @Test func everyInstructionSetGivesTheSameBits() throws {
    try #require(Self.variants.count > 1, "this processor has one variant only: nothing to compare")
    let seed = propertySeed("everyInstructionSetGivesTheSameBits")
    var generator = SeededGenerator(seed: seed)
    let kernels: [(String, Run)] = [
      ("gru forward", { $0.gru_forward($1[0], $1[1], $1[2], $2) }),
      ("gru backward", { $0.gru_backward($1[0], $1[1], $1[2], $1[3], $1[4], $1[5], $2) }),
      ("lstm forward", { $0.lstm_forward($1[0], $1[1], $1[2], $1[3], $2) }),
      ("lstm backward", { $0.lstm_backward($1[0], $1[1], $1[2], $1[3], $1[4], $2) }),
    ]
    for hidden in Array(0...35) + [200] {
      let vectors = (0..<6).map { _ in
        generator.floats(count: 4 * hidden, withNonFinite: true)
      }
      for (name, run) in kernels {
        let outcomes = outcomes(vectors, hidden: hidden, run)
        #expect(Set(outcomes).count == 1, "\(name), hidden \(hidden), seed \(seed)")
      }
    }
  }

  /// An LSTM's step leaves logistic(x) in its output gate and tanh(x) in g.
  private func activations(_ x: [Float]) -> (logistic: [Float], tanh: [Float]) {
    let count = x.count
    let zeros = [Float](repeating: 0, count: count)
    var gates = zeros + zeros + x + x
    var (cell, state) = (zeros, zeros)
    aver_lstm_forward_f32(&gates, zeros + zeros + zeros + zeros, &cell, &state, count)
    return (Array(gates[(3 * count)...]), Array(gates[(2 * count)..<(3 * count)]))
  }

  @Test func logisticAndTangentAreWithinTheirStatedErrors() {
    var x: [Float] = []
    for index in -200_000...200_000 {
      x += [Float(index) / 10_000, Float(index) / 2500, Float(index) / 200_000]
    }
    let results = activations(x)
    var worst = (logistic: 0.0, tanh: 0.0)
    for (index, value) in x.enumerated() {
      let exact = (logistic: 1 / (1 + exp(-Double(value))), tanh: tanh(Double(value)))
      worst.tanh = max(worst.tanh, unitsOff(results.tanh[index], exact.tanh))
      if exact.logistic > 1e-37 {
        worst.logistic = max(worst.logistic, unitsOff(results.logistic[index], exact.logistic))
      }
    }
    #expect(worst.logistic <= 3)
    #expect(worst.tanh <= 2)
  }

  private func unitsOff(_ actual: Float, _ exact: Double) -> Double {
    abs(Double(actual) - exact) / Double(Float(exact).ulp)
  }

  @Test func activationsAreSaneAtTheEnds() {
    let results = activations([-.infinity, -1000, -0.0, 0, 1000, .infinity, .nan])
    #expect(Array(results.tanh.prefix(6)) == [-1, -1, 0, 0, 1, 1])
    #expect(results.tanh[6].isNaN)
    #expect(results.logistic[0] >= 0 && results.logistic[0] < 1e-37)
    #expect(Array(results.logistic[2..<6]) == [0.5, 0.5, 1, 1])
    #expect(results.logistic[6].isNaN)
  }
}
