import Foundation
import Nets
import TestSupport
import Testing

@testable import Trainer

/// How extracted features are named, kept and found again.
@Suite("Feature cache")
struct FeatureCacheTests {
  private func key(
    _ modality: Modality = .visual, frames: Range<Int> = 0..<3, extractor: String = "resnet18",
    weights: String = "w", media: String = "m", faces: String? = "list"
  ) -> FeatureKey {
    FeatureKey(
      modality: modality, frames: frames, extractor: extractor, weights: weights, media: media,
      faces: faces)
  }

  @Test("whatever decides features decides the name of their file")
  func keys() throws {
    let keys = [
      key(), key(.audio), key(frames: 1..<4), key(extractor: "resnet50"), key(weights: "x"),
      key(media: "x"), key(faces: nil), key(faces: "detector"),
      // The same letters in other places.
      key(weights: "wm", media: ""), key(weights: "", media: "wm"),
    ]
    let kernels = [1, 2].map { Engine.identity(threads: $0) }
    var names: Set<String> = []
    for key in keys {
      #expect(try names.insert(key.digest(kernels: kernels[0])).inserted)
      #expect(try names.insert(key.digest(kernels: kernels[1])).inserted)
      #expect(try names.insert(key.contentDigest()).inserted)
    }
    #expect(try key().digest(kernels: kernels[0]) == key().digest(kernels: kernels[0]))
    let copy = try JSONDecoder().decode(FeatureKey.self, from: JSONEncoder().encode(key()))
    #expect(copy == key())
  }

  private func table() -> FeatureTable {
    var table = FeatureTable(frames: 3, width: 2)
    for (frame, vector) in [(0, [Float(1), 2]), (2, [3, 4])] {
      vector.withUnsafeBytes { table.set($0, frame: frame) }
    }
    return table
  }

  @Test("a table lets go of rows in front of a frame, and keeps the others")
  func forgetting() throws {
    var table = FeatureTable(frames: 1000, width: 2)
    func set(_ frame: Int) {
      [Float(frame), 1].withUnsafeBytes { table.set($0, frame: frame) }
    }
    for frame in [0, 255, 256, 700] { set(frame) }
    table.forget(before: 300)
    #expect(table.row(0) == nil && table.row(255) == nil)
    #expect(table.row(256) == [256, 1] && table.row(700) == [700, 1] && table.row(701) == nil)
    table.forget(before: 1000)
    #expect(table.presentCount == 0)
    #expect(table.bytes == [UInt8](repeating: 0, count: 8000))
  }

  @Test("features are read back frame by frame, whole or in parts")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let cache = FeatureCache(folder: "\(folder.path)/new/features")
    let path = cache.path(recording: "train_1", modality: .visual, digest: "0a")
    #expect(path.hasSuffix("/train_1.visual.0a.safetensors"))
    try cache.write(table(), metadata: key().metadata, to: path)
    #expect(try FileManager.default.contentsOfDirectory(atPath: cache.folder).count == 1)
    #expect(try cache.has(path, frames: 3) { Issue.record("\($0)") })
    let file = try FeatureFile(path: path, frames: 3)
    #expect(file.width == 2 && file.presence == [true, false, true])
    var rows = [Float](repeating: -1, count: 4)
    try rows.withUnsafeMutableBytes { try file.read(1..<3, into: $0) }
    #expect(rows == [0, 0, 3, 4])
  }

  @Test(
    "a file that is cut, changed or of another length is set aside",
    arguments: ["cut", "changed", "frames", "text"])
  func broken(_ how: String) throws {
    let folder = try TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    let path = cache.path(recording: "dev_1", modality: .audio, digest: "00")
    try cache.write(table(), metadata: [:], to: path)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    switch how {
    case "cut": bytes.removeLast()
    case "changed": bytes[bytes.count - 4] ^= 1
    case "text": bytes = Data("no features".utf8)
    default: break
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    var reports: [String] = []
    #expect(try !cache.has(path, frames: how == "frames" ? 4 : 3) { reports.append($0) })
    #expect(reports.count == 1 && reports[0].contains(path))
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(FileManager.default.fileExists(atPath: path + ".broken"))
    #expect(try !cache.has(path, frames: 3) { reports.append($0) })
    #expect(reports.count == 1)
  }
}
