import Foundation
import Testing

@testable import Datasets

/// Every file of a folder with its content.
private func content(_ folder: String) throws -> [String: Data] {
  try FileManager.default.contentsOfDirectory(atPath: folder).reduce(into: [:]) { content, name in
    content[name] = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
  }
}

/// Packs as `ranks` processes would.
@discardableResult
private func pack(
  _ manifest: FaceManifest, to output: String, ranks: Int = 1,
  _ options: ShardPacker.Options = .init(samples: 10)
) throws -> FaceManifest {
  let packer = try ShardPacker(manifest, to: output, options: options)
  let sizes = packer.needsSizes ? packer.sizes(of: 0..<packer.count) : []
  let shards = try packer.shards(sizes: sizes)
  var written: [Int: FaceManifest] = [:]
  for rank in (0..<ranks).reversed() {
    for number in stride(from: rank, to: shards.count, by: ranks) {
      written[number] = try packer.write(shard: number, places: shards[number])
    }
  }
  return try packer.writeIndex(shards.indices.compactMap { written[$0] })
}

@Suite struct ShardPackerTests {
  @Test func anyNumberOfRanksWritesTheSameBytes() throws {
    let corpus = try Corpus(faces: 60)
    let alone = try Scratch()
    try pack(corpus.manifest, to: "\(alone.path)/faces-{0000}.tar")
    let expected = try content(alone.path)
    #expect(expected.keys.sorted().first == "faces-0000.tar" && expected.count == 6)
    for ranks in [2, 3] {
      let scratch = try Scratch()
      try pack(corpus.manifest, to: "\(scratch.path)/faces-{0000}.tar", ranks: ranks)
      var found = try content(scratch.path)
      // The index names its own folder.
      #expect(found.removeValue(forKey: "faces.index") != nil)
      #expect(found == expected.filter { $0.key != "faces.index" })
    }
  }

  @Test func theIndexListsWhatTheShardsHold() throws {
    let corpus = try Corpus(faces: 60)
    let scratch = try Scratch()
    let index = try pack(corpus.manifest, to: "\(scratch.path)/faces-{0000}.tar")
    #expect(index.shards?.map(\.sampleCount) == [10, 10, 10, 10, 8])
    let read = try FaceManifest.list(
      path: "\(scratch.path)/faces.index", root: "/nowhere", onError: .fail)
    #expect(read.records == index.records && read.shards == index.shards)
    // A scan of the headers and labels finds the same, and so does the list that was packed.
    try FileManager.default.removeItem(atPath: "\(scratch.path)/faces.index")
    let scanned = try FaceManifest.list(
      path: "\(scratch.path)/faces-{0000..0004}.tar", root: "/nowhere", onError: .fail)
    #expect(scanned.records == index.records && scanned.shards == index.shards)
    for (packed, listed) in zip(index.records, corpus.manifest.records) {
      var expected = listed
      (expected.imagePath, expected.line) = (packed.imagePath, packed.line)
      #expect(packed == expected)
    }
  }

  @Test func shardsStayBelowTheirBytes() throws {
    let corpus = try Corpus(faces: 60)
    let scratch = try Scratch()
    let index = try pack(
      corpus.manifest, to: "\(scratch.path)/faces-{0}.tar", .init(bytes: 30_000))
    let sizes = index.shards?.map(\.byteCount) ?? []
    #expect(sizes.count > 3 && sizes.allSatisfy { $0 <= 30_000 + 1024 })
    let one = try pack(corpus.manifest, to: "\(scratch.path)/all.tar", .init(bytes: 1))
    #expect(one.shards?.count == 1 && one.records.count == 48)
  }

  @Test func shufflingFollowsFromTheSeed() throws {
    let corpus = try Corpus(faces: 60)
    func order(_ seed: UInt64?) throws -> [Float?] {
      let scratch = try Scratch()
      return try pack(
        corpus.manifest, to: "\(scratch.path)/a.tar", .init(shuffleSeed: seed)
      ).records.map(\.valence)
    }
    let listed = corpus.manifest.records.map(\.valence)
    #expect(try order(nil) == listed && order(7) == order(7))
    #expect(try order(7) != listed && order(8) != order(7))
    #expect(try Set(order(7)) == Set(listed))
  }

  @Test func finishedShardsAreKeptAndOthersAreWrittenAgain() throws {
    let corpus = try Corpus(faces: 60)
    let scratch = try Scratch()
    let output = "\(scratch.path)/faces-{0}.tar"
    try pack(corpus.manifest, to: output)
    let whole = try content(scratch.path)
    // One is missing, one is torn, one has other members.
    try FileManager.default.removeItem(atPath: "\(scratch.path)/faces-1.tar")
    try whole["faces-2.tar"]?.dropLast(2000).write(to: URL(filePath: "\(scratch.path)/faces-2.tar"))
    try whole["faces-0.tar"]?.write(to: URL(filePath: "\(scratch.path)/faces-3.tar"))
    let kept = URL(filePath: "\(scratch.path)/faces-0.tar")
    let past = Date(timeIntervalSince1970: 1_000_000)
    try FileManager.default.setAttributes([.modificationDate: past], ofItemAtPath: kept.path)
    try pack(corpus.manifest, to: output, .init(samples: 10, keepsFinished: true))
    #expect(try content(scratch.path) == whole)
    let date = try FileManager.default.attributesOfItem(atPath: kept.path)[.modificationDate]
    #expect(date as? Date == past)
  }

