import COneDNN

/// A plan's steps, ready to run: a flat list of plain values, so that running them allocates
/// nothing, looks nothing up and counts no references.
final class PreparedSteps {
  private enum Step {
    /// A primitive; the arguments of micro-batch slot s start `slotStride` · s further on.
    case primitive(
      dnnl_primitive_t, UnsafePointer<dnnl_exec_arg_t>, count: CInt, slotStride: Int)
    /// A kernel of ours; that of micro-batch slot s stands `slotStride` · s further on.
    case kernel(UnsafePointer<any StepKernel>, slotStride: Int)
  }

  private let device: KernelDevice
  private let steps: FixedList<Step>
  private let labels: [StepLabel]
  /// Where each slot's sums start.
  private let sums: FixedList<UnsafeMutablePointer<Float>>
  private let sumsCount: Int
  /// Of each step the arrays that it reads and writes for slot 0, as far as they hold floating-point numbers.
  private let arrays: [[FloatArray]]
  /// What the plain values point to.
  private let preparation: Preparation

  /// - Parameters:
  ///   - slotCount: slots that steps can be run for.
  ///   - addresses: resolves places.
  init(
    _ drafts: [StepDraft], device: KernelDevice, slotCount: Int, addresses: PlanAddresses
  ) throws {
    self.device = device
    var preparation = Preparation(device: device, slotCount: slotCount, addresses: addresses)
    steps = FixedList(try drafts.map { try preparation.step($0) })
    self.preparation = preparation
    sums = FixedList(addresses.sums)
    labels = zip(drafts, preparation.kernelNames).map { $0.label.named($1) }
    sumsCount = addresses.slotLayout.sums.count
    arrays = drafts.map { draft in
      draft.arrays.compactMap { FloatArray($0, at: addresses.address(of: $0.place, slot: 0)) }
    }
  }

  /// Runs the first steps once more, each followed by a look at its arrays.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - draw: what random numbers are drawn for.
  /// - Returns: the layer of the first step that has a value which is not finite; nil where none has.
  func firstNonFiniteLayer(ofFirst count: Int, draw: MicroBatchDraw) throws -> String? {
    let context = StepContext(lossScale: 1, sums: sums.elements[0], draw: draw)
    startSums(context.sums)
    for index in 0..<count {
      try run(index..<index + 1, slot: 0, context)
      if arrays[index].contains(where: \.hasNonFinite) { return labels[index].layer }
    }
    return nil
  }

  /// Runs all steps in order.
  ///
  /// - Parameters:
  ///   - slot: where gradients, batch statistics and sums go.
  ///   - lossScale: factor of the loss in the gradients.
  ///   - draw: what random numbers are drawn for.
  func run(slot: Int, lossScale: Float, draw: MicroBatchDraw) throws {
    try run(slot: slot, lossScale: lossScale, draw: draw, pausingAfter: []) { _ in }
  }

  /// Runs all steps in order, with pauses in which everything before has been computed.
  ///
  /// - Parameters:
  ///   - ends: how many steps are run before each pause; ascending.
  ///   - pause: is told which one it is.
  func run(
    slot: Int, lossScale: Float, draw: MicroBatchDraw, pausingAfter ends: [Int],
    _ pause: (Int) throws -> Void
  ) throws {
    let context = StepContext(lossScale: lossScale, sums: sums.elements[slot], draw: draw)
    startSums(context.sums)
    var next = 0
    for (place, end) in ends.enumerated() {
      try run(next..<end, slot: slot, context)
      try pause(place)
      next = end
    }
    try run(next..<steps.count, slot: slot, context)
  }

  private func run(_ range: Range<Int>, slot: Int, _ context: StepContext) throws {
    for index in range { try runStep(index, slot: slot, context) }
    try check(dnnl_stream_wait(device.stream))
  }

  /// Runs all steps in order, `repetitions` times, and tells how long each of them took.
  func profile(slot: Int, lossScale: Float, repetitions: Int) throws -> [StepProfile] {
    let context = StepContext(lossScale: lossScale, sums: sums.elements[slot], draw: .none)
    startSums(context.sums)
    var seconds = [Double](repeating: 0, count: steps.count)
    for _ in 0..<repetitions {
      for index in 0..<steps.count {
        let start = ContinuousClock.now
        try runStep(index, slot: slot, context)
        try check(dnnl_stream_wait(device.stream))
        seconds[index] += start.duration(to: .now) / .seconds(1)
      }
    }
    return zip(labels, seconds).map { StepProfile($0, seconds: $1 / Double(repetitions)) }
  }

