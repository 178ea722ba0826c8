import COneDNN

/// Collects the primitives of a plan while operations describe themselves, with symbolic places
/// instead of addresses.
final class PlanBuilder {
  let graph: Graph
  let batch: Int
  let precision: Precision
  let isTraining: Bool
  let pixels: PixelFormat.Choice
  let device: KernelDevice
  let attributes: PrimitiveAttributes

  private(set) var steps: [StepDraft] = []
  /// Steps before the backward pass begins.
  private(set) var forwardCount = 0
  /// Bytes of each buffer of the arena.
  private(set) var bufferBytes: [Int] = []
  /// Buffers that the caller writes or reads between runs: never reused.
  private(set) var persistentBuffers: Set<Int> = []
  private(set) var weightsRequests: [WeightsRequest] = []
  private(set) var derivedWeights: [DerivedWeights] = []
  /// Layouts of the master weights: those in which gradients are produced.
  private(set) var masterLayouts: [Int: MemoryDescriptor] = [:]
  /// Parameters in the order in which the backward pass completes their gradients.
  private(set) var gradientOrder: [Int] = []
  private(set) var reorderCount = 0
  /// The operation that is being planned forward.
  private var position = 0
  /// Of each operation whether gradients pass through it.
  private var learning: [Bool] = []
  /// Whether gradients pass through what is being planned: never in inference, and in training not
  /// where nothing learns in it or before it.
  private(set) var isLearning: Bool
  /// Where the caller reads, by name.
  private(set) var outputs: [String: Located] = [:]
  /// What the losses report.
  var sums = StepSums()

  /// Rows of each value.
  private let rows: [Int]
  private var values: [ValueID: Located] = [:]
  private var gradients: [ValueID: Located] = [:]
  private var conversions: [(from: Place, result: Located)] = []
  private var trainable: Set<ValueID> = []
  /// Values whose gradient is an array of its own, into which shares may be added in place.
  private var accumulating: Set<ValueID> = []
  /// Mean and variance of each channel, of values that kernels of ours normalise.
  var channelMoments: [ValueID: Located] = [:]

  /// - Throws: `NetsError.shape` where the batch cannot be divided as the graph wants it,
  ///   `.bfloat16Missing` where this processor's kernels cannot compute in `precision`.
  init(
    graph: Graph, batch: Int, precision: Precision, isTraining: Bool,
    pixels: PixelFormat.Choice = .plain, device: KernelDevice
  ) throws {
    guard precision != .bf16 || Engine.capabilities.bfloat16 != .missing else {
      throw NetsError.bfloat16Missing(instructionSet: Engine.identity(threads: 1).instructionSet)
    }
    self.graph = graph
    self.batch = batch
    self.precision = precision
    self.isTraining = isTraining
    isLearning = isTraining
    self.pixels = pixels
    self.device = device
    attributes = try PrimitiveAttributes()
    rows = try graph.rowCounts(inBatchOf: batch)
  }

  // MARK: - Values

  /// Shape of a value with its rows of the batch, `[N, C, H, W]` or `[N, C]`.
  func shape(of value: ValueID) -> [Int] { [rows[value.index]] + graph.shape(of: value) }

  /// The array of a value that was defined before.
  func located(_ value: ValueID) -> Located {
    guard let found = values[value] else {
      preconditionFailure("a value is read before the operation that produces it was planned")
    }
    return found
  }

  /// Gives the result of an operation its array.
  func define(_ value: ValueID, layout: MemoryDescriptor) -> Located {
    let located = newBuffer(layout)
    define(value, as: located)
    return located
  }

  /// Gives the result of an operation an array that exists.
  func define(_ value: ValueID, as located: Located) {
    values[value] = located
    if isLearning { trainable.insert(value) }
  }

  /// A new array of the arena.
  func newBuffer(_ layout: MemoryDescriptor) -> Located {
    bufferBytes.append(layout.byteCount)
    return Located(layout: layout, place: .buffer(bufferBytes.count - 1))
  }

  /// Gives an input of the plan its array, which the caller writes between runs.
  private func defineInput(_ input: InputSpecification) throws {
    let shape = shape(of: input.value)
    let layout: MemoryDescriptor =
      switch input.content {
      case .pixels: try pixelLayout(of: input.value)
      case .floats: try .rowMajor(shape, dnnl_f32)
      case .integers: try .rowMajor(shape, dnnl_s32)
      }
    let located = newBuffer(layout)
    keep(located)
    values[input.value] = located
  }

