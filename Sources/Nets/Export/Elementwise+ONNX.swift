extension ONNXBuilder {
  /// Gives a value a nonlinearity of an array.
  func define(
    _ value: ValueID, as function: ActivationFunction, of input: String, layer: String
  ) {
    switch function {
    case .relu: define(value, "Relu", [input], layer: layer)
    case .relu6: define(value, "Clip", [input, number(0), number(6)], layer: layer)
    case .sigmoid: define(value, "Sigmoid", [input], layer: layer)
    case .tanh: define(value, "Tanh", [input], layer: layer)
    case .silu:
      define(value, "Mul", [input, add("Sigmoid", [input], layer: layer)], layer: layer)
    case .gelu:
      let scaled = add("Mul", [input, number(Float(0.5).squareRoot())], layer: layer)
      let erf = add("Erf", [scaled], layer: layer)
      let doubled = add("Add", [erf, number(1)], layer: layer)
      let product = add("Mul", [input, doubled], layer: layer)
      define(value, "Mul", [product, number(0.5)], layer: layer)
    }
  }
}

extension Activation {
  func export(to builder: ONNXBuilder) throws {
    builder.define(result, as: function, of: builder.name(of: input), layer: name)
  }
}

extension AdditionReLU {
  func export(to builder: ONNXBuilder) throws {
    let sum = builder.add("Add", [left, right].map(builder.name), layer: name)
    builder.define(result, "Relu", [sum], layer: name)
  }
}

extension ResidualAddition {
  func export(to builder: ONNXBuilder) throws {
    builder.define(result, "Add", [skip, branch].map(builder.name), layer: name)
  }
}

extension ChannelMultiplication {
  func export(to builder: ONNXBuilder) throws {
    let factors = builder.add(
      "Unsqueeze", [builder.name(of: factors), builder.integers([2, 3])], layer: name)
    builder.define(result, "Mul", [builder.name(of: input), factors], layer: name)
  }
}

extension GatedSum {
  func export(to builder: ONNXBuilder) throws {
    let right = builder.name(of: right)
    let difference = builder.add("Sub", [builder.name(of: left), right], layer: name)
    let share = builder.add("Mul", [builder.name(of: gate), difference], layer: name)
    builder.define(result, "Add", [right, share], layer: name)
  }
}

extension Dropout {
  /// Nothing is dropped outside of training.
  func export(to builder: ONNXBuilder) throws {
    builder.define(result, as: builder.name(of: input))
  }
}

extension Normalization {
  func export(to builder: ONNXBuilder) throws {
    let input = builder.name(of: input)
    let length = builder.add(
      "ReduceL2", [input], ["axes": .integers([-1]), "keepdims": .integer(1)], layer: name)
    let divisor = builder.add("Max", [length, builder.number(1e-12)], layer: name)
    builder.define(result, "Div", [input, divisor], layer: name)
  }
}

extension LayerNormalization {
  func export(to builder: ONNXBuilder) throws {
    builder.define(
      result, "LayerNormalization",
      [builder.name(of: input), builder.weight(scale), builder.weight(shift)],
      ["axis": .integer(-1), "epsilon": .number(Self.epsilon)], layer: name)
  }
}

extension Linear {
  /// Rows by a product with a bias; of sequences, which have two axes of rows, in two steps.
  func export(to builder: ONNXBuilder) throws {
    let (input, bias) = (builder.name(of: input), builder.weight(bias))
    guard builder.graph.shape(of: self.input).count > 1 else {
      return builder.define(
        result, as: function, of: "Gemm", [input, matrix(builder), bias],
        ["transB": .integer(1)], layer: name)
    }
    let columns = builder.add(
      "Transpose", [matrix(builder)], ["perm": .integers([1, 0])], layer: name)
    let product = builder.add("MatMul", [input, columns], layer: name)
    builder.define(result, as: function, of: "Add", [product, bias], layer: name)
  }

  /// The weight `[O, I]`; a convolution of one pixel has two more axes.
  private func matrix(_ builder: ONNXBuilder) -> String {
    let weight = builder.weight(weight)
    guard builder.graph.parameters[self.weight].shape.count > 2 else { return weight }
    return builder.add("Flatten", [weight], ["axis": .integer(1)], layer: name)
  }
}

extension Loss {
  func export(to builder: ONNXBuilder) throws { throw notExportable }

  /// Why a network with this loss is not exported.
  var notExportable: NetsError {
    .notExportable(
      layer: name, reason: "is there for training only; export the network without losses")
  }
}