  @Test func whatCannotBePackedIsNamed() throws {
    let corpus = try Corpus(faces: 60)
    let scratch = try Scratch()
    func message(_ body: () throws -> Void) throws -> String {
      let error = #expect(throws: DatasetError.self) { try body() }
      return try "\(#require(error))"
    }
    for name in ["faces", "faces-{01}.tar", "faces-{}.tar", "faces-}{.tar"] {
      let text = try message { try pack(corpus.manifest, to: "\(scratch.path)/\(name)") }
      #expect(text.contains("shards are named such as faces-{000000}.tar"), "\(text)")
    }
    #expect(
      try message { try pack(corpus.manifest, to: "a-{0}.tar", .init(samples: 0)) }
        == "--samples: 0 is less than 1")
    try FileManager.default.removeItem(atPath: corpus.images[11])
    let missing = try message { try pack(corpus.manifest, to: "\(scratch.path)/a-{0}.tar") }
    #expect(missing.contains("training.csv:13: ") && missing.contains("No such file"), "\(missing)")
    // No index, and no shard that is not whole.
    #expect(try content(scratch.path).keys.sorted() == ["a-0.tar"])
  }
}

/// Python with the webdataset library: `AVER_WEBDATASET_PYTHON`, or the `python3` that is there.
private let python: String? = {
  let named = ProcessInfo.processInfo.environment["AVER_WEBDATASET_PYTHON"] ?? "python3"
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = [named, "-c", "import webdataset"]
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  process.waitUntilExit()
  return process.terminationStatus == 0 ? named : nil
}()

@Suite(.enabled(if: python != nil, "needs a python3 with webdataset (AVER_WEBDATASET_PYTHON)"))
struct WebDatasetTests {
  private func run(_ script: String, in folder: String) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [python ?? "python3", "-c", script]
    process.currentDirectoryURL = URL(filePath: folder)
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return String(decoding: text, as: UTF8.self)
  }

  @Test func webdatasetReadsOurShards() throws {
    let corpus = try Corpus(faces: 60)
    let scratch = try Scratch()
    try pack(corpus.manifest, to: "\(scratch.path)/faces-{000000}.tar")
    let text = try run(
      """
      import hashlib, json, webdataset as wds
      data = wds.WebDataset("faces-{000000..000004}.tar", shardshuffle=False)
      for s in data:
          labels = json.loads(s["json"])
          print(s["__key__"], len(s["jpg"]), labels["expression"], labels["face_box"][2])
      """, in: scratch.path)
    var lines: [String] = []
    for (place, record) in corpus.manifest.records.enumerated() {
      let size = try Data(contentsOf: URL(filePath: corpus.images[place])).count
      let key = String(format: "%09d", place)
      lines.append(
        "\(key) \(size) \(record.expression?.rawValue ?? -1) \(record.faceBox?.width ?? -1)")
    }
    #expect(text.split(separator: "\n").map(String.init) == lines)
  }

  @Test func weReadTheShardsOfWebdataset() throws {
    let corpus = try Corpus(faces: 60)
    let scratch = try Scratch()
    _ = try run(
      """
      import webdataset as wds
      paths = '''\(corpus.images.joined(separator: "\n"))'''.split("\\n")
      with wds.ShardWriter("out-%06d.tar", maxcount=20, verbose=0) as sink:
          for i, path in enumerate(paths):
              key = f"some/where/{i:06d}" + ("x" * 150 if i % 3 == 0 else "")
              sample = {"__key__": key, "jpg": open(path, "rb").read()}
              sample.update({"cls": i % 8} if i % 2 else {"json": {"expression": i % 8, "valence": 0.5}})
              sink.write(sample)
      """, in: scratch.path)
    let manifest = try FaceManifest.list(
      path: "\(scratch.path)/out-{000000..000002}.tar", root: "/nowhere", onError: .fail)
    #expect(manifest.shards?.map(\.sampleCount) == [20, 20, 8])
    let reader = try SampleReader(manifest: manifest, augmentation: .small)
    let loose = try SampleReader(
      manifest: FaceManifest(
        path: "", root: corpus.scratch.path,
        records: corpus.manifest.records.map {
          var record = $0
          record.faceBox = nil
          return record
        }), augmentation: .small)
    func image(_ reader: SampleReader, _ sample: Int) throws -> [Float] {
      var image = [Float](repeating: .nan, count: reader.sampleCount)
      try image.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        try reader.readForEvaluation(Int32(sample), into: start)
      }
      return image
    }
    for (sample, record) in manifest.records.enumerated() {
      #expect(record.expression?.rawValue == sample % 8)
      #expect(record.valence == (sample % 2 == 0 ? 0.5 : nil))
      #expect(try image(reader, sample) == image(loose, sample))
    }
  }
}
