import Datasets
import Foundation
import Media
import TestSupport
import Testing

@testable import Trainer

@Suite("Pictures of faces")
struct FacePicturesTests {
  private static let side = 16

  private let folder: TemporaryFolder
  private let faces: FaceManifest
  private let augmentation = Augmentation(
    imageSize: side, cropScale: 0.4...1, cropRatio: 0.75...1.33, flipProbability: 0.5,
    brightness: 0.3, contrast: 0.3, saturation: 0.3)

  /// Sixteen files, each of one colour with a brighter corner; the last is no image.
  init() throws {
    folder = try TemporaryFolder()
    let encoder = try JPEGEncoder()
    let pixels = PixelBuffer(width: 32, height: 32)
    for index in 0..<16 {
      for place in pixels.bytes.indices {
        let isCorner = place / 4 % 32 > 20 && place / 128 > 20
        pixels.bytes[place] = UInt8(isCorner ? 255 : index * 12 + place % 4 * 15)
      }
      try encoder.write(pixels, quality: 90, to: "\(folder.path)/\(index).jpg")
    }
    _ = try folder.write("no image", to: "15.jpg")
    faces = FaceManifest(
      path: "list.csv", root: folder.path,
      records: (0..<16).map {
        FaceRecord(
          imagePath: "\($0).jpg", faceBox: nil, expression: Expression(rawValue: $0 % 8),
          valence: nil, arousal: nil, line: $0 + 2)
      })
  }

  @Test("a preview shows the images that the step was computed from")
  func preview() throws {
    let mixing = BatchMixing(mixupAlpha: 0.4, cutmixAlpha: 0)
    let epochs = try EpochPlan(
      classOfSample: faces.classOfSample, globalBatch: 8, microBatch: 4, seed: 3,
      sampling: .shuffled)
    let loader = try BatchLoader(
      manifest: faces, augmentation: augmentation, mode: .training,
      requests: epochs.requests(steps: 0..<3, leaves: 0..<2), seed: 3, microBatch: 4, workers: 2,
      queueDepth: 2, mixing: mixing, onError: .skip(limit: 9))
    let preview = FacePreview(
      faces: faces, epochs: epochs, augmentation: augmentation, mixing: mixing, seed: 3)
    var values = [Float](repeating: 0, count: 4 * Self.side * Self.side * 3)
    for step in 1...3 {
      for leaf in 0..<2 {
        _ = try values.withUnsafeMutableBufferPointer { try loader.next(into: $0) }
        let shown = try #require(try preview.images(ofStep: step))
        let trained = SampleImages(values, augmentation)
        let isSame = try (0..<4).map { try shown.picture(of: $0) == trained.picture(of: $0) }
        // The second micro-batch is another one.
        #expect(isSame == Array(repeating: leaf == 0, count: 4), "step \(step)")
      }
    }
    #expect(try preview.images(ofStep: 0) == nil)
  }

  @Test("a gallery shows its faces with what was said of them, without those that cannot be read")
  func gallery() throws {
    var samples = ClassifiedSamples(classes: 8)
    for index in 0..<16 {
      // All are taken for neutral, the last with the most confidence.
      samples.append(label: index % 8, logits: [Float(index) / 4] + Array(repeating: 0, count: 7))
    }
    let pictures = try FaceGallery(faces: faces, augmentation: augmentation)
      .pictures(of: samples)
    // Fourteen mistakes, of which twelve are shown, one of them unreadable; two are right.
    #expect(pictures.count == 13 && pictures.count { $0.isRight == true } == 2)
    #expect(pictures[0].caption.hasPrefix("anger, taken for neutral, "))
    #expect(
      pictures.allSatisfy {
        $0.picture.file.starts(with: [0xFF, 0xD8]) && $0.picture.width == Self.side
      })
    #expect(pictures.last?.caption.hasPrefix("neutral, ") == true)
  }
}
