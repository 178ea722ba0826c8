import CounterRandom

/// A step that no primitive of oneDNN does well, ready to run: plain addresses and sizes, no
/// allocation, the same bits whenever its inputs have the same bits.
protocol StepKernel {
  /// - Throws: `NetsError.kernel` where it runs primitives within and one of them fails.
  func run(_ context: StepContext) throws
}

/// Brings an array that is computed from parameters up to date: plain addresses and sizes, no
/// allocation, the same bits whenever the parameters have the same bits.
protocol WeightsKernel {
  /// - Throws: `NetsError.kernel` where it runs primitives within and one of them fails.
  func run() throws
}

/// What a step is told when it runs.
struct StepContext {
  /// Factor of the loss in the gradients.
  let lossScale: Float
  /// The sums of the micro-batch's slot.
  let sums: UnsafeMutablePointer<Float>
  /// What random numbers are drawn for.
  let draw: MicroBatchDraw
}

/// Which micro-batch random numbers belong to: the same numbers on whichever rank computes it.
public struct MicroBatchDraw: Equatable, Sendable {
  /// The seed of the run.
  public var seed: UInt64
  /// The update that the micro-batch is part of, counted from 0.
  public var step: Int
  /// The micro-batch among those of the global batch.
  public var microBatch: Int

  /// A micro-batch of a run.
  public init(seed: UInt64, step: Int, microBatch: Int) {
    self.seed = seed
    self.step = step
    self.microBatch = microBatch
  }

  /// For what draws nothing.
  public static let none = MicroBatchDraw(seed: 0, step: 0, microBatch: 0)
}

extension MicroBatchDraw {
  /// The numbers of one layer for this micro-batch.
  ///
  /// - Parameter layer: the layer's index among those that draw; below 2¹⁶.
  func random(layer: Int, _ purpose: RandomPurpose) -> CounterRandom {
    CounterRandom(
      seed: seed, epoch: step, index: layer << 32 | microBatch, purpose: purpose)
  }
}
