import TestSupport
import Testing

@testable import Nets

/// GRU and LSTM against PyTorch's, with packed sequences where lengths differ.
@Suite(.serialized) struct RecurrentTests {
  /// bfloat16: gradients of weights are sums over frames of products of gates' gradients, each
  /// rounded, and those come from states that were rounded in every frame before.
  static let tolerances: [Precision: Tolerance] = [
    .f32: Tolerance(absolute: 2e-6, relative: 1e-5),
    .bf16: Tolerance(absolute: 4e-2, relative: 2e-2),
  ]

  let goldens: Goldens

  init() throws { goldens = try Goldens("recurrent") }

  private func path(_ golden: GoldenOperation) -> String {
    "\(golden.operation)/\(golden.name)"
  }

  private func run(
    _ golden: GoldenOperation, _ precision: Precision, lengths: [Int32]? = nil,
    input: Tensor? = nil,
    outputGradient: [Float]? = nil, isTraining: Bool = true
  ) throws -> OperationHarness.Result {
    let description = RecurrentDescription(
      cell: try #require(RecurrentCell(rawValue: golden.operation)),
      hidden: try golden.integer("hidden"), layers: try golden.integer("layers"),
      isBidirectional: try golden.integer("bidirectional") == 1)
    let stored = try golden.tensor("lengths")?.integers().map(Int32.init)
    let gradient = try outputGradient ?? golden.floats("output_gradient")
    return try OperationHarness(precision: precision).run(
      inputs: [try input ?? golden.required("input")], lengths: lengths ?? stored,
      parameters: goldens.tensors(under: "\(path(golden))/parameters").map {
        var tensor = $0
        tensor.name = "layer.\($0.name)"
        return tensor
      },
      outputGradient: isTraining ? gradient : nil
    ) { graph, values in
      try graph.recurrent(
        values[0], lengths: values.dropFirst().first, name: "layer", description)
    }
  }

  @Test(arguments: Precision.computable, RecurrentCell.allCases)
  func matchesPyTorch(_ precision: Precision, _ cell: RecurrentCell) throws {
    let cases = try GoldenOperation.all(cell.rawValue, in: goldens)
    #expect(cases.count == 9)
    for golden in cases {
      let result = try run(golden, precision)
      try golden.expectClose("output", result.output, precision, Self.tolerances)
      try golden.expectClose("input_gradient", result.inputGradients[0], precision, Self.tolerances)
      let expected = try goldens.tensors(under: "\(path(golden))/parameter_gradients")
      #expect(expected.count == result.parameterGradients.count)
      for gradient in expected {
        try golden.expectClose(
          "parameter_gradients/\(gradient.name)",
          result.parameterGradients["layer.\(gradient.name)"], precision, Self.tolerances)
      }
    }
  }

  @Test(arguments: Precision.computable, RecurrentCell.allCases)
  func inferenceGivesTheBitsOfTraining(_ precision: Precision, _ cell: RecurrentCell) throws {
    for golden in try GoldenOperation.all(cell.rawValue, in: goldens) {
      let training = try run(golden, precision)
      let inference = try run(golden, precision, isTraining: false)
      #expect(bits(inference.output) == bits(training.output), "\(path(golden))")
    }
  }

  @Test(arguments: Precision.computable, RecurrentCell.allCases)
  func fullLengthsGiveTheBitsOfNoLengths(_ precision: Precision, _ cell: RecurrentCell) throws {
    let cases = try GoldenOperation.all(cell.rawValue, in: goldens)
      .filter { try $0.tensor("lengths") == nil }
    #expect(cases.count == 4)
    for golden in cases {
      let shape = try golden.required("input").shape
      let full = Array(repeating: Int32(shape[1]), count: shape[0])
      expectSameBits(try run(golden, precision, lengths: full), try run(golden, precision))
    }
  }

  /// Numbers that no product with a zero makes harmless, in the input and in the gradient.
  @Test(arguments: Precision.computable, RecurrentCell.allCases)
  func whatPadsASequenceDoesNotMatter(_ precision: Precision, _ cell: RecurrentCell) throws {
    let cases = try GoldenOperation.all(cell.rawValue, in: goldens)
      .filter { try $0.tensor("lengths") != nil }
    #expect(cases.count == 5)
    for golden in cases {
      let input = try golden.required("input")
      let lengths = try golden.required("lengths").integers()
      let width = try golden.floats("output").count / (input.shape[0] * input.shape[1])
      let other = try Tensor(
        name: "", shape: input.shape,
        floats: padded(input.floats(), lengths, features: input.shape[2]))
      let result = try run(
        golden, precision, input: other,
        outputGradient: padded(golden.floats("output_gradient"), lengths, features: width))
      expectSameBits(result, try run(golden, precision))
      #expect(result.output.allSatisfy { $0.isFinite })
    }
  }

