import COneDNN

/// Batch normalisation over N, H and W, with an activation fused into it where asked.
///
/// In training the statistics are those of the micro-batch; they are written into its slot, so that
/// the tree can average them over the whole batch. In inference, and where scale and shift are frozen,
/// the running statistics are used: constants.
///
/// Several inputs are normalised as if they were concatenated over channels. They never are: a kernel
/// of ours reads each where it lies and adds to its gradient there.
///
/// - Shapes: inputs `[N, Cᵢ, H, W]`, result `[N, C, H, W]`; weight (scale) and bias (shift) `[C]`,
///   C = Σ Cᵢ.
/// - Source: S. Ioffe and C. Szegedy, 2015.
struct BatchNormalization: Operation {
  /// PyTorch's default.
  static let epsilon: Float = 1e-5

  let name: String
  let inputs: [ValueID]
  let result: ValueID
  let scale: Int
  let shift: Int
  let statistics: Int
  let activation: FusedActivation

  /// What follows the normalisation in the same kernel.
  enum FusedActivation {
    case none
    case relu
    case silu
  }

  var operands: [ValueID] { inputs }
  var results: [ValueID] { [result] }
  var parameters: [Int] { [scale, shift] }

  func plan(_ builder: PlanBuilder) throws -> BackwardPlan? {
    let statistics = builder.graph.statistics[statistics]
    let isConstant = usesRunningStatistics(builder)
    if !isConstant, builder.batch * statistics.elementsPerSample < 2 {
      throw NetsError.shape(
        layer: name,
        problem: "one value a channel has no variance; use a larger image or batch.micro >= 2")
    }
    // oneDNN reads one array, and takes 45 times as long for bfloat16 where channels do not fill
    // its blocks.
    // It has no SiLU either, which would read and write everything once more, and no gradient of the
    // input alone, by running statistics.
    if inputs.count == 1, activation != .silu, !(builder.isLearning && isConstant),
      builder.precision == .f32 || statistics.channels % 16 == 0
    {
      return try planLibrary(input: inputs[0], builder)
    }
    return try planChannels(builder)
  }

  /// Whether mean and variance are constants.
  func usesRunningStatistics(_ builder: PlanBuilder) -> Bool {
    !builder.isTraining || builder.graph.isFrozen(statistics: statistics)
  }

  /// Where mean and variance are read: those of the micro-batch, or the running ones.
  func moments(_ builder: PlanBuilder) throws -> (mean: Located, variance: Located) {
    let vector = try vector(builder)
    let isRunning = usesRunningStatistics(builder)
    return (
      Located(
        layout: vector,
        place: isRunning
          ? .runningMean(statistics: statistics) : .batchMean(statistics: statistics)),
      Located(
        layout: vector,
        place: isRunning
          ? .runningVariance(statistics: statistics) : .batchVariance(statistics: statistics))
    )
  }

  /// The layout of what there is one of for each channel.
  func vector(_ builder: PlanBuilder) throws -> MemoryDescriptor {
    try .rowMajor([builder.graph.statistics[statistics].channels], dnnl_f32)
  }
}

extension Graph {
  /// Adds a batch normalisation, followed by an activation where asked.
  ///
  /// - Shapes: `[C, H, W]` to the same.
  /// - Parameters: `name`.weight and `name`.bias `[C]`, starting at 1 and 0; running statistics
  ///   `name`.running_mean and `name`.running_var `[C]`.
  public mutating func batchNormalization(
    _ input: ValueID, name: String, activation: ActivationFunction? = nil
  ) throws -> ValueID {
    try batchNormalization(concatenating: [input], name: name, activation: activation)
  }

  /// Adds a batch normalisation of the concatenation of values over channels; nothing is copied.
  ///
  /// - Shapes: `[Cᵢ, H, W]` to `[Σ Cᵢ, H, W]`.
  /// - Parameters: as of one input of Σ Cᵢ channels.
  public mutating func batchNormalization(
    concatenating inputs: [ValueID], name: String, activation: ActivationFunction? = nil
  ) throws -> ValueID {
    let shapes = try inputs.map { try spatialShape(of: $0, layer: name) }
    guard let first = shapes.first,
      shapes.allSatisfy({ ($0.height, $0.width) == (first.height, first.width) })
    else {
      throw NetsError.shape(
        layer: name, problem: "cannot concatenate \(inputs.map { shape(of: $0) }) over channels")
    }
    let channels = shapes.reduce(0) { $0 + $1.channels }
    guard let rows = rows(of: inputs[0]).countOfSample,
      inputs.allSatisfy({ self.rows(of: $0) == self.rows(of: inputs[0]) })
    else {
      throw NetsError.shape(
        layer: name, problem: "normalises whole batches, got \(inputs.map { self.rows(of: $0) })")
    }
    let scale = parameter(
      ParameterSpecification(
        name: "\(name).weight", shape: [channels], decays: false, initialization: .constant(1)))
    let shift = parameter(
      ParameterSpecification(
        name: "\(name).bias", shape: [channels], decays: false, initialization: .constant(0)))
    let statistics = statistics(
      StatisticsSpecification(
        name: name, channels: channels, elementsPerSample: rows * first.height * first.width))
    let fused: BatchNormalization.FusedActivation? =
      switch activation {
      case .relu: .relu
      case .silu: .silu
      default: nil
      }
    let result = result(shape: [channels, first.height, first.width], of: inputs[0])
    append(
      BatchNormalization(
        name: name, inputs: inputs, result: result, scale: scale, shift: shift,
        statistics: statistics, activation: fused ?? .none))
    guard let activation, fused == nil else { return result }
    return self.activation(result, name: "\(name).activation", activation)
  }
}
