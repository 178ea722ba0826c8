import Foundation
import Testing

@testable import Datasets

/// A corpus in loose files and in shards, in the order of its list.
struct PackedCorpus {
  let corpus = Result { try Corpus(faces: 60) }
  let scratch: Scratch
  var pattern: String { "\(scratch.path)/faces-{000000..000002}.tar" }

  /// - Parameter label: what stands beside image `sample`.
  init(_ label: (Int, FaceRecord) -> (name: String, content: [UInt8])? = Self.json) throws {
    scratch = try Scratch()
    let manifest = try corpus.get().manifest
    let share = (manifest.records.count + 2) / 3
    for shard in 0..<3 {
      let writer = try TarWriter(path: "\(scratch.path)/faces-00000\(shard).tar")
      for sample in (shard * share)..<min(manifest.records.count, (shard + 1) * share) {
        let record = manifest.records[sample]
        let image = try Data(contentsOf: URL(filePath: manifest.path(of: record)))
        try image.withUnsafeBytes { _ = try writer.append("k\(sample).jpg", $0) }
        if let (name, content) = label(sample, record) {
          try content.withUnsafeBytes { _ = try writer.append("k\(sample).\(name)", $0) }
        }
      }
      try writer.finish()
    }
  }

  static func json(_ sample: Int, _ record: FaceRecord) -> (name: String, content: [UInt8])? {
    ("json", ShardLabels(record).json)
  }
}

private func list(_ path: String, onError: ErrorPolicy = .fail) throws -> FaceManifest {
  try FaceManifest.list(path: path, root: "/nowhere", onError: onError)
}

private func message(_ body: () throws -> Void) throws -> String {
  let error = #expect(throws: (any Error).self) { try body() }
  return try "\(#require(error))"
}

private func image(_ reader: SampleReader, _ sample: Int) throws -> [Float] {
  var image = [Float](repeating: .nan, count: reader.sampleCount)
  try image.withUnsafeMutableBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return }
    try reader.readForEvaluation(Int32(sample), into: start)
  }
  return image
}

@Suite struct ShardReadingTests {
  @Test func shardsHoldWhatTheFilesHold() throws {
    let packed = try PackedCorpus()
    let loose = try packed.corpus.get().manifest
    let manifest = try list(packed.pattern)
    #expect(manifest.shards?.map(\.sampleCount) == [16, 16, 16])
    for (shard, file) in zip(manifest.records, loose.records) {
      var expected = file
      (expected.imagePath, expected.line) = (shard.imagePath, shard.line)
      #expect(shard == expected)
    }
    let fromShards = try SampleReader(manifest: manifest, augmentation: .small)
    let fromFiles = try SampleReader(manifest: loose, augmentation: .small)
    for sample in loose.records.indices {
      #expect(try image(fromShards, sample) == image(fromFiles, sample))
    }
  }

  @Test func theIndexIsKeptAndGivesTheSameList() throws {
    let packed = try PackedCorpus()
    let scanned = try list(packed.pattern)
    let index = "\(packed.scratch.path)/faces.index"
    #expect(FileManager.default.fileExists(atPath: index))
    for again in [try list(packed.pattern), try list(index)] {
      #expect(again.records == scanned.records && again.shards == scanned.shards)
      #expect(again.root == packed.scratch.path && again.path == index)
    }
    // Elsewhere it is the shards beside it that count.
    let moved = packed.scratch.path + "-moved"
    defer { try? FileManager.default.removeItem(atPath: moved) }
    try FileManager.default.copyItem(atPath: packed.scratch.path, toPath: moved)
    let there = try list("\(moved)/faces.index")
    #expect(there.root == moved && there.records == scanned.records)
  }

  @Test func classFilesAndFacesWithoutLabelsAreRead() throws {
    let classes = try PackedCorpus { sample, _ in ("cls", Array("\(sample % 8)\n".utf8)) }
    let labelled = try list(classes.pattern)
    #expect(labelled.records.enumerated().allSatisfy { $1.expression?.rawValue == $0 % 8 })
    let unlabelled = try PackedCorpus { _, _ in nil }
    let bare = try list(unlabelled.pattern)
    #expect(bare.records.count == 48 && bare.records.allSatisfy { $0.expression == nil })
  }

