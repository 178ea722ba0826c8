import COneDNN

/// Where an argument of a primitive lies. Addresses are known only after the whole plan is laid out.
enum Place: Hashable {
  /// A buffer of the arena.
  case buffer(Int)
  /// What starts so many bytes within an array.
  indirect case part(of: Place, byteOffset: Int)
  /// The float32 master copy of a parameter, or a copy in the layout of a `weights` request.
  case weights(request: Int)
  /// What is computed from parameters whenever they change.
  case derived(Int)
  /// A parameter's gradient in the slot of the micro-batch.
  case gradient(parameter: Int)
  /// Mean or variance of the micro-batch, in its slot.
  case batchMean(statistics: Int)
  case batchVariance(statistics: Int)
  /// Mean or variance that evaluation uses.
  case runningMean(statistics: Int)
  case runningVariance(statistics: Int)
}

extension Place {
  /// The whole array that this is, or is a part of.
  var whole: Place {
    if case .part(let place, _) = self { place.whole } else { self }
  }
}

/// An array of the plan: its layout and where it lies.
struct Located {
  let layout: MemoryDescriptor
  let place: Place
}

/// A primitive with symbolic arguments.
struct StepDraft {
  enum Action {
    case primitive(Primitive, arguments: [(key: CInt, value: Located)])
    /// A kernel of ours; `prepare` is given the operands' addresses, in their order.
    case kernel(operands: [Located], prepare: ([UnsafeMutableRawPointer]) throws -> any StepKernel)
  }
  let label: StepLabel
  let action: Action

  /// Everything the step reads or writes.
  var operands: [Located] {
    switch action {
    case .primitive(_, let arguments): arguments.map(\.value)
    case .kernel(let operands, _): operands
    }
  }

  /// What the step computes with, but for memory that only it uses.
  var arrays: [Located] {
    switch action {
    case .primitive(_, let arguments):
      arguments.filter { $0.key != DNNL_ARG_SCRATCHPAD }.map(\.value)
    case .kernel(let operands, _): operands
    }
  }
}

/// An array that is computed from parameters and running statistics whenever they change.
struct DerivedWeights {
  let byteCount: Int
  /// Parameters in the layouts in which they are read, running statistics, arrays derived before.
  let sources: [Located]
  /// Bytes that are needed while it is computed.
  let scratchBytes: Int
  let prepare: (DerivedWeightsMemory) throws -> any WeightsKernel
}

/// Where an array that is computed from parameters finds what it needs.
struct DerivedWeightsMemory {
  let array: UnsafeMutableRawPointer
  /// Of each source, in their order.
  let sources: [UnsafeMutableRawPointer]
  /// Shared by all arrays: they are computed one after the other.
  let scratch: UnsafeMutableRawPointer
  /// The master weights, in their own layouts.
  let parameters: ParameterStore
}

/// A layout in which some primitive reads a parameter.
struct WeightsRequest {
  let parameter: Int
  let layout: MemoryDescriptor
}