  /// Keeps an array of the arena readable and writable between runs: its memory is never shared.
  func keep(_ located: Located) {
    if case .buffer(let buffer) = located.place.whole { persistentBuffers.insert(buffer) }
  }

  /// The array in another layout or type; the same array where it has that layout already.
  func converted(_ source: Located, to layout: MemoryDescriptor, layer: String) throws -> Located {
    if source.layout.isEqual(to: layout) { return source }
    if let known = conversions.first(where: {
      $0.from == source.place && $0.result.layout.isEqual(to: layout)
    }) {
      return known.result
    }
    let result = try copy(source, to: layout, layer: layer)
    conversions.append((source.place, result))
    return result
  }

  /// A new array with the same elements.
  func copy(_ source: Located, to layout: MemoryDescriptor, layer: String) throws -> Located {
    let result = newBuffer(layout)
    try emit(
      PrimitiveDescriptor.reorder(source.layout, layout, self, layer: layer),
      [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, result)])
    reorderCount += 1
    return result
  }

  /// Gives the result of an operation the array of a value that nothing reads any more.
  func define(_ value: ValueID, overwriting located: Located) {
    conversions.removeAll { $0.from.whole == located.place.whole }
    define(value, as: located)
  }

  /// Whether an operation after the one that is being planned, a backward pass or the caller reads
  /// the memory.
  func isReadLater(_ located: Located) -> Bool {
    if case .buffer(let buffer) = located.place.whole, persistentBuffers.contains(buffer) {
      return true
    }
    let readers = graph.operations.indices.filter { $0 > position || learning[$0] }
      .flatMap { graph.operations[$0].operands }
    return (readers + graph.outputs.map(\.value)).contains {
      values[$0]?.place.whole == located.place.whole
    }
  }

  /// The layout in which the first reader that cares wants a value; nil where none does.
  func preferredLayout(of value: ValueID) throws -> MemoryDescriptor? {
    let isLearning = isLearning
    defer { self.isLearning = isLearning }
    for (index, operation) in graph.operations.enumerated() {
      self.isLearning = learning[index]
      if let layout = try operation.preferredLayout(of: value, self) { return layout }
    }
    return nil
  }

  // MARK: - Parameters

  /// A parameter in the layout in which a primitive reads it.
  func weights(_ parameter: Int, layout: MemoryDescriptor) -> Located {
    let known = weightsRequests.firstIndex {
      $0.parameter == parameter && $0.layout.isEqual(to: layout)
    }
    if known == nil { weightsRequests.append(WeightsRequest(parameter: parameter, layout: layout)) }
    return Located(
      layout: layout, place: .weights(request: known ?? weightsRequests.count - 1))
  }

  /// An array that is computed whenever the weights change.
  ///
  /// - Parameters:
  ///   - sources: what `weights(_:layout:)` gave, running statistics, and what this gave before.
  ///   - scratchBytes: what is needed while it is computed.
  func derive(
    _ layout: MemoryDescriptor, from sources: [Located], scratchBytes: Int = 0,
    prepare: @escaping (DerivedWeightsMemory) throws -> any WeightsKernel
  ) -> Located {
    derivedWeights.append(
      DerivedWeights(
        byteCount: layout.byteCount, sources: sources, scratchBytes: scratchBytes,
        prepare: prepare))
    return Located(layout: layout, place: .derived(derivedWeights.count - 1))
  }

  /// Whether any of an operation's parameters is not frozen.
  func learns(anyOf parameters: [Int]) -> Bool {
    parameters.contains { !graph.isFrozen(parameter: $0) }
  }

  /// Where a parameter's gradient goes; its layout becomes that of the master weights. What kernels
  /// compute for a frozen parameter beside another's is not kept.
  func gradient(ofParameter parameter: Int, layout: MemoryDescriptor) -> Located {
    if graph.isFrozen(parameter: parameter) { return newBuffer(layout) }
    precondition(masterLayouts[parameter] == nil, "each parameter belongs to one layer")
    masterLayouts[parameter] = layout
    gradientOrder.append(parameter)
    return Located(layout: layout, place: .gradient(parameter: parameter))
  }

  // MARK: - Gradients of values

  /// Whether anything before this value learns.
  func needsGradient(_ value: ValueID) -> Bool { trainable.contains(value) }

  /// The gradient of a value to which all its readers have contributed.
  func gradient(of value: ValueID) -> Located {
    guard let found = gradients[value] else {
      preconditionFailure("a gradient is read before any reader of the value contributed to it")
    }
    return found
  }

  /// Adds one reader's share to the gradient of a value, where anything before it learns.
  ///
  /// Shares may be arrays that other values use too (an addition passes its own gradient on), so
  /// that a second share is never added in place.
  func contribute(_ share: Located, to value: ValueID, layer: String) throws {
    guard needsGradient(value) else { return }
    guard let present = gradients[value] else {
      gradients[value] = share
      return
    }
    let share = try converted(share, to: present.layout, layer: layer)
    let sum = newBuffer(present.layout)
    try emit(
      PrimitiveDescriptor.addition(
        present.layout, share.layout, sum.layout, attributes, self, layer: layer),
      [(DNNL_ARG_SRC_0, present), (DNNL_ARG_SRC_1, share), (DNNL_ARG_DST, sum)])
    gradients[value] = sum
    accumulating.remove(value)
  }

  /// An array into which a kernel of ours puts its share of the gradient of a value.
  ///
  /// - Returns: the array, in `layout` where it is the first share, and whether the kernel has to add
  ///   to what is there.
  func accumulateGradient(of value: ValueID, layout: MemoryDescriptor, layer: String) throws -> (
    located: Located, adds: Bool
  ) {
    if let present = gradients[value], accumulating.contains(value) { return (present, true) }
    let own = newBuffer(layout)
    let foreign = gradients.updateValue(own, forKey: value)
    accumulating.insert(value)
    if let foreign {
      try emit(
        PrimitiveDescriptor.reorder(foreign.layout, layout, self, layer: layer),
        [(DNNL_ARG_FROM, foreign), (DNNL_ARG_TO, own)])
    }
    return (own, foreign != nil)
  }

  // MARK: - Steps

  /// Adds a primitive; the scratchpad it asks for is taken from the arena.
  func emit(_ descriptor: PrimitiveDescriptor, _ arguments: [(key: CInt, value: Located)]) throws {
    var arguments = arguments
    if let scratchpad = try descriptor.optionalLayout(dnnl_query_scratchpad_md) {
      arguments.append((DNNL_ARG_SCRATCHPAD, newBuffer(scratchpad)))
    }
    steps.append(
      StepDraft(
        label: try descriptor.label(),
        action: .primitive(try Primitive(descriptor), arguments: arguments)))
  }

  /// Adds a kernel of ours.
  ///
  /// - Parameters:
  ///   - label: what profiles tell: the layer alone names the kernel and its first operand's shape.
  ///   - prepare: is given the operands' addresses, in their order.
  func emit(
    _ operands: [Located], layer: String, label: StepLabel? = nil,
    prepare: @escaping ([UnsafeMutableRawPointer]) throws -> any StepKernel
  ) {
    let label =
      label
      ?? StepLabel(
        layer: layer, operation: "", shape: operands.first?.layout.shape ?? [],
        implementation: "aver", operations: nil)
    steps.append(StepDraft(label: label, action: .kernel(operands: operands, prepare: prepare)))
  }

  /// Plans every operation forward and, in training, backward from the losses.
  ///
  /// - Parameter startBackward: contributes the gradient of some value, in place of a loss.
  func build(startBackward: BackwardPlan? = nil) throws {
    learning =
      isTraining
      ? graph.learningOperations(after: trainable) : graph.operations.map { _ in false }
    for input in graph.inputs { try defineInput(input) }
    var backward: [BackwardPlan] = []
    for (index, operation) in graph.operations.enumerated() {
      (position, isLearning) = (index, learning[index])
      if let plan = try operation.plan(self), isLearning { backward.append(plan) }
    }
    for output in graph.outputs { outputs[output.name] = try defineOutput(output) }
    guard isTraining else { return }
    forwardCount = steps.count
    isLearning = true
    try startBackward?(self)
    for plan in backward.reversed() { try plan(self) }
  }

  /// How many steps have run when a parameter's gradient is there, by the parameter's index in the graph.
  var completions: [Int: Int] {
    var completions: [Int: Int] = [:]
    for (index, step) in steps.enumerated() {
      for operand in step.operands {
        if case .gradient(let parameter) = operand.place.whole {
          completions[parameter] = index + 1
        }
      }
    }
    return completions
  }

  /// An array from which the caller reads an output between runs.
  private func defineOutput(_ output: (name: String, value: ValueID)) throws -> Located {
    let plain = try converted(
      located(output.value), to: .rowMajor(shape(of: output.value), dnnl_f32), layer: output.name)
    keep(plain)
    return plain
  }
}
