import Foundation
import Testing

@testable import Datasets

/// Everything that a loader delivered.
private struct Delivery: Equatable {
  var batches: [MicroBatch] = []
  var images: [[Float]] = []
}

private let microBatch = 4

private func loader(
  _ manifest: FaceManifest, _ requests: [MicroBatchRequest], mode: BatchLoader.Mode = .training,
  seed: UInt64 = 1, workers: Int = 2, depth: Int = 3, onError: ErrorPolicy = .fail
) throws -> BatchLoader {
  try BatchLoader(
    manifest: manifest, augmentation: .small, mode: mode, requests: requests, seed: seed,
    microBatch: microBatch, workers: workers, queueDepth: depth, onError: onError)
}

private func deliver(_ loader: BatchLoader) throws -> Delivery {
  var delivery = Delivery()
  var images = [Float](repeating: .nan, count: microBatch * 24 * 24 * 3)
  while let batch = try images.withUnsafeMutableBufferPointer({ try loader.next(into: $0) }) {
    delivery.batches.append(batch)
    delivery.images.append(images)
  }
  return delivery
}

private func requests(
  _ manifest: FaceManifest, steps: Range<Int> = 0..<6, leaves: Range<Int> = 0..<2,
  sampling: Sampling = .shuffled
) throws -> [MicroBatchRequest] {
  let plan = try EpochPlan(
    classOfSample: manifest.classOfSample, globalBatch: 2 * microBatch, microBatch: microBatch,
    seed: 1, sampling: sampling)
  return Array(plan.requests(steps: steps, leaves: leaves))
}

private func message(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch { return "\(error)" }
}

private let noSubstitute =
  "a sample cannot be used, nor can any of the substitutes tried all over the epoch: "

@Suite struct BatchLoaderTests {
  @Test func threadsAndQueueDepthChangeNothing() throws {
    let corpus = try Corpus()
    let requests = try requests(corpus.manifest)
    let reference = try deliver(loader(corpus.manifest, requests, workers: 1, depth: 1))
    #expect(reference.batches.count == 12)
    for (workers, depth) in [(1, 4), (2, 1), (3, 2), (5, 7)] {
      let other = try deliver(loader(corpus.manifest, requests, workers: workers, depth: depth))
      #expect(other == reference, "\(workers) workers, depth \(depth)")
    }
  }

  @Test func samplesComeInTheOrderOfTheRequestsWithTheirLabels() throws {
    let corpus = try Corpus()
    let requests = try requests(corpus.manifest)
    let delivery = try deliver(loader(corpus.manifest, requests))
    for (batch, request) in zip(delivery.batches, requests) {
      #expect(batch.sampleIndices == Array(request.sampleIndices) && batch.epoch == request.epoch)
      #expect(batch.weights == [1, 1, 1, 1] && batch.skipped == 0)
      for (sample, label) in zip(batch.sampleIndices, batch.labels) {
        #expect(corpus.manifest.records[Int(sample)].expression?.rawValue == Int(label))
      }
    }
  }

  @Test func augmentationIsAPureFunctionOfSeedEpochAndSample() throws {
    let corpus = try Corpus()
    func images(epoch: Int, _ samples: [Int32], seed: UInt64 = 1) throws -> [Float] {
      let request = MicroBatchRequest(epoch: epoch, sampleIndices: samples)
      return try deliver(loader(corpus.manifest, [request], seed: seed)).images[0]
    }
    let size = 24 * 24 * 3
    let first = try images(epoch: 2, [7, 8, 9, 10])
    let other = try images(epoch: 2, [3, 7, 1, 2])
    #expect(first[..<size].elementsEqual(other[size..<(2 * size)]))
    #expect(try !images(epoch: 3, [7, 8, 9, 10])[..<size].elementsEqual(first[..<size]))
    #expect(try !images(epoch: 2, [7], seed: 2)[..<size].elementsEqual(first[..<size]))
  }

  @Test func repeatedDrawsOfASampleDiffer() throws {
    let corpus = try Corpus()
    let order = EpochOrder(epoch: 0, samples: [5, 5, 5, 5], draws: [0, 1, 2, 0])
    let request = MicroBatchRequest(order: order, positions: 0..<4, substitutes: true)
    let images = try deliver(loader(corpus.manifest, [request])).images[0]
    let size = 24 * 24 * 3
    let parts = (0..<4).map { Array(images[($0 * size)..<(($0 + 1) * size)]) }
    #expect(parts[0] != parts[1] && parts[1] != parts[2] && parts[0] == parts[3])
  }

  @Test func evaluationIsWithoutChance() throws {
    let corpus = try Corpus()
    let requests = [MicroBatchRequest(epoch: 0, sampleIndices: [0, 1, 2, 3])]
    let first = try deliver(loader(corpus.manifest, requests, mode: .evaluation, seed: 1))
    #expect(try deliver(loader(corpus.manifest, requests, mode: .evaluation, seed: 2)) == first)
    #expect(try deliver(loader(corpus.manifest, requests, mode: .training)).images != first.images)
  }

