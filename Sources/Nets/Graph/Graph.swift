/// A value of a graph: an array that one operation produces and others read.
public struct ValueID: Hashable, Sendable {
  let index: Int
}

/// How a parameter starts out.
public enum Initialization: Sendable, Equatable {
  /// Normal with mean 0 and variance 2 / fan-out: before a ReLU. Source: K. He et al., 2015.
  case kaimingNormal(fanOut: Int)
  /// Normal with mean 0.
  case normal(deviation: Float)
  /// Uniform in [-bound, bound].
  case uniform(bound: Float)
  /// Every element the same.
  case constant(Float)
}

/// A learned array of a graph.
public struct ParameterSpecification: Sendable, Equatable {
  /// torchvision's name, for example `layer1.0.conv1.weight`.
  public var name: String
  /// torchvision's shape; OIHW for convolutions.
  public var shape: [Int]
  /// The shape that kernels take the same elements in, where it is another one: grouped
  /// convolutions have an axis of groups, those of one pixel are matrices.
  var kernelShape: [Int]?
  /// Whether weight decay applies: not to normalisation parameters and biases.
  public var decays: Bool
  /// How it starts out.
  public var initialization: Initialization
}

/// The running statistics of one batch normalisation.
public struct StatisticsSpecification: Sendable, Equatable {
  /// torchvision's name of the layer, for example `bn1`.
  public var name: String
  /// Length of the mean and of the variance.
  public var channels: Int
  /// Elements of one channel in one sample, rows × height × width: what the variance's correction needs.
  public var elementsPerSample: Int
}

/// What a network computes, for any batch: operations over values whose shapes leave the batch out.
///
/// A graph is a description. `TrainingPlan` and `InferencePlan` compile it for one batch size and
/// precision. Losses are operations like any other, see `Loss`.
public struct Graph {
  /// Shapes without the batch, `[C, H, W]` or `[C]`, by value.
  private(set) var shapes: [[Int]] = []
  /// How many rows of the batch each value has.
  private var rows: [Rows] = []
  /// What the caller fills before each run.
  private(set) var inputs: [InputSpecification] = []
  /// What the caller reads after each run.
  private(set) var outputs: [(name: String, value: ValueID)] = []
  private(set) var operations: [any Operation] = []
  /// Parameters in the order in which layers were added.
  public private(set) var parameters: [ParameterSpecification] = []
  /// Running statistics in the order in which layers were added.
  public private(set) var statistics: [StatisticsSpecification] = []

  /// What training leaves as it is.
  var frozen = FrozenParts()

  /// Layers that draw random numbers: each has a stream of its own.
  private var randomLayers = 0

  /// An empty graph.
  public init() {}

  /// Shape of a value without the batch.
  public func shape(of value: ValueID) -> [Int] { shapes[value.index] }

  /// How many rows of the batch a value has.
  public func rows(of value: ValueID) -> Rows { rows[value.index] }

  /// Adds a value that whoever compiles the graph defines; `shape` leaves the batch out.
  mutating func input(shape: [Int], rows: Rows = .batch) -> ValueID {
    shapes.append(shape)
    self.rows.append(rows)
    return ValueID(index: shapes.count - 1)
  }

  /// Adds a value for an operation's result.
  ///
  /// - Parameter source: the operation's input, which has as many rows.
  mutating func result(shape: [Int], of source: ValueID) -> ValueID {
    input(shape: shape, rows: rows(of: source))
  }

  mutating func append(_ operation: some Operation) { operations.append(operation) }

  /// The graph with other operations, in whose order every value is there before it is read.
  func replacingOperations(_ operations: [any Operation]) -> Graph {
    var graph = self
    graph.operations = operations
    return graph
  }

  /// The graph with other operations, inputs and outputs.
  func replacing(
    operations: [any Operation], inputs: [InputSpecification],
    outputs: [(name: String, value: ValueID)]
  ) -> Graph {
    var graph = replacingOperations(operations)
    graph.inputs = inputs
    graph.outputs = outputs
    return graph
  }

  /// Adds a parameter and returns its index.
  mutating func parameter(_ specification: ParameterSpecification) -> Int {
    parameters.append(specification)
    return parameters.count - 1
  }

  /// Adds running statistics and returns their index.
  mutating func statistics(_ specification: StatisticsSpecification) -> Int {
    statistics.append(specification)
    return statistics.count - 1
  }

  /// The rows of every value in a batch of `batch` samples.
  func rowCounts(inBatchOf batch: Int) throws -> [Int] {
    try rows.map { rows in
      guard let count = rows.count(inBatchOf: batch) else {
        throw NetsError.shape(
          layer: "the network", problem: "a batch of \(batch) cannot be divided into \(rows)")
      }
      return count
    }
  }

  /// Whether every value has a row for each sample of the batch.
  var hasOneRowPerSample: Bool { rows.allSatisfy { $0 == .onePer(samples: 1) } }

  /// Adds a layer that draws random numbers and returns its index, part of their key.
  mutating func randomLayer() -> Int {
    randomLayers += 1
    return randomLayers - 1
  }

  /// The spatial shape `[C, H, W]` of a value, or an error naming the layer that needs one.
  func spatialShape(of value: ValueID, layer: String) throws -> (
    channels: Int, height: Int, width: Int
  ) {
    let shape = shapes[value.index]
    guard shape.count == 3 else {
      throw NetsError.shape(
        layer: layer, problem: "needs an input [channels, height, width], got \(shape)")
    }
    return (shape[0], shape[1], shape[2])
  }
}

// MARK: - Names

extension Graph {
  /// Adds an array that the caller fills before each run.
  ///
  /// - Parameters:
  ///   - name: unique among the inputs.
  ///   - shape: without the batch; `[C, H, W]` for pixels, `[]` for one element a row.
  public mutating func input(
    _ name: String, _ content: InputContent, shape: [Int], rows: Rows = .batch
  ) -> ValueID {
    precondition(!inputs.contains { $0.name == name }, "two inputs are named \(name)")
    let value = input(shape: shape, rows: rows)
    inputs.append(InputSpecification(name: name, value: value, content: content))
    return value
  }

  /// Lets the caller read a value after each run, as row-major float32.
  ///
  /// - Parameter name: unique among the outputs.
  public mutating func output(_ name: String, _ value: ValueID) {
    precondition(!outputs.contains { $0.name == name }, "two outputs are named \(name)")
    outputs.append((name, value))
  }
}
