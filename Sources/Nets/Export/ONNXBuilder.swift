/// Collects the nodes of an ONNX model while operations describe themselves.
///
/// Arrays are named after the layers that make them, constants as weights files name them.
public final class ONNXBuilder {
  /// What is exported.
  let graph: Graph
  /// Whether batch normalisations stay operations of their own.
  let keepsBatchNormalizations: Bool
  private(set) var nodes: [ONNXNode] = []
  private(set) var initializers: [TensorSource] = []

  private let parameters: ParameterStore
  private let parameterSources: [TensorSource]
  private var names: [ValueID: String] = [:]
  /// Names that outputs of the model have, by value.
  private let outputNames: [ValueID: String]
  private var taken: Set<String>
  private var constants: Set<String> = []
  /// Which frames are there, by the lengths that say so.
  var masks: [ValueID: FrameMask] = [:]

  /// - Parameter outputNames: kept free for arrays that the caller gets.
  init(
    graph: Graph, parameters: ParameterStore, keepsBatchNormalizations: Bool,
    outputNames: [ValueID: String]
  ) {
    self.graph = graph
    self.keepsBatchNormalizations = keepsBatchNormalizations
    self.parameters = parameters
    self.outputNames = outputNames
    parameterSources = parameters.sources(of: UnsafeBufferPointer(parameters.values))
    taken = Set(graph.inputs.map(\.name)).union(outputNames.values)
  }

  // MARK: - Arrays

  /// The array of a value that was defined before.
  func name(of value: ValueID) -> String {
    guard let name = names[value] else {
      preconditionFailure("a value is read before the operation that produces it was exported")
    }
    return name
  }

  /// Gives a value an array that exists.
  func define(_ value: ValueID, as name: String) { names[value] = name }

  /// Gives a value the array that a new node makes.
  func define(
    _ value: ValueID, _ operation: String, _ inputs: [String],
    _ attributes: KeyValuePairs<String, ONNXAttribute> = [:], layer: String
  ) {
    let name = outputNames[value] ?? unique(layer)
    append(operation, inputs, attributes, name: name)
    names[value] = name
  }

  /// Gives a value a nonlinearity of the array that a new node makes; nil for none.
  func define(
    _ value: ValueID, as function: ActivationFunction?, of operation: String, _ inputs: [String],
    _ attributes: KeyValuePairs<String, ONNXAttribute> = [:], layer: String
  ) {
    guard let function else {
      return define(value, operation, inputs, attributes, layer: layer)
    }
    let argument = add(operation, inputs, attributes, layer: layer)
    define(value, as: function, of: argument, layer: layer)
  }

  /// Adds a node.
  ///
  /// - Parameter layer: what its name and that of its array begin with.
  /// - Returns: the name of the array that it makes.
  public func add(
    _ operation: String, _ inputs: [String],
    _ attributes: KeyValuePairs<String, ONNXAttribute> = [:], layer: String
  ) -> String {
    let name = unique("\(layer)/\(operation)")
    append(operation, inputs, attributes, name: name)
    return name
  }

  /// Adds a node that makes an array of a given name.
  func append(
    _ operation: String, _ inputs: [String],
    _ attributes: KeyValuePairs<String, ONNXAttribute> = [:], name: String
  ) {
    nodes.append(
      ONNXNode(
        operation: operation, name: name, inputs: inputs, outputs: [name],
        attributes: attributes.map { ($0.key, $0.value) }))
  }

  private func unique(_ name: String) -> String {
    var (candidate, number) = (name, 1)
    while !taken.insert(candidate).inserted {
      number += 1
      candidate = "\(name)_\(number)"
    }
    return candidate
  }

  // MARK: - Constants

  /// Adds a constant array, once for each name.
  ///
  /// - Returns: its name.
  public func constant(_ source: TensorSource) -> String {
    let name = source.description.name
    if constants.insert(name).inserted { initializers.append(source) }
    return name
  }

  /// A constant list of integers: shapes, axes and the like.
  public func integers(_ values: [Int]) -> String {
    let name = "integers/" + values.map(String.init).joined(separator: ",")
    return constant(littleEndian(name, .i64, shape: [values.count], values.map { Int64($0) }))
  }

  /// A constant number.
  public func number(_ value: Float) -> String {
    constant(littleEndian("number/\(value)", .f32, shape: [], [value.bitPattern]))
  }

  /// A constant integer without axes.
  func integer(_ value: Int) -> String {
    constant(littleEndian("integer/\(value)", .i64, shape: [], [Int64(value)]))
  }

  /// A constant array of float32.
  func floats(_ name: String, shape: [Int], _ values: [Float]) -> String {
    constant(littleEndian(name, .f32, shape: shape, values.map(\.bitPattern)))
  }

  private func littleEndian(
    _ name: String, _ type: TensorType, shape: [Int], _ values: [some FixedWidthInteger]
  ) -> TensorSource {
    TensorSource(TensorDescription(name: name, type: type, shape: shape)) { bytes in
      values.map(\.littleEndian).withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
  }

  // MARK: - Parameters

  /// A parameter as a constant, by torchvision's name and in its shape.
  func weight(_ parameter: Int) -> String { constant(parameterSources[parameter]) }

  /// A parameter's elements.
  func elements(of parameter: Int) throws -> [Float] {
    try Self.elements(of: parameter, parameters)
  }

  /// Running mean and variance.
  func moments(of statistics: Int) -> (mean: [Float], variance: [Float]) {
    let offsets = parameters.statistics.offsets[statistics]
    let channels = graph.statistics[statistics].channels
    func values(_ start: Int) -> [Float] {
      Array(parameters.runningStatistics[start..<start + channels])
    }
    return (values(offsets.mean), values(offsets.variance))
  }

  /// A parameter times factors of its output channels, by the parameter's name.
  func weight(_ parameter: Int, times factors: [Float]) -> String {
    let source = parameterSources[parameter]
    return constant(
      TensorSource(source.description) { bytes in
        let scaled = try source.tensor().floats()
        let elements = bytes.bindMemory(to: Float.self)
        let perChannel = scaled.count / factors.count
        for index in scaled.indices {
          elements[index] = scaled[index] * factors[index / perChannel]
        }
      })
  }

  /// A constant that is put together of parameters' elements, when it is written.
  func assembled(
    _ name: String, shape: [Int], of parts: [(parameter: Int, order: [Int])]
  ) -> String {
    let store = parameters
    return constant(
      TensorSource(TensorDescription(name: name, type: .f32, shape: shape)) { bytes in
        let elements = bytes.bindMemory(to: Float.self)
        var place = 0
        for (parameter, order) in parts {
          let values = try Self.elements(of: parameter, store)
          let block = values.count / order.count
          for from in order {
            for index in 0..<block { elements[place + index] = values[from * block + index] }
            place += block
          }
        }
      })
  }

  private static func elements(of parameter: Int, _ store: ParameterStore) throws -> [Float] {
    try store.read(parameter: parameter, of: UnsafeBufferPointer(store.values))
  }
}
