import CounterRandom
import Foundation

/// A micro-batch beside its images.
public struct MicroBatch: Equatable, Sendable {
  /// The epoch, counted from 0.
  public var epoch = 0
  /// The samples, as indices into the manifest's records; substitutes already in place; −1 is padding.
  public var sampleIndices: [Int32]
  /// The class of each sample; 0 where it has none or is masked.
  public var labels: [Int32]
  /// 1 for each sample that counts, 0 for padding and for what could not be read.
  public var weights: [Float]
  /// The class of each sample's partner where samples are mixed.
  public var partnerLabels: [Int32]
  /// How much of each sample is its partner's, 0 to 1: the loss is
  /// (1 − share) · loss(label) + share · loss(partner's label). 0 where samples are not mixed.
  public var partnerShares: [Float]
  /// How many images could not be used while this micro-batch was put together.
  public var skipped = 0

  init(capacity: Int) {
    sampleIndices = Array(repeating: MicroBatchRequest.padding, count: capacity)
    labels = Array(repeating: 0, count: capacity)
    weights = Array(repeating: 0, count: capacity)
    partnerLabels = Array(repeating: 0, count: capacity)
    partnerShares = Array(repeating: 0, count: capacity)
  }

  /// The sample that another one is mixed with: the one before, for the first the last.
  public func partner(of sample: Int) -> Int { (sample + labels.count - 1) % labels.count }
}

/// Decodes and augments micro-batches on background threads, ahead of the step that takes them.
///
/// The micro-batches come in the order of the requests, and their content is a pure function of request,
/// seed and files: threads and queue depth change nothing. Pixel buffers
/// are bounded by `queueDepth` and kept once the largest image was seen. Dropping the loader ends its
/// threads.
/// Used by one thread.
public final class BatchLoader {
  /// What samples look like.
  public enum Mode: Sendable {
    /// Random crops, flips and colours.
    case training
    /// The face box as it is.
    case evaluation
  }

  private let queue: LoaderQueue
  private let mixing: BatchMixing
  private let pass: MixingPass
  private let seed: UInt64
  private let onError: ErrorPolicy
  /// Kept between calls so that its arrays change places with the queue's.
  private var delivered: MicroBatch
  private var unreadable: [Int32: SampleProblem] = [:]
  private var untold: [SampleProblem] = []
  private var firstUnreadable: [String] = []
  private var failure: DatasetError?
  /// Seconds that `next` has waited for data, in all.
  public private(set) var waitedSeconds = 0.0

  /// Starts loading.
  ///
  /// - Parameters:
  ///   - requests: gone through lazily, on the background threads.
  ///   - seed: the seed of the run.
  ///   - microBatch: samples of a micro-batch; requests may ask for fewer.
  ///   - workers: threads.
  ///   - queueDepth: micro-batches that are ready or in work at a time.
  ///   - format: how samples lie in memory.
  ///   - mixing: how samples of a micro-batch are mixed; only in training.
  ///   - onError: what happens to images that cannot be used; the limit counts the images that this
  ///     loader met, each once. Who has several loaders gives them no limit and counts over all.
  /// - Throws: `DatasetError.setting`, `MediaError.codec`.
  public init(
    manifest: FaceManifest, augmentation: Augmentation, mode: Mode,
    requests: sending some Sequence<MicroBatchRequest>, seed: UInt64, microBatch: Int, workers: Int,
    queueDepth: Int, format: SampleFormat = .plain, mixing: BatchMixing = .none,
    onError: ErrorPolicy
  ) throws {
    for (name, value) in [
      ("batch.micro", microBatch), ("data workers", workers), ("data queue depth", queueDepth),
    ] where value < 1 {
      throw DatasetError.setting(name: name, reason: "\(value) is less than 1")
    }
    try mixing.validate()
    let shards = OpenShards(of: manifest)
    let readers = try (0..<workers).map { _ in
      try SampleReader(
        manifest: manifest, augmentation: augmentation, format: format, shards: shards)
    }
    self.mixing = mode == .training ? mixing : .none
    pass = MixingPass(format: format, size: augmentation.imageSize)
    self.seed = seed
    self.onError = onError
    delivered = MicroBatch(capacity: microBatch)
    queue = LoaderQueue(
      requests: AnyIterator(requests.makeIterator()), microBatch: microBatch,
      sampleBytes: readers[0].sampleBytes, depth: queueDepth, workers: workers)
    for reader in readers {
      LoaderWorker(
        reader: reader, queue: queue, manifest: manifest, mode: mode, seed: seed, onError: onError
      ).start()
    }
  }

