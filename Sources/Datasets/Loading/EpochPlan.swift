import CounterRandom

/// How an epoch draws its samples: the setting `data.sampling`.
public enum Sampling: String, Sendable, CaseIterable {
  /// Every sample once, in random order.
  case shuffled
  /// Every class equally often, whatever its size: samples of rare classes come more than once.
  case balanced
}

/// Which samples training takes, and when: a pure function of (seed, epoch).
///
/// A step takes `globalBatch` samples in micro-batches of `microBatch`; the remainder of an epoch that
/// fills no whole step is dropped.
public struct EpochPlan: Sendable {
  /// Samples of a step.
  public let globalBatch: Int
  /// Samples of a micro-batch.
  public let microBatch: Int
  /// Steps of an epoch.
  public let stepsPerEpoch: Int
  private let sampleCount: Int
  private let seed: UInt64
  private let sampling: Sampling
  /// The samples of each class that has any; only for `.balanced`.
  private let classes: [[Int32]]
  /// How to go through shards; nil where samples are files, which are taken in any order.
  private let shards: ShardWindows?

  /// Plans epochs over `classOfSample.count` samples.
  ///
  /// - Parameters:
  ///   - classOfSample: classes counted from 0; `.balanced` needs them, `.shuffled` their number.
  ///   - shards: where the samples lie; `.shuffled` then goes through them in sequence (`ShardWindows`),
  ///     while `.balanced` still takes any sample at any time.
  /// - Throws: `DatasetError.setting` where the batch sizes do not fit each other or the data.
  public init(
    classOfSample: [Int], globalBatch: Int, microBatch: Int, seed: UInt64, sampling: Sampling,
    shards: ShardWindows? = nil
  ) throws {
    if let shards {
      guard shards.window > 0 else {
        throw DatasetError.setting(
          name: "data.shuffle_window", reason: "\(shards.window) is less than 1")
      }
      precondition(shards.sampleCounts.reduce(0, +) == classOfSample.count)
    }
    guard microBatch > 0 && globalBatch > 0 && globalBatch % microBatch == 0 else {
      throw DatasetError.setting(
        name: "batch.global",
        reason: "\(globalBatch) is not a multiple of batch.micro \(microBatch)")
    }
    guard globalBatch <= classOfSample.count else {
      throw DatasetError.setting(
        name: "batch.global",
        reason: "\(globalBatch) exceeds the \(classOfSample.count) samples of an epoch")
    }
    self.globalBatch = globalBatch
    self.microBatch = microBatch
    self.seed = seed
    self.sampling = sampling
    self.shards = shards
    sampleCount = classOfSample.count
    stepsPerEpoch = sampleCount / globalBatch
    classes = sampling == .balanced ? try Self.samplesOfClasses(classOfSample) : []
  }

  /// Micro-batches of a step, over all ranks.
  public var microBatchesPerStep: Int { globalBatch / microBatch }

  /// The samples of an epoch, in the order of training, without the remainder.
  public func order(epoch: Int) -> [Int32] {
    let order = epochOrder(epoch)
    return (0..<order.count).map(order.sample)
  }

  /// The samples of an epoch, and how often each was drawn before.
  public func epochOrder(_ epoch: Int) -> EpochOrder {
    switch sampling {
    case .shuffled:
      shards.map {
        EpochOrder(
          epoch: epoch,
          shards: ShardOrder(
            $0, globalBatch: globalBatch, microBatch: microBatch, steps: stepsPerEpoch, seed: seed,
            epoch: epoch))
      } ?? shuffledOrder(epoch)
    case .balanced: balancedOrder(epoch)
    }
  }

  /// The micro-batches of some steps that have the numbers `leaves` within their step.
  ///
  /// - Parameters:
  ///   - steps: counted from 0 over all epochs; lazily gone through, so that the end may be far.
  ///   - leaves: this rank's part of 0 ..< `microBatchesPerStep`.
  public func requests(steps: Range<Int>, leaves: Range<Int>) -> TrainingRequests {
    TrainingRequests(plan: self, steps: steps, leaves: leaves)
  }

  private func shuffledOrder(_ epoch: Int) -> EpochOrder {
    var generator = CounterRandom(seed: seed, epoch: epoch, purpose: .sampleOrder)
    var samples = Array(0..<Int32(sampleCount))
    samples.shuffle(from: &generator)
    samples.removeLast(sampleCount - stepsPerEpoch * globalBatch)
    return EpochOrder(epoch: epoch, samples: samples)
  }

