import Foundation
import Testing

@testable import Datasets

@Suite struct SpeechLoaderTests {
  private let corpus: SpeechCorpus
  private let cut: SpeechPatches

  init() throws {
    corpus = try SpeechCorpus()
    cut = try SpeechPatches(frames: 40)
  }

  private struct Delivery: Equatable {
    var batches: [MicroBatch] = []
    var samples: [[Float]] = []
  }

  private func deliver(
    workers: Int, depth: Int, mixing: BatchMixing = .none, onError: ErrorPolicy = .fail
  ) throws -> Delivery {
    let plan = try EpochPlan(
      classOfSample: corpus.manifest.classOfSample, globalBatch: 4, microBatch: 2, seed: 1,
      sampling: .shuffled)
    let loader = try BatchLoader(
      manifest: corpus.manifest, cut: cut, augmentation: .full, mode: .training,
      requests: plan.requests(steps: 0..<6, leaves: 0..<2), seed: 1, microBatch: 2,
      workers: workers, queueDepth: depth, mixing: mixing, onError: onError)
    var delivery = Delivery()
    var samples = [Float](repeating: .nan, count: 2 * 40 * 64)
    while let batch = try samples.withUnsafeMutableBufferPointer({ try loader.next(into: $0) }) {
      delivery.batches.append(batch)
      delivery.samples.append(samples)
    }
    return delivery
  }

  @Test func threadsAndQueueDepthChangeNothing() throws {
    let reference = try deliver(workers: 1, depth: 1)
    #expect(reference.batches.count == 12)
    #expect(reference.samples.joined().allSatisfy { $0.isFinite })
    for (workers, depth) in [(1, 3), (2, 1), (3, 4)] {
      #expect(try deliver(workers: workers, depth: depth) == reference)
    }
  }

  @Test(arguments: [
    BatchMixing(mixupAlpha: 1, cutmixAlpha: 0), BatchMixing(mixupAlpha: 0, cutmixAlpha: 1),
  ])
  func patchesAreMixed(_ mixing: BatchMixing) throws {
    let (plain, mixed) = (
      try deliver(workers: 2, depth: 2), try deliver(workers: 2, depth: 2, mixing: mixing)
    )
    #expect(mixed.batches.map(\.sampleIndices) == plain.batches.map(\.sampleIndices))
    var changed = 0
    for (batch, (samples, own)) in zip(mixed.batches, zip(mixed.samples, plain.samples)) {
      let share = batch.partnerShares[0]
      guard share > 0 else { continue }
      changed += 1
      let length = 40 * 64
      let (first, partner) = (own[..<length], own[length...])
      if mixing.cutmixAlpha > 0 {
        let taken = zip(samples[..<length], zip(first, partner)).count { $0 == $1.1 && $0 != $1.0 }
        // Where both are silent nobody can tell.
        #expect(Float(taken) / Float(length) <= share + 1e-6)
      } else {
        for (value, (own, other)) in zip(samples[..<length], zip(first, partner)) {
          #expect(value == own + share * (other - own))
        }
      }
    }
    #expect(changed > 3)
  }

  @Test func unusableUtterancesAreReplacedAndTold() throws {
    let path = corpus.manifest.path(of: corpus.manifest.records[6])
    try Data(contentsOf: URL(filePath: path)).prefix(1_000).write(to: URL(filePath: path))
    let whole = try deliver(workers: 2, depth: 2, onError: .skip(limit: 1))
    #expect(whole.batches.allSatisfy { $0.weights == [1, 1] })
    #expect(!whole.batches.flatMap(\.sampleIndices).contains(6))
    #expect(whole.batches.map(\.skipped).reduce(0, +) > 0)
    let error = #expect(throws: DatasetError.self) { try deliver(workers: 2, depth: 2) }
    #expect(try "\(#require(error))".contains("list.csv:8: \(path): "))
  }

  @Test func aPatchThatIsPaddingIsMasked() throws {
    let patches = [SpeechPatch(utterance: 5, start: 0), SpeechPatch(utterance: 5, start: 1600)]
    let plan = try EvaluationPlan(samples: 0..<2, microBatch: 3, microBatchesPerStep: 1)
    let loader = try BatchLoader(
      manifest: corpus.manifest, cut: cut, patches: patches, augmentation: .none,
      mode: .evaluation, requests: plan.requests(leaves: 0..<1), seed: 0, microBatch: 3,
      workers: 1, queueDepth: 1, onError: .fail)
    var samples = [Float](repeating: .nan, count: 3 * 40 * 64)
    let batch = try samples.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
    #expect(batch?.weights == [1, 1, 0] && batch?.labels == [5, 5, 0])
    #expect(samples[(2 * 40 * 64)...].allSatisfy { $0 == 0 })
  }
}

@Suite struct SpeechPartTests {
  private let manifest = SpeechManifest(
    path: "list.csv", root: "/speech",
    records: [
      SpeechRecord(audioPath: "a", emotion: .sad, speaker: "ann", split: .test, line: 2),
      SpeechRecord(
        audioPath: "b", emotion: nil, valence: 0.1, arousal: -1, speaker: "ben",
        startSeconds: 0.1, endSeconds: 1.0 / 3, line: 3),
      SpeechRecord(audioPath: "c", emotion: .sad, speaker: "eve", split: .training, line: 4),
      SpeechRecord(audioPath: "d", emotion: .calm, speaker: "ann", split: .training, line: 5),
    ], problems: [RowProblem(file: "list.csv", line: 9, column: "end", reason: "odd")],
    otherFiles: 2)

  @Test func packedListsReadBack() throws {
    #expect(try SpeechManifest(packed: manifest.packed(), file: "x") == manifest)
    for bytes in [[], [0x7b], Array(try manifest.packed().dropLast(3))] as [[UInt8]] {
      let error = #expect(throws: DatasetError.self) {
        try SpeechManifest(packed: bytes, file: "x")
      }
      #expect(try "\(#require(error))".hasPrefix("x: "))
    }
  }

  @Test func partsAreThoseOfSpeakersOrOfTheColumn() throws {
    func paths(_ split: Split, _ speakers: SpeakerSplit?) -> [String] {
      manifest.part(split, by: speakers).records.map(\.audioPath)
    }
    #expect(paths(.training, nil) == ["c", "d"] && paths(.test, nil) == ["a"])
    let speakers = try SpeakerSplit(
      speakers: manifest.speakers, validation: ["ben"], test: ["ann"])
    #expect(paths(.training, speakers) == ["c"] && paths(.validation, speakers) == ["b"])
    #expect(paths(.test, speakers) == ["a", "d"])
  }

  @Test func classWeightsBalanceWhatIsThere() {
    #expect(manifest.classWeights == [0, 1.5, 0, 0.75, 0, 0, 0, 0])
    #expect(manifest.classOfSample == [3, -1, 3, 1])
  }

  @Test func decidingBytesLeaveThePlaceOfTheListOut() throws {
    func bytes(_ manifest: SpeechManifest) throws -> [UInt8] {
      var bytes: [UInt8] = []
      try manifest.forEachDecidingPiece { bytes += $0 }
      return bytes
    }
    var moved = manifest
    (moved.path, moved.root, moved.records[0].line) = ("other", "/far", 77)
    #expect(try bytes(moved) == bytes(manifest))
    moved.records[1].endSeconds = 0.5
    #expect(try bytes(moved) != bytes(manifest))
  }
}
