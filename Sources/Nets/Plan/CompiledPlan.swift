import COneDNN

/// Resolves the places of a plan to addresses.
struct PlanAddresses {
  let parameters: ParameterStore
  let arena: UnsafeMutableRawPointer
  let bufferOffsets: [Int]
  /// Address of each weights request: the master weights or a copy in another layout.
  let weights: [UnsafeMutableRawPointer]
  /// Address of each array that is computed from the weights.
  let derived: [UnsafeMutableRawPointer]
  let slots: [UnsafeMutableRawPointer]
  let slotLayout: SlotLayout

  func address(of place: Place, slot: Int) -> UnsafeMutableRawPointer {
    switch place {
    case .buffer(let buffer):
      arena + bufferOffsets[buffer]
    case .part(let place, let byteOffset):
      address(of: place, slot: slot) + byteOffset
    case .weights(let request):
      weights[request]
    case .derived(let array):
      derived[array]
    case .gradient(let parameter):
      element(parameters.parameters[parameters.positions[parameter]].range.lowerBound, slot: slot)
    case .batchMean(let index):
      element(
        slotLayout.statistics.lowerBound + parameters.statistics.offsets[index].mean, slot: slot)
    case .batchVariance(let index):
      element(
        slotLayout.statistics.lowerBound + parameters.statistics.offsets[index].variance,
        slot: slot)
    case .runningMean(let index):
      parameters.address(ofRunningMean: index)
    case .runningVariance(let index):
      parameters.address(ofRunningVariance: index)
    }
  }

  /// Where the sums of each slot start.
  var sums: [UnsafeMutablePointer<Float>] {
    slots.indices.map {
      element(slotLayout.sums.lowerBound, slot: $0).assumingMemoryBound(to: Float.self)
    }
  }

  private func element(_ index: Int, slot: Int) -> UnsafeMutableRawPointer {
    slots[slot] + index * MemoryLayout<Float>.stride
  }
}

/// What training and inference plans share: memory laid out, weights copied, steps prepared.
final class CompiledPlan {
  let parameters: ParameterStore
  let slotLayout: SlotLayout
  let addresses: PlanAddresses
  /// Bytes of the arena, and of its buffers if none shared memory.
  let arenaBytes: Int
  let unsharedBytes: Int
  /// All steps, and those of the backward pass.
  let stepCount: Int
  let backwardCount: Int
  /// Activations and gradients that had to change their layout.
  let reorderCount: Int

  /// For each trained parameter, by its place in `parameters`, how many steps have run when its gradient is there.
  let completions: [Int: Int]

  private let names: NamedArrays
  private let steps: PreparedSteps
  private let weights: WeightsCopies
  private let device: KernelDevice
  // What the addresses point into.
  private let memories: [AlignedMemory]

  /// - Parameters:
  ///   - slotCount: gradient vectors to hold at once.
  ///   - first: the memory of the first of them, which the caller keeps; nil for memory of the plan's own.
  init(
    _ builder: PlanBuilder, parameters: ParameterStore, slotCount: Int,
    first: UnsafeMutableRawPointer? = nil
  ) throws {
    self.parameters = parameters
    device = builder.device
    slotLayout = SlotLayout(builder, parameters)
    names = NamedArrays(builder)
    let plan = MemoryPlan(sizes: builder.bufferBytes, lifetimes: builder.lifetimes())
    let arena = try AlignedMemory(byteCount: plan.byteCount, purpose: "activations")
    let copies = try WeightsCopies(builder, of: parameters)
    let stride = MemoryPlan.aligned(slotLayout.count * MemoryLayout<Float>.stride)
    let ownCount = max(0, first == nil ? slotCount : slotCount - 1)
    let slots = try AlignedMemory(byteCount: stride * ownCount, purpose: "gradients")
    addresses = PlanAddresses(
      parameters: parameters, arena: arena.address, bufferOffsets: plan.offsets,
      weights: copies.addresses, derived: copies.derivedAddresses,
      slots: (first.map { [$0] } ?? []) + (0..<ownCount).map { slots.address + $0 * stride },
      slotLayout: slotLayout)
    steps = try PreparedSteps(
      builder.steps, device: device, slotCount: slotCount, addresses: addresses)
    completions = builder.completions.reduce(into: [:]) { completions, gradient in
      completions[parameters.positions[gradient.key]] = gradient.value
    }
    weights = copies
    arenaBytes = plan.byteCount
    unsharedBytes = builder.bufferBytes.reduce(0, +)
    stepCount = builder.steps.count
    backwardCount = builder.steps.count - builder.forwardCount
    reorderCount = builder.reorderCount
    memories = [arena, slots]
  }