  @Test func paddingIsMaskedAndZero() throws {
    let corpus = try Corpus()
    let requests = [
      MicroBatchRequest(epoch: 0, sampleIndices: [1, 2, 3, 4]),
      MicroBatchRequest(epoch: 0, sampleIndices: [5, -1, -1]),
    ]
    let delivery = try deliver(loader(corpus.manifest, requests, mode: .evaluation, depth: 1))
    let last = delivery.batches[1]
    #expect(last.weights == [1, 0, 0, 0] && last.sampleIndices == [5, -1, -1, -1])
    #expect(last.labels[1...] == [0, 0, 0] && last.skipped == 0)
    #expect(delivery.images[1][(24 * 24 * 3)...].allSatisfy { $0 == 0 })
  }

  @Test func droppingTheLoaderEarlyEndsItsThreads() throws {
    let corpus = try Corpus()
    let endless = sequence(first: MicroBatchRequest(epoch: 0, sampleIndices: [0, 1, 2, 3])) { $0 }
    for taken in [0, 1, 3] {
      let loader = try BatchLoader(
        manifest: corpus.manifest, augmentation: .small, mode: .training, requests: endless,
        seed: 1,
        microBatch: microBatch, workers: 3, queueDepth: 2, onError: .fail)
      var images = [Float](repeating: 0, count: microBatch * 24 * 24 * 3)
      for _ in 0..<taken {
        #expect(try images.withUnsafeMutableBufferPointer { try loader.next(into: $0) } != nil)
      }
      #expect(loader.waitedSeconds >= 0)
    }
    // Each deinit has waited for its threads: getting here is the promise.
  }

  @Test func impossibleSettingsAreNamed() throws {
    let corpus = try Corpus()
    #expect(
      message { _ = try loader(corpus.manifest, [], workers: 0) }
        == "data workers: 0 is less than 1")
    #expect(
      message { _ = try loader(corpus.manifest, [], depth: 0) }
        == "data queue depth: 0 is less than 1")
  }
}

@Suite struct UnreadableImageTests {
  @Test func failNamesListLineImageAndCause() throws {
    let corpus = try Corpus()
    try corpus.truncate(6)
    let text = message { _ = try deliver(loader(corpus.manifest, try requests(corpus.manifest))) }
    let list = "\(corpus.scratch.path)/training.csv:8: \(corpus.images[6]): broken JPEG: "
    #expect(text.hasPrefix(list), "\(text)")
  }