  @Test(arguments: [
    ("{\"expression\": 77}", "column 'expression': 77 is not an expression (0 to 10)"),
    ("{\"valence\": 1.5}", "column 'valence': 1.5 is outside -1 to 1 (and not -2 for unknown)"),
    ("{\"face_box\": [1, 2, 0, 4]}", "column 'face_box': is not x, y, width and height of a box"),
    ("{\"face_box\": \"1\"}", "column 'face_box': 'k20.json': is of another type than expected"),
    ("[1, 2", "'k20.json': is no JSON"),
  ])
  func badLabelsAreNamedWithShardAndSample(json: String, problem: String) throws {
    let packed = try PackedCorpus { sample, record in
      sample == 20 ? ("json", Array(json.utf8)) : PackedCorpus.json(sample, record)
    }
    let text = try message { _ = try list(packed.pattern) }
    #expect(text.hasSuffix("faces-000001.tar:5: \(problem)"), "\(text)")
    let rest = try list(packed.pattern, onError: .skip(limit: 1))
    #expect(rest.records.count == 47 && rest.problems.count == 1)
    // The index remembers them.
    _ = try message { _ = try list(packed.pattern) }
  }

  @Test func excludedExpressionsAreCounted() throws {
    let packed = try PackedCorpus { sample, _ in
      ("json", Array("{\"expression\": \(sample < 40 ? 1 : 9)}".utf8))
    }
    let manifest = try list(packed.pattern)
    #expect(manifest.records.count == 40 && manifest.excluded == 8)
  }

