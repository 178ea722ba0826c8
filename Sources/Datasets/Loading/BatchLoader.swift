import CounterRandom
import Foundation

/// A micro-batch beside its images or spectrograms.
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
  /// How many samples could not be used while this micro-batch was put together.
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

/// Makes micro-batches on background threads, ahead of the step that takes them: decodes and augments
/// faces or speech.
///
/// The micro-batches come in the order of the requests, and their content is a pure function of request,
/// seed and files: threads and queue depth change nothing. Pixel buffers
/// are bounded by `queueDepth` and kept once the largest file was seen. Dropping the loader ends its
/// threads.
/// Used by one thread.
public final class BatchLoader {
  /// What samples look like.
  public enum Mode: Sendable {
    /// Changed at random.
    case training
    /// As they are.
    case evaluation
  }

  private let queue: LoaderQueue
  private let mixing: BatchMixing
  private let pass: MixingPass
  private let seed: UInt64
  private let onError: ErrorPolicy
  private let name: (Int) -> String
  /// Kept between calls so that its arrays change places with the queue's.
  private var delivered: MicroBatch
  private var unreadable: [Int32: SampleProblem] = [:]
  private var untold: [SampleProblem] = []
  private var firstUnreadable: [String] = []
  private var failure: DatasetError?
  /// Seconds that `next` has waited for data, in all.
  public private(set) var waitedSeconds = 0.0

  /// Starts loading samples of any kind.
  ///
  /// - Parameters:
  ///   - shape: of a sample; what sources write has as many values.
  ///   - requests: gone through lazily, on the background threads.
  ///   - name: what people know a sample by.
  ///   - makeSource: is called once for each thread.
  /// - Throws: `DatasetError.setting`, and what `makeSource` throws.
  init(
    shape: SampleShape, mode: Mode, requests: sending some Sequence<MicroBatchRequest>,
    seed: UInt64, microBatch: Int, workers: Int, queueDepth: Int, format: SampleFormat,
    mixing: BatchMixing, onError: ErrorPolicy, name: @escaping (Int) -> String,
    makeSource: () throws -> any SampleSource
  ) throws {
    for (name, value) in [
      ("batch.micro", microBatch), ("data workers", workers), ("data queue depth", queueDepth),
    ] where value < 1 {
      throw DatasetError.setting(name: name, reason: "\(value) is less than 1")
    }
    try mixing.validate()
    let sources = try (0..<workers).map { _ in try makeSource() }
    self.mixing = mode == .training ? mixing : .none
    pass = MixingPass(format: format, shape: shape)
    self.seed = seed
    self.onError = onError
    self.name = name
    delivered = MicroBatch(capacity: microBatch)
    queue = LoaderQueue(
      requests: AnyIterator(requests.makeIterator()), microBatch: microBatch,
      sampleBytes: pass.sampleBytes, depth: queueDepth, workers: workers)
    for source in sources {
      precondition(source.sampleBytes == pass.sampleBytes, "a source makes samples of another size")
      LoaderWorker(source: source, queue: queue, mode: mode, seed: seed, onError: onError).start()
    }
  }

  deinit { queue.stop() }

  /// What people know the samples of the last micro-batch by, those that could be used.
  public var lastSamples: [String] {
    zip(delivered.sampleIndices, delivered.weights).compactMap { sample, weight in
      weight > 0 && sample >= 0 ? name(Int(sample)) : nil
    }
  }

  /// How many different samples could not be used, in the micro-batches taken so far.
  public var unreadableCount: Int { unreadable.count }

  /// Whether there are samples that could not be used and have not been asked for yet.
  public var hasNewProblems: Bool { !untold.isEmpty }

  /// The samples that could not be used and have not been asked for yet, each once.
  public func takeProblems() -> [SampleProblem] {
    guard !untold.isEmpty else { return [] }
    defer { untold = [] }
    return untold
  }

  /// The next micro-batch, nil after the last one.
  ///
  /// - Parameter images: takes the samples, in the plain format; those that are masked are zero.
  /// - Shapes: `images` is `[microBatch, size, size, 3]` for faces and `[microBatch, frames, bands]` for
  ///   speech, float32.
  /// - Throws: `DatasetError.sample` under `.fail`, `.tooManySamples` and `.noSubstitute` under `.skip`;
  ///   the same again when called again.
  public func next(into images: UnsafeMutableBufferPointer<Float>) throws -> MicroBatch? {
    precondition(pass.format == .plain, "the loader's format is not float32, channels last")
    return try next(into: UnsafeMutableRawBufferPointer(images))
  }

  /// The next micro-batch, nil after the last one.
  ///
  /// - Parameter images: takes the samples, in the loader's format; those that are masked are zero.
  /// - Shapes: `images` is `[microBatch]` samples, mixed where the loader was asked to.
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
    let mix = mixing.draw(for: pass.shape, from: &generator)
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