  deinit { queue.stop() }

  /// How many different images could not be used, in the micro-batches taken so far.
  public var unreadableCount: Int { unreadable.count }

  /// Whether there are images that could not be used and have not been asked for yet.
  public var hasNewProblems: Bool { !untold.isEmpty }

  /// The images that could not be used and have not been asked for yet, each once.
  public func takeProblems() -> [SampleProblem] {
    guard !untold.isEmpty else { return [] }
    defer { untold = [] }
    return untold
  }

  /// The next micro-batch, nil after the last one.
  ///
  /// - Parameter images: takes the images, in the plain format; those that are masked are zero.
  /// - Shapes: `images` is `[microBatch, size, size, 3]`, float32, normalised.
  /// - Throws: `DatasetError.sample` under `.fail`, `.tooManySamples` and `.noSubstitute` under `.skip`;
  ///   the same again when called again.
  public func next(into images: UnsafeMutableBufferPointer<Float>) throws -> MicroBatch? {
    precondition(pass.format == .plain, "the loader's format is not float32, channels last")
    return try next(into: UnsafeMutableRawBufferPointer(images))
  }

  /// The next micro-batch, nil after the last one.
  ///
  /// - Parameter images: takes the images, in the loader's format; those that are masked are zero.
  /// - Shapes: `images` is `[microBatch]` samples, normalised, and mixed where the loader was asked to.
  /// - Throws: as the other `next`.
  public func next(into images: UnsafeMutableRawBufferPointer) throws -> MicroBatch? {
    if let failure { throw failure }
    guard let slot = waitForSlot() else { return nil }
    do throws(DatasetError) {
      try account(for: slot.failures, lacksSubstitute: slot.lacksSubstitute)
    } catch {
      failure = error
      queue.stop()
      throw error
    }
    precondition(images.count >= slot.images.count, "images has no room for a micro-batch")
    deliver(slot, into: images)
    swap(&delivered, &slot.batch)
    queue.recycle()
    return delivered
  }

  private func deliver(_ slot: LoaderSlot, into images: UnsafeMutableRawBufferPointer) {
    guard let source = slot.images.baseAddress, let target = images.baseAddress else { return }
    var generator = CounterRandom(
      seed: seed, epoch: slot.request.epoch, index: slot.request.positions.lowerBound,
      purpose: .mixing)
    let mix = mixing.draw(size: pass.size, from: &generator)
    pass.run(mix, batch: &slot.batch, from: source, into: target)
  }

  private func waitForSlot() -> LoaderSlot? {
    let start = DispatchTime.now().uptimeNanoseconds
    let slot = queue.waitForReady()
    waitedSeconds += Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    return slot
  }

  private func account(
    for problems: [SampleProblem], lacksSubstitute: Bool
  ) throws(DatasetError) {
    for problem in problems {
      guard case .skip(let limit) = onError else { throw .sample(problem) }
      guard unreadable.updateValue(problem, forKey: problem.sample) == nil else { continue }
      untold.append(problem)
      if firstUnreadable.count < 5 { firstUnreadable.append(problem.description) }
      if unreadable.count > limit {
        throw .tooManySamples(count: unreadable.count, limit: limit, first: firstUnreadable)
      }
    }
    if lacksSubstitute, let first = problems.first { throw .noSubstitute(first: first.description) }
  }
}
