import COneDNN

/// A plan's steps, ready to run: a flat list of plain values, so that running them allocates
/// nothing, looks nothing up and counts no references.
final class PreparedSteps {
  private enum Step {
    /// A primitive; the arguments of micro-batch slot s start `slotStride` · s further on.
    case primitive(
      dnnl_primitive_t, UnsafePointer<dnnl_exec_arg_t>, count: CInt, slotStride: Int)
    case softmaxCrossEntropy(SoftmaxCrossEntropy)
  }

  private let device: KernelDevice
  private let steps: UnsafeMutableBufferPointer<Step>
  private let layers: [String]
  private let sums: UnsafeMutablePointer<Float>
  private let sumsStride: Int

  // What the plain values point to.
  private let primitives: [Primitive]
  private let memories: [MemoryObject]
  private let argumentLists: [UnsafeMutablePointer<dnnl_exec_arg_t>]

  /// - Parameters:
  ///   - slotCount: slots that steps can be run for.
  ///   - addresses: resolves places.
  init(
    _ drafts: [StepDraft], device: KernelDevice, slotCount: Int, addresses: PlanAddresses
  ) throws {
    self.device = device
    var preparation = Preparation(device: device, slotCount: slotCount, addresses: addresses)
    steps = .allocate(capacity: drafts.count)
    sums = addresses.sums
    sumsStride = addresses.slotStride / MemoryLayout<Float>.stride
    layers = drafts.map(\.layer)
    do {
      for (index, draft) in drafts.enumerated() {
        steps.initializeElement(at: index, to: try preparation.step(draft))
      }
    } catch {
      preparation.argumentLists.forEach { $0.deallocate() }
      steps.deallocate()
      throw error
    }
    primitives = preparation.primitives
    memories = preparation.memories
    argumentLists = preparation.argumentLists
  }

  deinit {
    argumentLists.forEach { $0.deallocate() }
    steps.deallocate()
  }

  /// Runs all steps in order.
  ///
  /// - Parameters:
  ///   - slot: where gradients, batch statistics and sums go.
  ///   - lossScale: factor of the loss in the gradients.
  func run(slot: Int, lossScale: Float) throws {
    for index in 0..<steps.count {
      switch steps[index] {
      case .primitive(let primitive, let arguments, let count, let stride):
        let status = dnnl_primitive_execute(
          primitive, device.stream, count, arguments + slot * stride)
        if status != dnnl_success { try check(status, layer: layers[index]) }
      case .softmaxCrossEntropy(let loss):
        loss.run(scale: lossScale, sums: sums + slot * sumsStride)
      }
    }
    try check(dnnl_stream_wait(device.stream))
  }

  /// Turns drafts into steps, collecting what has to be kept alive.
  private struct Preparation {
    let device: KernelDevice
    let slotCount: Int
    let addresses: PlanAddresses
    var primitives: [Primitive] = []
    var memories: [MemoryObject] = []
    var argumentLists: [UnsafeMutablePointer<dnnl_exec_arg_t>] = []

    mutating func step(_ draft: StepDraft) throws -> Step {
      switch draft.action {
      case .softmaxCrossEntropy(let logits, let gradient):
        return .softmaxCrossEntropy(
          addresses.softmaxCrossEntropy(logits: logits, gradient: gradient))
      case .primitive(let primitive, let arguments):
        primitives.append(primitive)
        let copies = arguments.contains { $0.value.place.isInSlot } ? slotCount : 1
        let list = UnsafeMutablePointer<dnnl_exec_arg_t>.allocate(
          capacity: copies * arguments.count)
        argumentLists.append(list)
        for slot in 0..<copies {
          for (index, argument) in arguments.enumerated() {
            let memory = try MemoryObject(
              argument.value.layout, at: addresses.address(of: argument.value.place, slot: slot),
              device: device)
            memories.append(memory)
            (list + slot * arguments.count + index).initialize(
              to: dnnl_exec_arg_t(arg: argument.key, memory: memory.handle))
          }
        }
        return .primitive(
          primitive.handle, list, count: CInt(arguments.count),
          slotStride: copies > 1 ? arguments.count : 0)
      }
    }
  }
}

extension Place {
  /// Whether the address depends on the slot of the micro-batch.
  var isInSlot: Bool {
    switch self {
    case .gradient, .batchMean, .batchVariance: true
    case .buffer, .weights, .runningMean, .runningVariance: false
    }
  }
}