  @Test func staleIndexIsNoticed() throws {
    let packed = try PackedCorpus()
    let manifest = try list(packed.pattern)
    let shard = "\(packed.scratch.path)/faces-000001.tar"
    let whole = try Data(contentsOf: URL(filePath: shard))
    // Of the same size, with other members.
    let size = try #require(manifest.records.extent(at: 16)).count
    let header = try #require(TarHeader(name: "q16.jpg", byteCount: size).block)
    let other = header + whole.dropFirst(header.count)
    try Data(other).write(to: URL(filePath: shard))
    let reader = try SampleReader(manifest: manifest, augmentation: .small)
    let moved = try message { _ = try image(reader, 16) }
    #expect(
      moved.contains("faces-000001.tar is not the shard that was listed ('k16.jpg' is not at"))
    // Of another size.
    try (whole + Data(count: 512)).write(to: URL(filePath: shard))
    let text = try message { _ = try list("\(packed.scratch.path)/faces.index") }
    #expect(text.contains("\(whole.count + 512) bytes, listed with \(whole.count)"), "\(text)")
    let late = try SampleReader(manifest: manifest, augmentation: .small)
    #expect(try message { _ = try image(late, 16) }.contains("list the shards anew"))
    // Named by their pattern, shards are listed anew.
    #expect(try list(packed.pattern).shards?[1].byteCount == whole.count + 512)
  }

  /// Python's tarfile writes `?` for what is not ASCII, and the name in a record before it; others may
  /// give any name there, behind as many other records as they like.
  @Test func namesInRecordsAndBehindDotsAreFound() throws {
    let scratch = try Scratch()
    let comment = Array("1008 comment=\(String(repeating: "x", count: 994))\n".utf8)
    let path = try Self.tar(
      in: scratch,
      Self.named("ä.png", header: "?.png", [1]) + [
        (TarHeader(name: "././b.png", byteCount: 1), [2])
      ]
        + Self.named("c.png", header: "other", [3], more: comment))
    let manifest = try list(path)
    #expect(manifest.records.map(\.imagePath) == ["ä.png", "b.png", "c.png"])
    let reader = ShardReader(try #require(OpenShards(of: manifest)))
    for sample in 0..<3 { #expect(try Array(reader.bytes(of: sample)) == [UInt8(sample + 1)]) }
  }

  @Test(arguments: ["ö.png", "b.png"]) func otherNamesInRecordsAreNoticed(later: String) throws {
    let scratch = try Scratch()
    let listed = try list(Self.tar(in: scratch, Self.named("ä.png", header: "?.png", [1])))
    _ = try Self.tar(in: scratch, Self.named(later, header: "?.png", [1]))
    let reader = ShardReader(try #require(OpenShards(of: listed)))
    #expect(
      try message { _ = try reader.bytes(of: 0) }.contains("'ä.png' is not at byte 1536"))
  }

  private typealias Member = (header: TarHeader, content: [UInt8])

  /// A member whose name stands in a record.
  private static func named(
    _ name: String, header: String, _ content: [UInt8], more: [UInt8] = []
  ) -> [Member] {
    let records = more + PaxRecords.naming(name)
    return [
      (TarHeader(name: "records", byteCount: records.count, kind: .extended), records),
      (TarHeader(name: header, byteCount: content.count), content),
    ]
  }

  private static func tar(in scratch: Scratch, _ members: [Member]) throws -> String {
    var bytes: [UInt8] = []
    for member in members {
      bytes += try #require(member.header.block) + member.content
      bytes += [UInt8](repeating: 0, count: -bytes.count & 511)
    }
    return try scratch.file("a.tar", bytes + [UInt8](repeating: 0, count: 1024))
  }

  /// The last would take gigabytes for the names.
  @Test(arguments: [
    "a-{7.9}.tar", "a-{0...9}.tar", "a-{..9}.tar", "a-{0..9}}.tar",
    "a-{" + String(repeating: "0", count: 4000) + "..999999}.tar",
  ])
  func bracesThatHoldNoRangeAreRefused(pattern: String) throws {
    #expect(throws: DatasetError.self) { _ = try ShardPattern(pattern) }
  }

  @Test func numbersKeepTheirZeros() throws {
    let padded = try ShardPattern("/x/a-{08..10}_b.tar").names
    #expect(padded == ["a-08_b.tar", "a-09_b.tar", "a-10_b.tar"])
    #expect(try ShardPattern("a-{8..10}.tar").names == ["a-8.tar", "a-9.tar", "a-10.tar"])
  }

  @Test func missingAndDamagedShardsAreNamed() throws {
    let packed = try PackedCorpus()
    let text = try message { _ = try list("\(packed.scratch.path)/faces-{000000..000003}.tar") }
    #expect(text.hasSuffix("faces-000003.tar: cannot be read: No such file or directory"))
    let slip = try message { _ = try list("faces-{0..}.tar") }
    #expect(slip.contains("the braces hold no range"))
    let manifest = try list(packed.pattern)
    try FileManager.default.removeItem(atPath: "\(packed.scratch.path)/faces-000002.tar")
    let reader = try SampleReader(manifest: manifest, augmentation: .small)
    let lost = try message { _ = try image(reader, 40) }
    #expect(lost.contains("faces.index:") && lost.contains("faces-000002.tar: cannot be read"))
  }

  @Test func loadersDeliverTheSameForAnyThreads() throws {
    let packed = try PackedCorpus()
    let shards = try list(packed.pattern)
    let plan = try EpochPlan(
      classOfSample: shards.classOfSample, globalBatch: 8, microBatch: 4, seed: 1,
      sampling: .shuffled,
      shards: ShardWindows(sampleCounts: shards.shards?.map(\.sampleCount) ?? [], window: 10))
    var deliveries: [[Float]] = []
    for workers in [1, 3] {
      let loader = try BatchLoader(
        manifest: shards, augmentation: .small, mode: .training,
        requests: Array(plan.requests(steps: 0..<7, leaves: 0..<2)), seed: 1, microBatch: 4,
        workers: workers, queueDepth: 3, onError: .fail)
      var images = [Float](repeating: .nan, count: 4 * 24 * 24 * 3)
      var all: [Float] = []
      while try images.withUnsafeMutableBufferPointer({ try loader.next(into: $0) }) != nil {
        all += images
      }
      deliveries.append(all)
    }
    #expect(deliveries[0] == deliveries[1] && deliveries[0].count == 14 * 4 * 24 * 24 * 3)
  }
}
