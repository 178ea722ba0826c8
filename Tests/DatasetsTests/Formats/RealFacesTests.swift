import Foundation
import Testing

@testable import Datasets

private let sharedFaces = sharedData("faces")

@Suite struct RealFacesTests {
  @Test(
    .enabled(
      if: FileManager.default.fileExists(atPath: sharedFaces),
      "needs real faces in ../shared/data/faces"))
  func everyRealFaceIsRead() throws {
    let manifest = try FaceManifest.affectNet(
      csv: "\(sharedFaces)/validation.csv", root: sharedFaces, onError: .fail)
    #expect(manifest.records.count == 579 && manifest.problems.isEmpty)
    let reader = try SampleReader(manifest: manifest, augmentation: .small)
    let image = UnsafeMutablePointer<Float>.allocate(capacity: reader.sampleCount)
    defer { image.deallocate() }
    for sample in 0..<Int32(60) {
      try reader.readForEvaluation(sample, into: image)
      let values = UnsafeBufferPointer(start: image, count: reader.sampleCount)
      #expect(values.allSatisfy { $0.isFinite && abs($0) < 3 })
      #expect((values.max() ?? 0) - (values.min() ?? 0) > 0.5)
    }
  }
}
