import CounterRandom

/// How an epoch goes through shards.
public struct ShardWindows: Equatable, Sendable {
  /// Images of each shard, in the order of the list.
  public var sampleCounts: [Int]
  /// How many images in a row of a lane are mixed.
  public var window: Int

  /// Windows with every field given.
  public init(sampleCounts: [Int], window: Int) {
    self.sampleCounts = sampleCounts
    self.window = window
  }
}

/// An epoch's order over shards: sequential for whoever reads it, and the same for any number of ranks.
///
/// The shards of the epoch stand in random order, end to end, begun at a random place. What the epoch
/// takes of this sequence is cut into as many lanes as a step has micro-batches: micro-batch m of every
/// step takes its samples from lane m, one step after the other. A lane is mixed within windows of W
/// samples. So a rank, whose micro-batches are consecutive ones, reads consecutive lanes and nothing
/// else: 1/ranks of the bytes, from (lanes of a rank) places, going forward but for the mixing; a
/// step has samples from all over the epoch; and each sample comes once. Any place is computed on its own.
struct ShardOrder: Equatable, Sendable {
  private let windows: ShardWindows
  private let globalBatch: Int
  private let microBatch: Int
  /// Samples of a lane.
  private let laneCount: Int
  /// The shards in the order of the epoch.
  private let shards: [Int32]
  /// Where each of them starts in the sequence, and the end.
  private let starts: [Int]
  /// The first sample of each shard, in the order of the list.
  private let firstSamples: [Int]
  /// The place of the sequence where the epoch begins.
  private let rotation: Int
  private let seed: UInt64
  private let epoch: Int

  init(
    _ windows: ShardWindows, globalBatch: Int, microBatch: Int, steps: Int, seed: UInt64, epoch: Int
  ) {
    self.windows = windows
    self.globalBatch = globalBatch
    self.microBatch = microBatch
    self.seed = seed
    self.epoch = epoch
    laneCount = steps * microBatch
    var generator = CounterRandom(seed: seed, epoch: epoch, purpose: .sampleOrder)
    var shards = Array(0..<Int32(windows.sampleCounts.count))
    shards.shuffle(from: &generator)
    firstSamples = Self.starts(of: windows.sampleCounts)
    starts = Self.starts(of: shards.map { windows.sampleCounts[Int($0)] })
    rotation = generator.integer(below: max(1, firstSamples.last ?? 1))
    self.shards = shards
  }

  /// Samples of the epoch.
  var count: Int { laneCount * (globalBatch / microBatch) }

  /// The sample at a place of the epoch.
  func sample(at position: Int) -> Int32 {
    let (lane, place) = self.place(of: position)
    let window = place / windows.window
    let start = window * windows.window
    let permutation = IndexPermutation(
      count: min(windows.window, laneCount - start), key: key(lane: lane, window: window))
    return Int32(
      sample(inSequence: lane * laneCount + start + permutation.value(at: place - start)))
  }

  /// What to read ahead when a micro-batch is begun: as many samples of the next window as it takes of
  /// this one, in the order in which they lie; at the start of a lane its first window, too.
  ///
  /// - Returns: samples that lie one behind the other in a shard each.
  func upcoming(after positions: Range<Int>) -> [Range<Int>] {
    guard !positions.isEmpty else { return [] }
    let (lane, place) = self.place(of: positions.lowerBound)
    let start = place == 0 ? 0 : min(place + windows.window, laneCount)
    let end = min(place + windows.window + positions.count, laneCount)
    return runs(inSequence: (lane * laneCount + start)..<(lane * laneCount + end))
  }

  // MARK: - Parts

  private func place(of position: Int) -> (lane: Int, place: Int) {
    let (step, inStep) = position.quotientAndRemainder(dividingBy: globalBatch)
    let (lane, inMicroBatch) = inStep.quotientAndRemainder(dividingBy: microBatch)
    return (lane, step * microBatch + inMicroBatch)
  }

  private func key(lane: Int, window: Int) -> SIMD2<UInt32> {
    let windowsOfLane = (laneCount + windows.window - 1) / windows.window
    // Index 0 has the order of the shards.
    var generator = CounterRandom(
      seed: seed, epoch: epoch, index: 1 + lane * windowsOfLane + window, purpose: .sampleOrder)
    return SIMD2(generator.next32(), generator.next32())
  }

  private func sample(inSequence place: Int) -> Int {
    let turned = turned(place)
    let shard = shardPlace(of: turned)
    return firstSamples[Int(shards[shard])] + turned - starts[shard]
  }

  private func runs(inSequence places: Range<Int>) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var place = places.lowerBound
    while place < places.upperBound {
      let turned = turned(place)
      let shard = shardPlace(of: turned)
      let count = min(places.upperBound - place, starts[shard + 1] - turned)
      let first = firstSamples[Int(shards[shard])] + turned - starts[shard]
      runs.append(first..<(first + count))
      place += count
    }
    return runs
  }

  private func turned(_ place: Int) -> Int {
    let turned = place + rotation
    let end = starts[starts.count - 1]
    return turned < end ? turned : turned - end
  }

  /// The place, in the order of the epoch, of the shard that holds a place of the sequence.
  private func shardPlace(of place: Int) -> Int {
    var (low, high) = (0, starts.count - 1)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }

  private static func starts(of counts: [Int]) -> [Int] {
    counts.reduce(into: [0]) { starts, count in starts.append(starts[starts.count - 1] + count) }
  }
}
