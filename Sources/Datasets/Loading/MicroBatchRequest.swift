/// The samples of an epoch, in the order in which training takes them.
public struct EpochOrder: Equatable, Sendable {
  /// The epoch, counted from 0.
  public var epoch: Int
  /// Indices into the manifest's records.
  public var samples: [Int32]
  /// How often the epoch drew each sample before; empty where it draws none twice.
  public var draws: [Int32]

  /// An order with every field given.
  public init(epoch: Int, samples: [Int32], draws: [Int32] = []) {
    self.epoch = epoch
    self.samples = samples
    self.draws = draws
  }

  /// How often the epoch drew the sample at `position` before.
  func draw(at position: Int) -> Int32 { draws.isEmpty ? 0 : draws[position] }
}

/// Which samples one micro-batch has: a piece of an epoch's order, which all requests share.
public struct MicroBatchRequest: Equatable, Sendable {
  /// Stands for a place without a sample, which is masked.
  public static let padding: Int32 = -1

  /// The whole epoch.
  public var order: EpochOrder
  /// The piece of the order.
  public var positions: Range<Int>
  /// Whether another sample of the epoch takes the place of one that cannot be read.
  public var substitutes: Bool

  /// A micro-batch of an epoch's order.
  public init(order: EpochOrder, positions: Range<Int>, substitutes: Bool) {
    self.order = order
    self.positions = positions
    self.substitutes = substitutes
  }

  /// A micro-batch of given samples, `padding` where there is none; nothing is substituted.
  public init(epoch: Int, sampleIndices: [Int32]) {
    self.init(
      order: EpochOrder(epoch: epoch, samples: sampleIndices),
      positions: sampleIndices.indices, substitutes: false)
  }

  /// The epoch, counted from 0.
  public var epoch: Int { order.epoch }
  /// Indices into the manifest's records, `padding` where there is none.
  public var sampleIndices: ArraySlice<Int32> { order.samples[positions] }

  /// Where the order has the substitutes for its sample at `position`, best first.
  ///
  /// From half an epoch further on: far from the place itself, so that a batch is unlikely to have the
  /// same face twice, and the same whichever rank asks.
  func substitutePositions(for position: Int) -> LazyMapSequence<Range<Int>, Int> {
    let count = order.samples.count
    return (0..<max(0, count - 1)).lazy.map { (position + count / 2 + $0) % count }
  }
}
