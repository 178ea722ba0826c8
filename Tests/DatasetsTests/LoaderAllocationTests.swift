import CAllocationCounter
import Testing

@testable import Datasets

private let microBatch = 8

/// What is done to the samples whose allocations are counted.
enum LoaderWork: String, CaseIterable {
  case plain, aligned, randAugment, erasing

  var augmentation: Augmentation {
    var augmentation = Augmentation.small
    switch self {
    case .plain: break
    case .aligned: augmentation.alignment = FaceAlignment()
    case .randAugment: augmentation.randAugmentOperations = 2
    case .erasing:
      augmentation.erasingProbability = 1
      augmentation.grayscaleProbability = 0.5
    }
    return augmentation
  }
}

private func requests(_ manifest: FaceManifest) throws -> TrainingRequests {
  try EpochPlan(
    classOfSample: manifest.classOfSample, globalBatch: microBatch, microBatch: microBatch,
    seed: 1, sampling: .shuffled,
    shards: manifest.shards.map { ShardWindows(sampleCounts: $0.map(\.sampleCount), window: 10) }
  ).requests(steps: 0..<Int.max, leaves: 0..<1)
}

/// A loader's queue with the work of its thread done by the caller's, which a test can count on.
private struct SingleThreadedLoader {
  private let queue: LoaderQueue
  private let worker: LoaderWorker

  struct Interrupted: Error {}

  init(_ manifest: FaceManifest, _ augmentation: Augmentation) throws {
    let reader = try SampleReader(manifest: manifest, augmentation: augmentation)
    queue = LoaderQueue(
      requests: AnyIterator(try requests(manifest)), microBatch: microBatch,
      sampleBytes: reader.sampleBytes, depth: 2, workers: 1)
    worker = LoaderWorker(
      source: reader, queue: queue, mode: .training, seed: 1, onError: .fail)
  }

  func make(_ microBatches: Int) throws {
    for _ in 0..<microBatches {
      // Expectations would allocate themselves.
      for _ in 0..<microBatch where !worker.workOnNext() { throw Interrupted() }
      guard let slot = queue.waitForReady(), slot.failures.isEmpty else { throw Interrupted() }
      queue.recycle()
    }
  }
}

/// Codecs allocate on their own account; what is ours is bounded, small and unrelated to pixels.
///
/// The bounds are for builds without optimisation, in which generic code of the standard library
/// allocates too.
@Suite struct LoaderAllocationTests {
  /// Names of files are strings, an open file is an object; the rest is generic code, and buffers for a
  /// crop larger than all before.
  private let mostForASample = 12.0

  private func allocationsForASample(
    _ manifest: FaceManifest, _ augmentation: Augmentation
  ) throws -> Double {
    let loader = try SingleThreadedLoader(manifest, augmentation)
    try loader.make(20)
    aver_count_allocations_begin()
    let outcome = Result { try loader.make(40) }
    let count = aver_count_allocations_end()
    try outcome.get()
    return Double(count) / Double(40 * microBatch)
  }

  @Test(arguments: LoaderWork.allCases)
  func aSampleAllocatesNothingButNames(_ work: LoaderWork) throws {
    let corpus = try Corpus()
    let count = try allocationsForASample(corpus.manifest, work.augmentation)
    #expect(count <= mostForASample, "\(work)")
  }

  /// It has two names more, the shard's and the one in its header.
  @Test func aSampleOfAShardAllocatesLittleMore() throws {
    let packed = try PackedCorpus()
    let manifest = try FaceManifest.list(path: packed.pattern, root: "/nowhere", onError: .fail)
    let count = try allocationsForASample(manifest, .small)
    #expect(count <= mostForASample + 4)
  }

  @Test(arguments: [
    BatchMixing(mixupAlpha: 1, cutmixAlpha: 0), BatchMixing(mixupAlpha: 0, cutmixAlpha: 1),
  ])
  func takingAMicroBatchAllocatesNearlyNothing(mixing: BatchMixing) throws {
    let corpus = try Corpus()
    let loader = try BatchLoader(
      manifest: corpus.manifest, augmentation: .small, mode: .training,
      requests: try requests(corpus.manifest), seed: 1, microBatch: microBatch, workers: 2,
      queueDepth: 3, mixing: mixing, onError: .fail)
    var images = [Float](repeating: 0, count: microBatch * 24 * 24 * 3)
    func take(_ microBatches: Int) throws {
      for _ in 0..<microBatches {
        _ = try images.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
      }
    }
    try take(10)
    aver_count_allocations_begin()
    let outcome = Result { try take(40) }
    let count = aver_count_allocations_end()
    try outcome.get()
    #expect(count <= 40)
  }
}