  private func runStep(_ index: Int, slot: Int, _ context: StepContext) throws {
    switch steps.elements[index] {
    case .primitive(let primitive, let arguments, let count, let stride):
      let status = dnnl_primitive_execute(
        primitive, device.stream, count, arguments + slot * stride)
      if status != dnnl_success { try check(status, layer: labels[index].layer) }
    case .kernel(let kernels, let stride):
      try kernels[slot * stride].run(context)
    }
  }

  /// Losses add to their sums, or leave them at zero where they have no support.
  private func startSums(_ sums: UnsafeMutablePointer<Float>) {
    guard sumsCount > 0 else { return }
    sums.update(repeating: 0, count: sumsCount)
    sums[StepSum.microBatches.rawValue] = 1
  }

  /// Turns drafts into steps, collecting what has to be kept alive.
  private struct Preparation {
    let device: KernelDevice
    let slotCount: Int
    let addresses: PlanAddresses
    private var primitives: [Primitive] = []
    private var memories: [MemoryObject] = []
    private var argumentLists: [FixedList<dnnl_exec_arg_t>] = []
    private var kernelLists: [FixedList<any StepKernel>] = []
    /// Of each step the type of our kernel, nil for primitives.
    private(set) var kernelNames: [String?] = []

    init(device: KernelDevice, slotCount: Int, addresses: PlanAddresses) {
      self.device = device
      self.slotCount = slotCount
      self.addresses = addresses
    }

    mutating func step(_ draft: StepDraft) throws -> Step {
      // One of what depends on the slot for each slot.
      let copies = draft.operands.contains { $0.place.isInSlot } ? slotCount : 1
      switch draft.action {
      case .kernel(let operands, let prepare):
        let kernels = try (0..<copies).map { slot in
          try prepare(operands.map { addresses.address(of: $0.place, slot: slot) })
        }
        let list = FixedList(kernels)
        kernelLists.append(list)
        kernelNames.append(kernels.first.map { "\(type(of: $0))" } ?? "")
        return .kernel(list.elements, slotStride: copies > 1 ? 1 : 0)
      case .primitive(let primitive, let arguments):
        primitives.append(primitive)
        let list = FixedList(
          try (0..<copies).flatMap { slot in
            try arguments.map { try argument($0.key, $0.value, slot: slot) }
          })
        argumentLists.append(list)
        kernelNames.append(nil)
        return .primitive(
          primitive.handle, list.elements, count: CInt(arguments.count),
          slotStride: copies > 1 ? arguments.count : 0)
      }
    }

    private mutating func argument(
      _ key: CInt, _ value: Located, slot: Int
    ) throws -> dnnl_exec_arg_t {
      let memory = try MemoryObject(
        value.layout, at: addresses.address(of: value.place, slot: slot), device: device)
      memories.append(memory)
      return dnnl_exec_arg_t(arg: key, memory: memory.handle)
    }
  }
}

extension Place {
  /// Whether the address depends on the slot of the micro-batch.
  var isInSlot: Bool {
    switch self {
    case .gradient, .batchMean, .batchVariance: true
    case .part(let place, _): place.isInSlot
    case .buffer, .weights, .derived, .runningMean, .runningVariance: false
    }
  }
}

/// An array of floating-point numbers in memory.
private struct FloatArray {
  private let bytes: UnsafeRawBufferPointer
  private let isBFloat16: Bool

  /// Nil for numbers of other types.
  init?(_ located: Located, at address: UnsafeMutableRawPointer) {
    switch located.layout.dataType {
    case dnnl_f32: isBFloat16 = false
    case dnnl_bf16: isBFloat16 = true
    default: return nil
    }
    bytes = UnsafeRawBufferPointer(start: address, count: located.layout.byteCount)
  }

  /// Whether any of them is infinite or not a number: all bits of the exponent are set.
  var hasNonFinite: Bool {
    isBFloat16
      ? bytes.bindMemory(to: UInt16.self).contains { $0 & 0x7F80 == 0x7F80 }
      : bytes.bindMemory(to: UInt32.self).contains { $0 & 0x7F80_0000 == 0x7F80_0000 }
  }
}
