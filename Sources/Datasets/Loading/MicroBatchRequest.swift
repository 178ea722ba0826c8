/// The samples of an epoch, in the order in which training takes them.
public struct EpochOrder: Equatable, Sendable {
  private enum Samples: Equatable {
    /// One by one, and how often each was drawn before, where any is drawn twice.
    case listed([Int32], draws: [Int32])
    case sharded(ShardOrder)
  }

  /// The epoch, counted from 0.
  public let epoch: Int
  private let order: Samples

  /// An order of listed samples.
  ///
  /// - Parameters:
  ///   - samples: indices into the manifest's records.
  ///   - draws: how often the epoch drew each sample before; empty where it draws none twice.
  public init(epoch: Int, samples: [Int32], draws: [Int32] = []) {
    self.epoch = epoch
    order = .listed(samples, draws: draws)
  }

  init(epoch: Int, shards: ShardOrder) {
    self.epoch = epoch
    order = .sharded(shards)
  }

  /// Samples of the epoch.
  public var count: Int {
    switch order {
    case .listed(let samples, _): samples.count
    case .sharded(let shards): shards.count
    }
  }

  /// The sample at `position`, as an index into the manifest's records.
  public func sample(at position: Int) -> Int32 {
    switch order {
    case .listed(let samples, _): samples[position]
    case .sharded(let shards): shards.sample(at: position)
    }
  }

  /// How often the epoch drew the sample at `position` before.
  public func draw(at position: Int) -> Int32 {
    guard case .listed(_, let draws) = order, !draws.isEmpty else { return 0 }
    return draws[position]
  }

  /// Samples that will soon be read, as they lie in their shards; see `ShardOrder`.
  func upcoming(after positions: Range<Int>) -> [Range<Int>] {
    guard case .sharded(let shards) = order else { return [] }
    return shards.upcoming(after: positions)
  }
}

/// Which samples one micro-batch has: a piece of an epoch's order, which all requests share.
public struct MicroBatchRequest: Equatable, Sendable {
  /// Stands for a place without a sample, which is masked.
  public static let padding: Int32 = -1

  /// How many substitutes are tried for a sample.
  ///
  /// Where half of the images cannot be read, 64 in a row fail once in 10¹⁹ times. Where all are gone, as
  /// when a file system is unmounted, this is what each sample costs until the run ends.
  static let mostSubstitutes = 64

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
  public var sampleIndices: [Int32] { positions.map(order.sample) }

  /// Where the order has the substitutes for its sample at `position`, best first: at most
  /// `mostSubstitutes`, never the place itself.
  ///
  /// From half an epoch further on: far from the place itself, so that a batch is unlikely to have the
  /// same face twice, and the same whichever rank asks. They are spread over the epoch, so that
  /// neighbours lost together (a shard, a folder) do not use them up.
  func substitutePositions(for position: Int) -> LazyMapSequence<Range<Int>, Int> {
    let count = order.count
    let others = max(0, count - 1)
    let tries = min(others, Self.mostSubstitutes)
    return (0..<tries).lazy.map {
      (position + 1 + (count / 2 - 1 + $0 * others / tries) % others) % count
    }
  }
}
