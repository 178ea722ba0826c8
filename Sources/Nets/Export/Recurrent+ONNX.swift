extension RecurrentLayer {
  /// ONNX's operators take time first, and gates in an order of their own.
  func export(to builder: ONNXBuilder) throws {
    let input = builder.name(of: input)
    let mask = lengths.map { builder.mask(by: $0, of: input) }
    let timeFirst = builder.add(
      "Transpose", [input], ["perm": .integers([1, 0, 2])], layer: name)
    let states = builder.add(
      cell == .gru ? "GRU" : "LSTM",
      [timeFirst] + weights(builder) + [mask?.lengths].compactMap { $0 }, settings, layer: name)
    let batchFirst = builder.add(
      "Transpose", [states], ["perm": .integers([2, 0, 1, 3])], layer: name)
    let shape = builder.integers([0, 0, -1])
    guard let mask else {
      return builder.define(result, "Reshape", [batchFirst, shape], layer: name)
    }
    // What the operators leave behind a sequence's end is not said.
    let joined = builder.add("Reshape", [batchFirst, shape], layer: name)
    builder.define(
      result, "Where", [mask.frames, joined, builder.number(0)], layer: name)
  }

  private var settings: KeyValuePairs<String, ONNXAttribute> {
    let direction = directions.count > 1 ? "bidirectional" : "forward"
    switch cell {
    case .gru:
      return [
        "hidden_size": .integer(hidden), "direction": .text(direction),
        // The reset gate acts after the product with the state.
        "linear_before_reset": .integer(1),
      ]
    case .lstm: return ["hidden_size": .integer(hidden), "direction": .text(direction)]
    }
  }

  /// W `[D, G · H, I]`, R `[D, G · H, H]` and B `[D, 2 · G · H]`.
  private func weights(_ builder: ONNXBuilder) -> [String] {
    let rows = cell.gates * hidden
    let inputs = builder.graph.shape(of: input)[1]
    let order = cell.onnxGates
    func assembled(_ letter: String, _ shape: [Int], _ parts: [Int]) -> String {
      builder.assembled(
        "\(name).\(letter)", shape: [directions.count] + shape,
        of: parts.map { (parameter: $0, order: order) })
    }
    return [
      assembled("W", [rows, inputs], directions.map(\.inputWeight)),
      assembled("R", [rows, hidden], directions.map(\.hiddenWeight)),
      assembled("B", [2 * rows], directions.flatMap { [$0.inputBias, $0.hiddenBias] }),
    ]
  }
}

extension RecurrentCell {
  /// Our gates in ONNX's order: z, r, n of r, z, n; i, o, f, g of i, f, g, o.
  fileprivate var onnxGates: [Int] { self == .gru ? [1, 0, 2] : [0, 3, 1, 2] }
}
