// The public surface that the other modules are written against; bodies follow.

public enum Precision: String, Sendable, CaseIterable, Codable { case f32, bf16 }

public enum ModelName: String, CaseIterable, Sendable, Codable { case resnet18, resnet50 }

public struct ModelDescription: Sendable, Equatable {
  public var name: ModelName
  public var classes: Int
  /// Height and width of the square input.
  public var imageSize: Int
  public init(name: ModelName, classes: Int, imageSize: Int) {
    self.name = name
    self.classes = classes
    self.imageSize = imageSize
  }
}

public enum NetsError: Error { case skeleton }

/// The kernels' process-wide settings.
public enum Engine {
  /// Sets the number of threads that kernels use; call once, on the thread that runs plans, before any plan is built.
  public static func configure(threads: Int) throws {}
  /// What the bits of a result depend on besides the inputs.
  public static func identity() -> EngineIdentity {
    EngineIdentity(library: "oneDNN 0", instructionSet: "", threads: 1)
  }
}

public struct EngineIdentity: Codable, Equatable, Sendable {
  public var library: String  // "oneDNN 2.6.3"
  public var instructionSet: String  // effective, e.g. "avx512_core_bf16"
  public var threads: Int
}

public struct ParameterInfo: Sendable {
  public var name: String  // torchvision's
  public var shape: [Int]  // torchvision's
  public var range: Range<Int>  // elements of the flat vector, padding of blocked layouts included
  public var decays: Bool  // false for normalisation parameters and biases
}

public final class ParameterStore {
  public var parameters: [ParameterInfo] { [] }
  /// Elements of the flat vector [P].
  public var elementCount: Int { 0 }
  /// Float32 master weights, flat [P], in the plan's layout (any elementwise optimizer may work on it;
  /// padding elements have zero weight and zero gradient).
  public var values: UnsafeMutableBufferPointer<Float> { .init(start: nil, count: 0) }
  /// Kaiming-normal etc., torchvision's initialisation, from the counter-based generator.
  public func initialise(seed: UInt64) {}
  /// Any flat vector in the plan's layout (weights, momentum) as tensors with torchvision's names and shapes.
  public func tensors(of flat: UnsafeBufferPointer<Float>) throws -> [Tensor] { [] }
  /// The reverse of `tensors(of:)`. `file` is named in errors.
  public func load(
    _ tensors: [Tensor], into flat: UnsafeMutableBufferPointer<Float>, file: String
  ) throws {}
  /// Parameters and running statistics, as torchvision's state_dict has them (num_batches_tracked included).
  public func modelTensors() throws -> [Tensor] { [] }
  public func loadModel(_ tensors: [Tensor], file: String) throws {}
  /// running = (1 - momentum) * running + momentum * batch, with the batch statistics' mean over the
  /// micro-batches of the step (the `statistics` range of a reduced slot, already divided by M).
  public func updateRunningStatistics(from batchStatistics: UnsafeBufferPointer<Float>) {}
}

/// Where things lie in a slot, the flat float32 vector that one micro-batch produces and the tree reduces.
public struct SlotLayout: Sendable {
  public var gradients: Range<Int>
  public var statistics: Range<Int>
  /// Sums over the samples: [loss numerator, weight sum, correctly classified].
  public var sums: Range<Int>
  public var count: Int { sums.upperBound }
}

/// Forward and backward of one micro-batch.
public final class TrainingPlan {
  public let parameters: ParameterStore
  public init(
    model: ModelDescription, microBatch: Int, precision: Precision, gradientSlots: Int
  ) throws { parameters = ParameterStore() }
  public var slotLayout: SlotLayout { .init(gradients: 0..<0, statistics: 0..<0, sums: 0..<0) }
  public func slot(_ index: Int) -> UnsafeMutableBufferPointer<Float> {
    .init(start: nil, count: 0)
  }
  /// Consecutive ranges of a slot, in the order in which the backward pass completes them; the last one
  /// also holds statistics and sums.
  public func buckets(capacityBytes: Int) -> [Range<Int>] { [] }
  /// Input, float32, NHWC [microBatch, imageSize, imageSize, 3], normalised.
  public var images: UnsafeMutableBufferPointer<Float> { .init(start: nil, count: 0) }
  /// Input, [microBatch], class indices.
  public var labels: UnsafeMutableBufferPointer<Int32> { .init(start: nil, count: 0) }
  /// Input, [microBatch], weight of each sample in the loss (0 masks it).
  public var sampleWeights: UnsafeMutableBufferPointer<Float> { .init(start: nil, count: 0) }
  /// Runs forward and backward on the inputs: `slot` is overwritten with
  /// gradients of lossScale * Σ weight_i * loss_i, the batch statistics and the sums (which are not scaled).
  public func run(slot: Int, lossScale: Float) throws {}
  /// Must be called after `parameters.values` changed and before the next `run`.
  public func refreshWeights() throws {}
  /// Bytes of the memory plan, for reports.
  public var arenaBytes: Int { 0 }
}

/// Forward only, with running statistics.
public final class InferencePlan {
  public init(
    model: ModelDescription, batch: Int, precision: Precision, parameters: ParameterStore
  ) throws {}
  public var images: UnsafeMutableBufferPointer<Float> { .init(start: nil, count: 0) }
  /// Output, float32 [batch, classes].
  public var logits: UnsafeMutableBufferPointer<Float> { .init(start: nil, count: 0) }
  public func run() throws {}
  public func refreshWeights() throws {}
}
extension ParameterStore {
  /// A store for inference only (evaluate, extract), with plain layouts.
  public convenience init(inferenceFor model: ModelDescription) throws { self.init() }
}