  func run(slot: Int, lossScale: Float, draw: MicroBatchDraw = .none) throws {
    try steps.run(slot: slot, lossScale: lossScale, draw: draw)
  }

  func run(
    slot: Int, lossScale: Float, draw: MicroBatchDraw, pausingAfter ends: [Int],
    _ pause: (Int) throws -> Void
  ) throws {
    try steps.run(slot: slot, lossScale: lossScale, draw: draw, pausingAfter: ends, pause)
  }

  /// The layer whose forward step is the first that has a value which is not finite; nil where none has. Overwrites
  /// slot 0.
  func firstNonFiniteLayer(draw: MicroBatchDraw) throws -> String? {
    try steps.firstNonFiniteLayer(ofFirst: stepCount - backwardCount, draw: draw)
  }

  func profile(slot: Int, lossScale: Float, repetitions: Int) throws -> [StepProfile] {
    try steps.profile(slot: slot, lossScale: lossScale, repetitions: repetitions)
  }

  /// Brings the copies of the weights up to date with the master weights.
  func refreshWeights() throws { try weights.refresh() }

  /// The same where frozen parameters and statistics have not changed since.
  func refreshTrainedWeights() throws { try weights.refreshTrained() }

  /// A slot's elements.
  func slot(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      start: addresses.slots[index].assumingMemoryBound(to: Float.self),
      count: slotLayout.count)
  }

  /// The elements of an input, by its name.
  func input<Element: BitwiseCopyable>(
    _ name: String, as type: Element.Type
  ) throws -> UnsafeMutableBufferPointer<Element> {
    elements(try names.input(name, isInteger: type == Int32.self))
  }

  /// The images of an input, by its name.
  func pixels(_ name: String) throws -> PixelArray {
    let (located, format) = try names.pixels(name)
    return PixelArray(
      bytes: UnsafeMutableRawBufferPointer(elements(located, as: UInt8.self)), format: format)
  }

  /// The elements of an output, by its name.
  func output(_ name: String) throws -> UnsafeMutableBufferPointer<Float> {
    floats(try names.output(name))
  }

  /// The bytes of all inputs and of all outputs.
  var inputs: [UnsafeMutableRawBufferPointer] {
    names.locatedInputs.map { UnsafeMutableRawBufferPointer(elements($0, as: UInt8.self)) }
  }
  var outputs: [UnsafeMutableRawBufferPointer] {
    names.locatedOutputs.map { UnsafeMutableRawBufferPointer(elements($0, as: UInt8.self)) }
  }

  /// The elements of a float32 buffer of the arena.
  func floats(_ located: Located) -> UnsafeMutableBufferPointer<Float> { elements(located) }

  /// The elements of a buffer of the arena.
  func elements<Element: BitwiseCopyable>(
    _ located: Located, as type: Element.Type = Element.self
  ) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(
      start: addresses.address(of: located.place, slot: 0).assumingMemoryBound(to: type),
      count: located.layout.byteCount / MemoryLayout<Element>.stride)
  }
}

extension ParameterStore {
  /// Where a parameter's master weights start, by its index in the graph.
  func address(ofParameter index: Int) -> UnsafeMutableRawPointer {
    guard let base = values.baseAddress else {
      preconditionFailure("a graph with parameters has master weights")
    }
    return UnsafeMutableRawPointer(base + parameters[positions[index]].range.lowerBound)
  }

  /// Where running means start, by the index of the statistics in the graph.
  func address(ofRunningMean index: Int) -> UnsafeMutableRawPointer {
    addressOfStatistics(at: statistics.offsets[index].mean)
  }

  /// Where running variances start, by the index of the statistics in the graph.
  func address(ofRunningVariance index: Int) -> UnsafeMutableRawPointer {
    addressOfStatistics(at: statistics.offsets[index].variance)
  }

  private func addressOfStatistics(at offset: Int) -> UnsafeMutableRawPointer {
    guard let base = runningStatistics.baseAddress else {
      preconditionFailure("a graph with batch normalisation has running statistics")
    }
    return UnsafeMutableRawPointer(base + offset)
  }
}
