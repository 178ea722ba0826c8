import Foundation
import TestSupport
import Testing

@testable import Trainer

/// What standardises the features that a fusion network sees.
@Suite("Feature statistics")
struct FeatureStatisticsTests {
  @Test("features are standardised over the frames that have them; parts join as the whole")
  func statistics() throws {
    let folder = try TemporaryFolder()
    let cache = FeatureCache(folder: folder.path)
    func file(_ name: String, _ frames: [[Float]?]) throws -> FeatureFile {
      var table = FeatureTable(frames: frames.count, width: 2)
      for (frame, vector) in frames.enumerated() {
        vector?.withUnsafeBytes { table.set($0, frame: frame) }
      }
      let path = cache.path(recording: name, modality: .visual, digest: "0")
      try cache.write(table, metadata: [:], to: path)
      return try FeatureFile(path: path, frames: frames.count)
    }
    let vectors: [[Float]?] = (0..<700).map { $0 % 7 == 3 ? nil : [sin(Float($0)) * 3 + 1, 5] }
    let whole = try FeatureMoments(file("whole", vectors)).scale
    var parts = FeatureMoments(width: 2)
    for (name, range) in [("a", 0..<1), ("b", 1..<300), ("c", 300..<700)] {
      let moments = try FeatureMoments(file(name, Array(vectors[range])))
      parts.add(FeatureMoments(numbers: moments.numbers))
    }
    let values = vectors.compactMap { $0.map { Double($0[0]) } }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance =
      values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    for scale in [whole, parts.scale] {
      #expect(abs(Double(scale.mean[0]) - mean) < 1e-6)
      #expect(abs(Double(scale.factor[0]) - 1 / variance.squareRoot()) < 1e-6)
      // A feature that never changes is only centred.
      #expect(scale.mean[1] == 5 && scale.factor[1] == 1)
    }
  }
}
