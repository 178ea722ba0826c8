import COneDNN
import TestSupport

@testable import Nets

/// Runs one operation as a plan of its own: row-major float32 inputs, parameters and output
/// gradients in; output and every gradient out.
struct OperationHarness {
  struct Result {
    var output: [Float]
    var inputGradients: [[Float]]
    /// By parameter name.
    var parameterGradients: [String: [Float]]
    var batchStatistics: [Float]
    var parameters: ParameterStore
  }

  /// How the operation's inputs lie; those of images only.
  enum InputLayout: CaseIterable {
    case rowMajor
    case channelsLast
    case channelBlocks

    func descriptor(_ shape: [Int], _ type: dnnl_data_type_t) throws -> MemoryDescriptor {
      guard shape.count == 4 else { return try .rowMajor(shape, type) }
      return switch self {
      case .rowMajor: try .rowMajor(shape, type)
      case .channelsLast: try .strided(shape, type, order: [0, 2, 3, 1])
      case .channelBlocks: try .channelBlocks(shape, type, block: 16)
      }
    }
  }

  let precision: Precision
  var layout = InputLayout.rowMajor
  var threads = 1

  /// - Parameters:
  ///   - inputs: row-major, with the batch.
  ///   - lengths: of sequences, one a sample; the last of the values that `build` is given.
  ///   - parameters: by name; set before the run.
  ///   - outputGradient: nil runs forward only, for inference.
  ///   - draw: what random numbers are drawn for.
  ///   - build: adds the operation.
  func run(
    inputs: [Tensor], lengths: [Int32]? = nil, parameters: [Tensor] = [],
    statistics: [Tensor] = [], outputGradient: [Float]?, draw: MicroBatchDraw = .none,
    build: (inout Graph, [ValueID]) throws -> ValueID
  ) throws -> Result {
    try Engine.configure(threads: threads)
    var graph = Graph()
    let values = inputs.map { graph.input(shape: Array($0.shape.dropFirst())) }
    let lengthsValue = lengths.map { _ in graph.input("lengths", .integers, shape: []) }
    let result = try build(&graph, values + (lengthsValue.map { [$0] } ?? []))
    let builder = try PlanBuilder(
      graph: graph, batch: inputs[0].shape[0], precision: precision,
      isTraining: outputGradient != nil, device: KernelDevice())
    let type = precision.dataType
    var inputBuffers: [Located] = []
    for (value, input) in zip(values, inputs) {
      let raw = builder.newBuffer(try .rowMajor(input.shape, dnnl_f32))
      builder.keep(raw)
      inputBuffers.append(raw)
      // Operations read the precision's type; only a graph's images arrive as float32.
      builder.define(
        value,
        as:
          try builder.converted(raw, to: layout.descriptor(input.shape, type), layer: "input"))
    }
    var gradientBuffer: Located?
    if outputGradient != nil {
      try builder.build { builder in
        let raw = builder.newBuffer(
          try .rowMajor(builder.shape(of: result), dnnl_f32))
        builder.keep(raw)
        gradientBuffer = raw
        let wanted = builder.located(result).layout
        try builder.contribute(
          builder.converted(raw, to: wanted, layer: "gradient"), to: result, layer: "gradient")
      }
    } else {
      try builder.build()
    }
    let output = try plain(builder.located(result), shape: builder.shape(of: result), builder)
    let gradients =
      try outputGradient == nil
      ? []
      : zip(values, inputs).map {
        try plain(builder.gradient(of: $0), shape: $1.shape, builder)
      }
    let store =
      try outputGradient == nil
      ? ParameterStore(inferenceFor: graph) : ParameterStore(trainedBy: builder)
    let plan = try CompiledPlan(builder, parameters: store, slotCount: 1)
    try store.loadModel(parameters + statistics + missing(in: store, statistics), file: "golden")
    try plan.refreshWeights()
    for (buffer, input) in zip(inputBuffers, inputs) {
      _ = plan.floats(buffer).update(fromContentsOf: input.floats())
    }
    if let lengths {
      _ = try plan.input("lengths", as: Int32.self).update(fromContentsOf: lengths)
    }
    if let gradientBuffer, let outputGradient {
      _ = plan.floats(gradientBuffer).update(fromContentsOf: outputGradient)
    }
    try plan.run(slot: 0, lossScale: 1, draw: draw)
    let slot = UnsafeBufferPointer(plan.slot(0))
    let flat = UnsafeBufferPointer(rebasing: slot[plan.slotLayout.gradients])
    return Result(
      output: Array(plan.floats(output)),
      inputGradients: gradients.map { Array(plan.floats($0)) },
      parameterGradients: try outputGradient == nil
        ? [:]
        : Dictionary(
          uniqueKeysWithValues: store.tensors(of: flat).map { ($0.name, $0.floats()) }),
      batchStatistics: Array(slot[plan.slotLayout.statistics]), parameters: store)
  }

  private func plain(_ located: Located, shape: [Int], _ builder: PlanBuilder) throws -> Located {
    let copy = try builder.converted(
      located, to: .rowMajor(shape, dnnl_f32), layer: "result")
    builder.keep(copy)
    return copy
  }

  /// Statistics that a test leaves at their start values.
  private func missing(in store: ParameterStore, _ given: [Tensor]) throws -> [Tensor] {
    let names = Set(given.map(\.name))
    return try store.modelTensors().filter {
      $0.name.contains(".running_") && !names.contains($0.name)
    }
  }
}