  @Test func failComesInItsPlaceAndStays() throws {
    let corpus = try Corpus()
    try FileManager.default.removeItem(atPath: corpus.images[9])
    let requests = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]].map {
      MicroBatchRequest(epoch: 0, sampleIndices: $0)
    }
    let loader = try loader(corpus.manifest, requests, workers: 3, depth: 4)
    var images = [Float](repeating: 0, count: microBatch * 24 * 24 * 3)
    for _ in 0..<2 {
      #expect(try images.withUnsafeMutableBufferPointer { try loader.next(into: $0) } != nil)
    }
    for _ in 0..<2 {
      let text = message {
        _ = try images.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
      }
      #expect(text.hasSuffix("\(corpus.images[9]): cannot be read: No such file or directory"))
    }
  }

  @Test func trainingTakesASubstituteThatNoRankCountChanges() throws {
    let corpus = try Corpus()
    try corpus.truncate(6)
    try corpus.truncate(11)
    let policy = ErrorPolicy.skip(limit: 2)
    let alone = try deliver(
      loader(corpus.manifest, try requests(corpus.manifest), onError: policy))
    let taken = alone.batches.flatMap(\.sampleIndices)
    #expect(!taken.contains(6) && !taken.contains(11) && !taken.contains(-1))
    #expect(alone.batches.allSatisfy { $0.weights == [1, 1, 1, 1] })
    #expect(alone.batches.map(\.skipped).reduce(0, +) >= 2)
    for rank in 0..<2 {
      let part = try deliver(
        loader(
          corpus.manifest, try requests(corpus.manifest, leaves: rank..<(rank + 1)), workers: 3,
          onError: policy))
      for (step, batch) in part.batches.enumerated() {
        #expect(batch == alone.batches[2 * step + rank])
        #expect(part.images[step] == alone.images[2 * step + rank])
      }
    }
  }

  @Test func substitutesComeFromElsewhereInTheEpoch() {
    let order = EpochOrder(epoch: 0, samples: Array(0..<10))
    let request = MicroBatchRequest(order: order, positions: 0..<5, substitutes: true)
    #expect(Array(request.substitutePositions(for: 7)) == [2, 3, 4, 5, 6, 8, 9, 0, 1])
  }

  @Test(arguments: [1, 2, 3, 64, 65, 66, 1000, 100_003])
  func substitutesAreFewDifferentAndSpread(count: Int) throws {
    let order = EpochOrder(epoch: 0, samples: Array(0..<Int32(count)))
    let request = MicroBatchRequest(order: order, positions: 0..<1, substitutes: true)
    for position in [0, count / 3, count - 1] {
      let substitutes = Array(request.substitutePositions(for: position))
      #expect(substitutes.count == min(count - 1, MicroBatchRequest.mostSubstitutes))
      #expect(!substitutes.contains(position) && Set(substitutes).count == substitutes.count)
      let ordered = ([-1] + substitutes + [count]).sorted()
      let widest = zip(ordered, ordered.dropFirst()).map { $1 - $0 }.max() ?? 0
      #expect(widest <= 2 + 2 * count / MicroBatchRequest.mostSubstitutes)
    }
  }

  @Test func evaluationMasksWhatCannotBeRead() throws {
    let corpus = try Corpus()
    try corpus.truncate(2)
    let requests = [MicroBatchRequest(epoch: 0, sampleIndices: [0, 1, 2, 3])]
    let loader = try loader(
      corpus.manifest, requests, mode: .evaluation, onError: .skip(limit: 1))
    let delivery = try deliver(loader)
    let batch = delivery.batches[0]
    #expect(batch.weights == [1, 1, 0, 1] && batch.sampleIndices == [0, 1, -1, 3])
    #expect(batch.skipped == 1 && loader.unreadableCount == 1)
    #expect(loader.takeProblems().count == 1)
    #expect(loader.takeProblems().isEmpty)
    let size = 24 * 24 * 3
    #expect(delivery.images[0][(2 * size)..<(3 * size)].allSatisfy { $0 == 0 })
  }

  /// The same image met in every epoch counts once.
  @Test func limitCountsImagesNotEncounters() throws {
    let corpus = try Corpus()
    try corpus.truncate(0)
    let requests = (0..<9).map { MicroBatchRequest(epoch: $0, sampleIndices: [0, 1]) }
    let loader = try loader(corpus.manifest, requests, mode: .evaluation, onError: .skip(limit: 1))
    #expect(try deliver(loader).batches.count == 9)
    #expect(loader.unreadableCount == 1)
  }

  @Test(arguments: [BatchLoader.Mode.training, .evaluation])
  func overTheLimitSaysHowManyAndTheFirst(mode: BatchLoader.Mode) throws {
    let corpus = try Corpus()
    for sample in 0..<3 { try corpus.truncate(sample) }
    let requests = [MicroBatchRequest(epoch: 0, sampleIndices: [0, 1, 2, 3])]
    for workers in [1, 3] {
      let text = message {
        _ = try deliver(
          loader(
            corpus.manifest, requests, mode: mode, workers: workers, onError: .skip(limit: 2)))
      }
      #expect(text.hasPrefix("3 samples cannot be used (data.on_error skips at most 2)"))
      #expect(text.contains("training.csv:2: ") && text.contains("training.csv:4: "))
    }
  }

  @Test func anEpochWithoutAnyReadableImageIsAnError() throws {
    let corpus = try Corpus()
    for sample in corpus.images.indices { try corpus.truncate(sample) }
    let text = message {
      _ = try deliver(
        loader(corpus.manifest, try requests(corpus.manifest), onError: .skip(limit: 1000)))
    }
    #expect(text.hasPrefix(noSubstitute))
  }

  /// A limit far away must not make each sample try the whole epoch.
  @Test(arguments: [1, 3])
  func vanishedDataIsNoticedAfterFewTries(workers: Int) throws {
    let records = (0..<1000).map {
      FaceRecord(
        imagePath: "gone/\($0).jpg", faceBox: nil, expression: nil, valence: nil, arousal: nil,
        line: $0)
    }
    let manifest = FaceManifest(path: "list.csv", root: "/nowhere", records: records)
    let order = EpochOrder(epoch: 0, samples: Array(0..<1000))
    let request = MicroBatchRequest(order: order, positions: 10..<14, substitutes: true)
    let loader = try loader(manifest, [request], workers: workers, onError: .skip(limit: .max))
    let text = message { _ = try deliver(loader) }
    #expect(text.hasPrefix(noSubstitute + "list.csv:10: /nowhere/gone/10.jpg: "), "\(text)")
    let tried = request.positions.flatMap { [$0] + Array(request.substitutePositions(for: $0)) }
    #expect(loader.unreadableCount == Set(tried).count)
  }

  @Test func boxOutsideTheImageIsNamed() throws {
    let corpus = try Corpus()
    var record = corpus.manifest.records[0]
    record.faceBox = FaceBox(x: 500, y: 0, width: 10, height: 10)
    let manifest = FaceManifest(
      path: corpus.manifest.path, root: corpus.manifest.root, records: [record])
    let requests = [MicroBatchRequest(epoch: 0, sampleIndices: [0])]
    let text = message { _ = try deliver(loader(manifest, requests)) }
    #expect(text.hasSuffix("the face lies outside the image of 48x48 pixels"))
  }
}
