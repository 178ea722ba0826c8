/// A network on its way to an ONNX model.
///
/// The first axis of every input and output is the batch, of any length. Weights are float32.
///
/// Batch normalisations become part of the convolutions before them, computed as an inference plan
/// does; those before which there is none (DenseNet's) become a product and a sum for each channel.
public struct ONNXExport {
  /// Which network, without losses.
  public var graph: Graph
  /// Its weights and running statistics.
  public var parameters: ParameterStore
  /// The model's name.
  public var name: String
  /// Whether batch normalisations stay operations of their own.
  public var keepsBatchNormalizations: Bool
  /// Inputs that are constants of the model.
  public var constants: [String: Tensor] = [:]
  /// What stands before inputs, by their names.
  public var preludes: [String: ONNXPrelude] = [:]
  /// Inputs and outputs whose first axis is time, of any length; of inputs with several rows a sample it
  /// comes before the others.
  public var sequences: Set<String> = []
  /// What inputs and outputs hold, by their names.
  public var documentation: [String: String] = [:]
  /// Keys and values that say more of the model.
  public var metadata: [(key: String, value: String)] = []

  /// A network with its weights.
  public init(
    graph: Graph, parameters: ParameterStore, name: String, keepsBatchNormalizations: Bool = false
  ) {
    self.graph = graph
    self.parameters = parameters
    self.name = name
    self.keepsBatchNormalizations = keepsBatchNormalizations
  }

  /// The model.
  ///
  /// - Throws: `NetsError.notExportable` naming an operation that is there for training only, or an input
  ///   whose rows are not those of samples.
  public func model() throws -> ONNXModel {
    precondition(
      graph.parameters == parameters.graph.parameters, "the parameters belong to another model")
    for loss in graph.operations.compactMap({ $0 as? any Loss }) { throw loss.notExportable }
    let graph = keepsBatchNormalizations ? graph : InferenceFusion.rewriting(graph)
    let builder = ONNXBuilder(
      graph: graph, parameters: parameters,
      keepsBatchNormalizations: keepsBatchNormalizations, outputNames: outputNames)
    let inputs = try graph.inputs.compactMap { try define($0, in: builder) }
    for operation in graph.operations { try operation.export(to: builder) }
    for (name, value) in graph.outputs where builder.name(of: value) != name {
      builder.append("Identity", [builder.name(of: value)], name: name)
    }
    let outputs = try graph.outputs.map { name, value in
      try array(name, value, .f32)
    }
    return ONNXModel(
      name: name, nodes: builder.nodes, initializers: builder.initializers, inputs: inputs,
      outputs: outputs, metadata: metadata)
  }

  /// The first name of each output.
  private var outputNames: [ValueID: String] {
    Dictionary(graph.outputs.map { ($0.value, $0.name) }, uniquingKeysWith: { first, _ in first })
  }

  /// Gives an input its array.
  ///
  /// - Returns: what the caller gives; nil for a constant.
  private func define(
    _ input: InputSpecification, in builder: ONNXBuilder
  ) throws -> ONNXArray? {
    if let constant = constants[input.name] {
      let source = TensorSource(constant.renamed(input.name))
      builder.define(input.value, as: builder.constant(source))
      return nil
    }
    if let prelude = preludes[input.name] {
      builder.define(input.value, as: try prelude.nodes(prelude.input, builder))
      return ONNXArray(
        name: prelude.input, type: .f32,
        shape: [.any("batch")] + prelude.shape.map(ONNXExtent.fixed),
        documentation: prelude.documentation)
    }
    let array = try array(input.name, input.value, input.content == .integers ? .i32 : .f32)
    if case .perSample = graph.rows(of: input.value) {
      let rows = builder.integers([-1] + graph.shape(of: input.value))
      builder.define(
        input.value, as: builder.add("Reshape", [input.name, rows], layer: input.name))
    } else {
      builder.define(input.value, as: input.name)
    }
    return array
  }

  /// What the caller sees of a value.
  private func array(_ name: String, _ value: ValueID, _ type: TensorType) throws -> ONNXArray {
    var extents = graph.shape(of: value)
    switch graph.rows(of: value) {
    case .batch: break
    case .perSample(let count): extents.insert(count, at: 0)
    case .onePer, .fixed:
      throw NetsError.notExportable(
        layer: name, reason: "has \(graph.rows(of: value)), which no batch of any length has")
    }
    var shape = extents.map(ONNXExtent.fixed)
    if sequences.contains(name), !shape.isEmpty { shape[0] = .any("time") }
    return ONNXArray(
      name: name, type: type, shape: [.any("batch")] + shape,
      documentation: documentation[name] ?? "")
  }
}

/// What stands before an input of a network: an input that the caller gives instead, float32, and nodes
/// that make the network's of it.
public struct ONNXPrelude {
  /// The name of what the caller gives.
  public var input: String
  /// Its shape without the batch.
  public var shape: [Int]
  /// What is in it.
  public var documentation: String
  /// Adds the nodes to a model, and returns the name of the network's input.
  public var nodes: (_ input: String, _ builder: ONNXBuilder) throws -> String

  /// A prelude with every field given.
  public init(
    input: String, shape: [Int], documentation: String,
    nodes: @escaping (_ input: String, _ builder: ONNXBuilder) throws -> String
  ) {
    self.input = input
    self.shape = shape
    self.documentation = documentation
    self.nodes = nodes
  }
}
