/// The cell of a recurrent network.
public enum RecurrentCell: String, CaseIterable, Sendable, Codable {
  /// Gates r, z, n; the reset gate acts after the hidden product. Source: torch.nn.GRU.
  case gru
  /// Gates i, f, g, o. Source: torch.nn.LSTM.
  case lstm

  /// Gates: rows of a weight, in units of the hidden size.
  var gates: Int { self == .gru ? 3 : 4 }
}

/// The sizes of a recurrent network.
public struct RecurrentDescription: Sendable, Equatable {
  /// The kind of its cells.
  public var cell: RecurrentCell
  /// Units of one direction of one layer, H.
  public var hidden: Int
  /// Layers, each reading the results of the one before.
  public var layers: Int
  /// Whether each layer also runs from the end to the start; twice the features come out.
  public var isBidirectional: Bool
  /// Probability with which, in training, an element between two layers is dropped.
  public var dropout: Float

  /// The sizes of a recurrent network.
  public init(
    cell: RecurrentCell, hidden: Int, layers: Int = 1, isBidirectional: Bool = false,
    dropout: Float = 0
  ) {
    self.cell = cell
    self.hidden = hidden
    self.layers = layers
    self.isBidirectional = isBidirectional
    self.dropout = dropout
  }

  /// Features of the result, H or 2 · H.
  public var features: Int { isBidirectional ? 2 * hidden : hidden }
}

extension Graph {
  /// Adds a recurrent network over time that starts from zeros, as torch.nn.GRU and torch.nn.LSTM
  /// with `batch_first=True` compute it.
  ///
  /// With lengths the result is that of `pack_padded_sequence` and `pad_packed_sequence`: zeros behind
  /// a sequence's end, the reverse direction starts at the sequence's own last frame, and padding,
  /// whatever it holds, contributes to no gradient. Unlike there, a length of 0 is allowed.
  ///
  /// - Shapes: `[T, I]` to `[T, H]`, bidirectional to `[T, 2 · H]`, the forward direction first.
  /// - Parameters: PyTorch's: `name`.weight_ih_l0 `[G · H, I]`, weight_hh_l0 `[G · H, H]`, bias_ih_l0
  ///   and bias_hh_l0 `[G · H]` with G = 3 (GRU) or 4 (LSTM); `_reverse` is appended in the other
  ///   direction; l1, … of further layers. All uniform within 1/√H.
  /// - Parameter lengths: an input of integers of shape `[]`, in frames; nil where every
  ///   sequence fills all frames.
  public mutating func recurrent(
    _ input: ValueID, lengths: ValueID? = nil, name: String, _ description: RecurrentDescription
  ) throws -> ValueID {
    guard description.hidden > 0, description.layers > 0 else {
      throw NetsError.shape(layer: name, problem: "needs at least one unit and one layer")
    }
    var value = input
    if let lengths {
      value = try paddingMask(value, lengths: lengths, name: "\(name).padding")
    }
    for layer in 0..<description.layers {
      if layer > 0, description.dropout != 0 {
        value = try dropout(
          value, name: "\(name).l\(layer).dropout", probability: description.dropout)
      }
      value = try recurrentLayer(
        value, lengths: lengths, name: name, layer: layer, description)
    }
    return value
  }

  private mutating func recurrentLayer(
    _ input: ValueID, lengths: ValueID?, name: String, layer: Int,
    _ description: RecurrentDescription
  ) throws -> ValueID {
    let shape = try sequenceShape(of: input, layer: name)
    let directions = (description.isBidirectional ? [false, true] : [false]).map { isReverse in
      recurrentWeights(
        name: name, suffix: "l\(layer)\(isReverse ? "_reverse" : "")", isReverse: isReverse,
        inputs: shape.features, description)
    }
    let result = result(shape: [shape.frames, description.features], of: input)
    append(
      RecurrentLayer(
        name: "\(name).l\(layer)", cell: description.cell, hidden: description.hidden,
        input: input, lengths: lengths, result: result, directions: directions))
    return result
  }

  private mutating func recurrentWeights(
    name: String, suffix: String, isReverse: Bool, inputs: Int,
    _ description: RecurrentDescription
  ) -> RecurrentWeights {
    let rows = description.cell.gates * description.hidden
    let bound = 1 / Float(description.hidden).squareRoot()
    func specification(_ kind: String, _ shape: [Int]) -> ParameterSpecification {
      ParameterSpecification(
        name: "\(name).\(kind)_\(suffix)", shape: shape, decays: shape.count > 1,
        initialization: .uniform(bound: bound))
    }
    return RecurrentWeights(
      inputWeight: parameter(specification("weight_ih", [rows, inputs])),
      hiddenWeight: parameter(specification("weight_hh", [rows, description.hidden])),
      inputBias: parameter(specification("bias_ih", [rows])),
      hiddenBias: parameter(specification("bias_hh", [rows])), isReverse: isReverse)
  }
}