  /// Replaces what lies behind the sequences' ends.
  private func padded(_ values: [Float], _ lengths: [Int], features: Int) -> [Float] {
    let frames = values.count / (lengths.count * features)
    return values.indices.map { index in
      let frame = index / features % frames
      guard frame >= lengths[index / (features * frames)] else { return values[index] }
      return index % 2 == 0 ? .nan : .infinity
    }
  }

  @Test(arguments: Precision.computable, RecurrentCell.allCases)
  func aSequenceWithoutFramesLearnsNothing(_ precision: Precision, _ cell: RecurrentCell) throws {
    let golden = try #require(
      try GoldenOperation.all(cell.rawValue, in: goldens).first {
        $0.name == "plain"
      })
    let result = try run(golden, precision, lengths: [0, -3, 0])
    #expect(result.output.allSatisfy { $0 == 0 })
    #expect(result.inputGradients[0].allSatisfy { $0 == 0 })
    #expect(result.parameterGradients.values.joined().allSatisfy { $0 == 0 })
  }

  @Test func dropoutStandsBetweenLayersOnly() throws {
    for (probability, expected) in [
      (Float(0), []), (0.5, ["rnn.l1.dropout", "rnn.l2.dropout"]),
    ] {
      var graph = Graph()
      let input = graph.input("input", .floats, shape: [5, 3])
      let result = try graph.recurrent(
        input, name: "rnn",
        RecurrentDescription(
          cell: .gru, hidden: 4, layers: 3, isBidirectional: true, dropout: probability))
      #expect(graph.operations.filter { $0 is Dropout }.map(\.name) == expected)
      #expect(graph.shape(of: result) == [5, 8])
    }
  }

  @Test func parametersArePyTorchsAndStartAsThere() throws {
    var graph = Graph()
    let input = graph.input(shape: [5, 3])
    _ = try graph.recurrent(
      input, name: "rnn",
      RecurrentDescription(cell: .lstm, hidden: 4, layers: 2, isBidirectional: true))
    let shapes = ["weight_ih": [16, 3], "weight_hh": [16, 4], "bias_ih": [16], "bias_hh": [16]]
    #expect(graph.parameters.count == 16)
    for suffix in ["l0", "l0_reverse", "l1", "l1_reverse"] {
      for (kind, shape) in shapes {
        let parameter = try #require(
          graph.parameters.first { $0.name == "rnn.\(kind)_\(suffix)" })
        let isSecondInput = kind == "weight_ih" && suffix.hasPrefix("l1")
        #expect(parameter.shape == (isSecondInput ? [16, 8] : shape))
        #expect(parameter.initialization == .uniform(bound: 0.5))
        #expect(parameter.decays == kind.hasPrefix("weight"))
      }
    }
  }

  @Test func shapesThatDoNotFitAreNamed() throws {
    var graph = Graph()
    let image = graph.input(shape: [3, 4, 5])
    let sequence = graph.input(shape: [4, 5])
    #expect {
      _ = try graph.recurrent(
        image, name: "rnn", RecurrentDescription(cell: .gru, hidden: 4))
    } throws: {
      "\($0)".contains("rnn") && "\($0)".contains("[frames, features]")
    }
    #expect {
      _ = try graph.recurrent(
        sequence, name: "rnn", RecurrentDescription(cell: .gru, hidden: 0))
    } throws: {
      "\($0)".contains("at least one unit")
    }
  }

  private func expectSameBits(
    _ left: OperationHarness.Result, _ right: OperationHarness.Result,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let output = (bits(left.output), bits(right.output))
    #expect(output.0 == output.1, sourceLocation: sourceLocation)
    let input = (bits(left.inputGradients[0]), bits(right.inputGradients[0]))
    #expect(input.0 == input.1, sourceLocation: sourceLocation)
    #expect(left.parameterGradients.count == right.parameterGradients.count)
    for (name, gradient) in left.parameterGradients {
      let other = right.parameterGradients[name].map(bits)
      #expect(bits(gradient) == other, "\(name)", sourceLocation: sourceLocation)
    }
  }

  private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }
}
