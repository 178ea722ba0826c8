import COneDNN
import CounterRandom

/// Where one parameter lies in the flat vectors.
public struct ParameterInfo: Sendable, Equatable {
  /// torchvision's name.
  public let name: String
  /// torchvision's shape.
  public let shape: [Int]
  /// Its elements of the flat vector, padding of a blocked layout included.
  public let range: Range<Int>
  /// Whether weight decay applies: not to normalisation parameters and biases.
  public let decays: Bool
  /// Whether training leaves it as it is.
  public let isFrozen: Bool
}

/// The learned state of a network: float32 master weights and running statistics.
///
/// The weights are one flat vector in the order in which the backward pass completes their
/// gradients, each in the memory layout in which the gradient kernels produce it. An elementwise
/// optimizer needs to know none of that; files see torchvision's layouts through `tensors(of:)` and
/// `load(_:into:file:)`. Frozen parameters come last: vectors that have gradients, or what an optimizer
/// remembers, end before them.
public final class ParameterStore {
  /// Weight of the newest batch in the running statistics; PyTorch's default.
  static let statisticsMomentum: Float = 0.1
  /// Elements between array starts: 64 bytes.
  static let alignment = 16

  /// Elements from one array's start to the next one's.
  static func aligned(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

  /// Parameters in the order of the flat vector.
  public let parameters: [ParameterInfo]
  /// Elements of the flat vector, P.
  public let elementCount: Int
  /// Elements of it that are trained: those of frozen parameters follow.
  public let trainedCount: Int
  /// Master weights `[P]`; what lies between and inside padded parameters is zero and stays zero
  /// under any update that maps zero weight and zero gradient to zero.
  public let values: UnsafeMutableBufferPointer<Float>
  let graph: Graph
  /// Layout of each parameter, by its index in the graph.
  let layouts: [MemoryDescriptor]
  /// Position in `parameters`, by index in the graph.
  let positions: [Int]
  /// Where mean and variance lie in `runningStatistics`.
  let statistics: StatisticsPlaces
  /// Optimizer steps whose batch statistics went into running statistics, by their index in the graph.
  var batchesTracked: [Int]
  /// Running statistics; they lie behind the weights.
  let runningStatistics: UnsafeMutableBufferPointer<Float>

  private let memory: AlignedMemory
  private let device: KernelDevice
  private let attributes: PrimitiveAttributes

  /// - Parameters:
  ///   - layouts: layout of each parameter, by its index in the graph.
  ///   - order: indices of the graph's parameters in the order of the flat vector.
  init(graph: Graph, layouts: [MemoryDescriptor], order: [Int], device: KernelDevice) throws {
    self.graph = graph
    self.layouts = layouts
    self.device = device
    attributes = try PrimitiveAttributes()
    var cursor = 0
    var trainedCount = 0
    parameters = order.map { index in
      let specification = graph.parameters[index]
      let isFrozen = graph.isFrozen(parameter: index)
      precondition(isFrozen || cursor == trainedCount, "frozen parameters come last")
      let (start, count) = (cursor, layouts[index].byteCount / MemoryLayout<Float>.stride)
      cursor += Self.aligned(count)
      if !isFrozen { trainedCount = cursor }
      return ParameterInfo(
        name: specification.name, shape: specification.shape, range: start..<start + count,
        decays: specification.decays, isFrozen: isFrozen)
    }
    elementCount = cursor
    self.trainedCount = trainedCount
    var positions = [Int](repeating: 0, count: order.count)
    for (position, index) in order.enumerated() { positions[index] = position }
    self.positions = positions
    statistics = StatisticsPlaces(in: graph)
    batchesTracked = graph.statistics.map { _ in 0 }
    let count = elementCount + statistics.count
    memory = try AlignedMemory(
      byteCount: count * MemoryLayout<Float>.stride, purpose: "the master weights")
    let all = memory.floats(count: count)
    values = UnsafeMutableBufferPointer(rebasing: all[..<elementCount])
    runningStatistics = UnsafeMutableBufferPointer(rebasing: all[elementCount...])
    resetStatistics()
  }

  /// A store for plans that only infer: row-major layouts, in the graph's order.
  public convenience init(inferenceFor model: ModelDescription) throws {
    try self.init(inferenceFor: model.network().graph)
  }

  /// A store for plans that only infer: row-major layouts, in the graph's order, frozen parts last.
  public convenience init(inferenceFor graph: Graph) throws {
    try self.init(
      graph: graph,
      layouts: graph.parameters.map { try $0.fileLayout() },
      order: graph.parameters.indices.filter { !graph.isFrozen(parameter: $0) }
        + graph.frozen.parameters.sorted(), device: KernelDevice())
  }

  /// The store of a training plan: in the layouts and the order in which it produces gradients.
  convenience init(trainedBy builder: PlanBuilder) throws {
    let (graph, frozen) = (builder.graph, builder.graph.frozen.parameters.sorted())
    precondition(
      builder.gradientOrder.count + frozen.count == graph.parameters.count,
      "every parameter has a gradient or is frozen")
    try self.init(
      graph: graph,
      layouts: graph.parameters.enumerated().map {
        try builder.masterLayouts[$0.offset] ?? $0.element.fileLayout()
      }, order: builder.gradientOrder + frozen, device: builder.device)
  }

  private func resetStatistics() {
    for (specification, offsets) in zip(graph.statistics, statistics.offsets) {
      runningMean(offsets, specification).update(repeating: 0)
      runningVariance(offsets, specification).update(repeating: 1)
    }
    batchesTracked = graph.statistics.map { _ in 0 }
  }

  private func runningMean(
    _ offsets: (mean: Int, variance: Int), _ specification: StatisticsSpecification
  ) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      rebasing: runningStatistics[offsets.mean..<offsets.mean + specification.channels])
  }

  private func runningVariance(
    _ offsets: (mean: Int, variance: Int), _ specification: StatisticsSpecification
  ) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      rebasing: runningStatistics[offsets.variance..<offsets.variance + specification.channels])
  }

  /// The layer to which an element of the statistics that batches move belongs; nil for padding.
  public func nameOfStatistics(at element: Int) -> String? {
    zip(graph.statistics, statistics.offsets).first { specification, offsets in
      let places = [offsets.mean, offsets.variance]
      return places.contains { ($0..<$0 + specification.channels).contains(element) }
    }?.0.name
  }

  // MARK: - Initialisation and statistics

  /// Draws all weights anew and resets the running statistics; a pure function of `seed`.
  public func initialize(seed: UInt64) throws {
    let counts = graph.parameters.map { $0.shape.reduce(1, *) }
    let scratch = try AlignedMemory(
      byteCount: (counts.max() ?? 0) * MemoryLayout<Float>.stride,
      purpose: "the first values of a parameter")
    for (index, specification) in graph.parameters.enumerated() {
      let drawn = scratch.floats(count: counts[index])
      specification.initialization.draw(
        into: drawn,
        from: CounterRandom(seed: seed, index: index, purpose: .weightInitialisation))
      try write(UnsafeBufferPointer(drawn), toParameter: index, of: values)
    }
    resetStatistics()
  }

  /// Moves the running statistics towards those of a batch.
  ///
  /// running ← (1 − m) · running + m · batch with m = 0.1; the variance is made unbiased by
  /// n / (n − 1), n values a channel in a micro-batch. As PyTorch's BatchNorm does. Frozen ones stay.
  ///
  /// - Parameters:
  ///   - batchStatistics: the `statistics` range of a slot: mean over the step's micro-batches.
  ///   - microBatch: samples of a micro-batch.
  public func updateRunningStatistics(
    from batchStatistics: UnsafeBufferPointer<Float>, microBatch: Int
  ) {
    precondition(batchStatistics.count == statistics.trackedCount)
    let momentum = Self.statisticsMomentum
    for (index, specification) in graph.statistics.enumerated()
    where !graph.isFrozen(statistics: index) {
      let offsets = statistics.offsets[index]
      let count = Float(microBatch * specification.elementsPerSample)
      let correction = count / (count - 1)
      for channel in 0..<specification.channels {
        let mean = offsets.mean + channel
        let variance = offsets.variance + channel
        runningStatistics[mean] =
          (1 - momentum) * runningStatistics[mean] + momentum * batchStatistics[mean]
        runningStatistics[variance] =
          (1 - momentum) * runningStatistics[variance]
          + momentum * (batchStatistics[variance] * correction)
      }
      batchesTracked[index] += 1
    }
  }

  // MARK: - Files

  /// A flat vector (weights, gradients, momentum) as tensors with torchvision's names, shapes and
  /// layouts, in the graph's order.
  ///
  /// - Shapes: `flat` is `[P]`, or ends where frozen parameters begin: then it has the others only.
  public func tensors(of flat: UnsafeBufferPointer<Float>) throws -> [Tensor] {
    try sources(of: flat).map { try $0.tensor() }
  }

  /// The same, read where the bytes are wanted: what `flat` holds by then.
  public func sources(of flat: UnsafeBufferPointer<Float>) -> [TensorSource] {
    parameterIndices(ofVector: flat.count).map { index in
      let specification = graph.parameters[index]
      return TensorSource(
        TensorDescription(name: specification.name, type: .f32, shape: specification.shape)
      ) { [self] in
        try read(parameter: index, of: flat, into: $0.bindMemory(to: Float.self))
      }
    }
  }

  /// Indices in the graph of the parameters that a flat vector of `count` elements has.
  func parameterIndices(ofVector count: Int) -> [Int] {
    precondition(count == elementCount || count == trainedCount)
    return graph.parameters.indices.filter { parameters[positions[$0]].range.upperBound <= count }
  }

  /// The reverse of `tensors(of:)`: every parameter must be there, and nothing else.
  ///
  /// - Throws: `NetsError` naming `file` and the tensor that is missing, unknown or misshapen, not
  ///   finite, or a negative variance.
  public func load(
    _ tensors: [Tensor], into flat: UnsafeMutableBufferPointer<Float>, file: String
  ) throws {
    var remaining = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    for index in parameterIndices(ofVector: flat.count) {
      let specification = graph.parameters[index]
      let floats = try Self.take(
        specification.name, shape: specification.shape, from: &remaining, file: file)
      try floats.withUnsafeBufferPointer { try write($0, toParameter: index, of: flat) }
    }
    if let unknown = remaining.keys.min() {
      throw NetsError.unknownParameter(name: unknown, file: file)
    }
  }

  /// Parameters, running statistics and `num_batches_tracked`: torchvision's state_dict.
  public func modelTensors() throws -> [Tensor] { try modelSources().map { try $0.tensor() } }

  /// The same, read where the bytes are wanted.
  public func modelSources() -> [TensorSource] {
    sources(of: UnsafeBufferPointer(values))
      + graph.statistics.indices.flatMap { statisticsSources(index: $0) }
  }

  private func statisticsSources(index: Int) -> [TensorSource] {
    let (specification, offsets) = (graph.statistics[index], statistics.offsets[index])
    let (name, shape) = (specification.name, [specification.channels])
    func floats(_ kind: String, _ values: UnsafeMutableBufferPointer<Float>) -> TensorSource {
      TensorSource(TensorDescription(name: "\(name).\(kind)", type: .f32, shape: shape)) {
        [memory] bytes in
        withExtendedLifetime(memory) { bytes.copyMemory(from: UnsafeRawBufferPointer(values)) }
      }
    }
    return [
      floats("running_mean", runningMean(offsets, specification)),
      floats("running_var", runningVariance(offsets, specification)),
      TensorSource(
        TensorDescription(name: "\(name).num_batches_tracked", type: .i64, shape: [])
      ) { [self] in
        $0.storeBytes(of: Int64(batchesTracked[index]).littleEndian, as: Int64.self)
      },
    ]
  }

  /// Loads what `modelTensors` gives, or a published state_dict.
  ///
  /// - Throws: `NetsError` naming `file` and the tensor that is missing, unknown or misshapen, or
  ///   not finite.
  public func loadModel(_ tensors: [Tensor], file: String) throws {
    var remaining = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    for (index, specification) in graph.statistics.enumerated() {
      let offsets = statistics.offsets[index]
      let (name, shape) = (specification.name, [specification.channels])
      let mean = try Self.take("\(name).running_mean", shape: shape, from: &remaining, file: file)
      let variance = try Self.take(
        "\(name).running_var", shape: shape, from: &remaining, file: file)
      if let element = variance.firstIndex(where: { $0 < 0 }) {
        throw NetsError.negativeVariance(name: "\(name).running_var", file: file, index: element)
      }
      _ = runningMean(offsets, specification).update(fromContentsOf: mean)
      _ = runningVariance(offsets, specification).update(fromContentsOf: variance)
      // Files older than PyTorch 0.4.1 do not have it.
      if let tracked = remaining.removeValue(forKey: "\(name).num_batches_tracked") {
        batchesTracked[index] = try tracked.batchCount(file: file)
      }
    }
    try load(Array(remaining.values), into: values, file: file)
  }

  private static func take(
    _ name: String, shape: [Int], from tensors: inout [String: Tensor], file: String
  ) throws -> [Float] {
    guard let tensor = tensors.removeValue(forKey: name) else {
      throw NetsError.missingParameter(name: name, file: file)
    }
    return try tensor.parameters(shape: shape, file: file)
  }

  // MARK: - Layouts

  func read(parameter index: Int, of flat: UnsafeBufferPointer<Float>) throws -> [Float] {
    var result = [Float](repeating: 0, count: graph.parameters[index].shape.reduce(1, *))
    try result.withUnsafeMutableBufferPointer { try read(parameter: index, of: flat, into: $0) }
    return result
  }

  private func read(
    parameter index: Int, of flat: UnsafeBufferPointer<Float>,
    into result: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let destination = result.baseAddress else { return }
    let specification = graph.parameters[index]
    let source = UnsafeMutablePointer(mutating: pointer(to: index, in: flat))
    try reorder(
      source, layouts[index], destination, specification.fileLayout(), layer: specification.name)
  }

  private func write(
    _ floats: UnsafeBufferPointer<Float>, toParameter index: Int,
    of flat: UnsafeMutableBufferPointer<Float>
  ) throws {
    guard let source = floats.baseAddress else { return }
    let specification = graph.parameters[index]
    let destination = UnsafeMutablePointer(
      mutating: pointer(to: index, in: UnsafeBufferPointer(flat)))
    try reorder(
      UnsafeMutablePointer(mutating: source), specification.fileLayout(), destination,
      layouts[index], layer: specification.name)
  }

  private func pointer(to index: Int, in flat: UnsafeBufferPointer<Float>) -> UnsafePointer<Float> {
    let range = parameters[positions[index]].range
    guard let base = flat.baseAddress else {
      preconditionFailure("a flat vector of a graph with parameters is never empty")
    }
    return base + range.lowerBound
  }

  private func reorder(
    _ source: UnsafeMutablePointer<Float>, _ sourceLayout: MemoryDescriptor,
    _ destination: UnsafeMutablePointer<Float>, _ destinationLayout: MemoryDescriptor,
    layer: String
  ) throws {
    try PreparedPrimitive(
      reorderFrom: (sourceLayout, UnsafeMutableRawPointer(source)),
      to: (destinationLayout, UnsafeMutableRawPointer(destination)), device: device,
      attributes: attributes, layer: layer
    ).run()
  }
}

extension ParameterSpecification {
  /// Row-major, as a weights file has it, in the shape that kernels take.
  fileprivate func fileLayout() throws -> MemoryDescriptor {
    try .rowMajor(kernelShape ?? shape, dnnl_f32)
  }
}