  /// Each place draws a class, and takes the next sample of that class's own shuffled deck; a deck that
  /// is used up is shuffled again.
  private func balancedOrder(_ epoch: Int) -> EpochOrder {
    var generator = CounterRandom(seed: seed, epoch: epoch, purpose: .sampleOrder)
    var samples: [Int32] = []
    var draws: [Int32] = []
    var decks = classes
    var taken = [Int](repeating: 0, count: decks.count)
    for _ in 0..<(stepsPerEpoch * globalBatch) {
      let drawn = generator.integer(below: decks.count)
      let (turn, position) = taken[drawn].quotientAndRemainder(dividingBy: decks[drawn].count)
      if position == 0 { decks[drawn].shuffle(from: &generator) }
      samples.append(decks[drawn][position])
      draws.append(Int32(turn))
      taken[drawn] += 1
    }
    return EpochOrder(epoch: epoch, samples: samples, draws: draws)
  }

  private static func samplesOfClasses(_ classOfSample: [Int]) throws -> [[Int32]] {
    var classes: [[Int32]] = []
    for (sample, label) in classOfSample.enumerated() {
      guard label >= 0 else {
        throw DatasetError.setting(
          name: "data.sampling", reason: "balanced needs a class for every sample")
      }
      while classes.count <= label { classes.append([]) }
      classes[label].append(Int32(sample))
    }
    return classes.filter { !$0.isEmpty }
  }
}

extension Array {
  /// Puts the elements into random order.
  ///
  /// Our own because orders are part of a run's format, and the standard library's algorithm may change.
  ///
  /// - Source: R. A. Fisher and F. Yates, 1938; R. Durstenfeld, "Algorithm 235", 1964.
  mutating func shuffle(from generator: inout CounterRandom) {
    for last in stride(from: count - 1, to: 0, by: -1) {
      swapAt(last, generator.integer(below: last + 1))
    }
  }
}

/// The micro-batches that one rank trains on, step after step.
public struct TrainingRequests: Sequence, IteratorProtocol, Sendable {
  private let plan: EpochPlan
  private var places: MicroBatchPlaces
  private var order: EpochOrder?

  init(plan: EpochPlan, steps: Range<Int>, leaves: Range<Int>) {
    self.plan = plan
    places = MicroBatchPlaces(
      steps: steps, leaves: leaves, stepsPerEpoch: plan.stepsPerEpoch, perStep: plan.globalBatch,
      perMicroBatch: plan.microBatch)
  }

  /// The next micro-batch.
  public mutating func next() -> MicroBatchRequest? {
    guard let (epoch, samples) = places.next() else { return nil }
    let order = order.flatMap { $0.epoch == epoch ? $0 : nil } ?? plan.epochOrder(epoch)
    self.order = order
    return MicroBatchRequest(order: order, positions: samples, substitutes: true)
  }
}

/// Which samples evaluation takes: some rows once, in the order of the list, the end padded.
///
/// Cut into the same steps and micro-batches as training, so that the same tree reduces the sums
/// whatever the number of ranks.
public struct EvaluationPlan: Sendable {
  /// Steps over all of them.
  public let steps: Int
  private let samples: [Int32]
  private let microBatch: Int
  private let microBatchesPerStep: Int

  /// - Parameter samples: the rows of the list.
  /// - Throws: `DatasetError.setting` where a size is not positive.
  public init(samples: Range<Int>, microBatch: Int, microBatchesPerStep: Int) throws {
    guard !samples.isEmpty && microBatch > 0 && microBatchesPerStep > 0 else {
      throw DatasetError.setting(
        name: "evaluation batch",
        reason: "\(samples.count) samples in micro-batches of \(microBatch), "
          + "\(microBatchesPerStep) a step")
    }
    let globalBatch = microBatch * microBatchesPerStep
    steps = (samples.count + globalBatch - 1) / globalBatch
    let padding = steps * globalBatch - samples.count
    self.samples =
      samples.map(Int32.init) + Array(repeating: MicroBatchRequest.padding, count: padding)
    self.microBatch = microBatch
    self.microBatchesPerStep = microBatchesPerStep
  }

  /// The micro-batches of every step that have the numbers `leaves` within it.
  public func requests(leaves: Range<Int>) -> [MicroBatchRequest] {
    let order = EpochOrder(epoch: 0, samples: samples)
    return (0..<steps).flatMap { step in
      leaves.map { leaf in
        let first = (step * microBatchesPerStep + leaf) * microBatch
        return MicroBatchRequest(
          order: order, positions: first..<(first + microBatch), substitutes: false)
      }
    }
  }
}
