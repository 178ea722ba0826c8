import Foundation
import Media

@testable import Drawing

let emotions = [
  "neutral", "happy", "sad", "surprise", "fear", "disgust", "anger", "contempt",
]

let someRegion = FaceRegion(x: 20, y: 30, width: 40, height: 50)

/// Values that differ from moment to moment, the same in each run.
func estimate(_ index: Int, classes: Int = emotions.count) -> EmotionEstimate {
  let time = Double(index)
  let weights = (0..<classes).map { 1.001 + sin(time / 9 + 2 * Double($0)) }
  let sum = weights.reduce(0, +)
  return EmotionEstimate(
    probabilities: weights.map { Float($0 / sum) }, valence: Float(0.8 * sin(time / 30)),
    arousal: Float(0.6 * cos(time / 23)))
}

/// Moments 40 ms apart, without a face in every fifth part of `hole` of them.
func moments(_ count: Int, hole: Int = 50, classes: Int = emotions.count) -> [DrawnMoment] {
  (0..<count).map { index in
    let seconds = Double(index) * 0.04
    return index / hole % 5 == 4
      ? DrawnMoment(seconds: seconds)
      : DrawnMoment(
        seconds: seconds, region: someRegion, estimate: estimate(index, classes: classes))
  }
}

/// A frame in which neighbouring pixels differ.
func frame(_ width: Int, _ height: Int) -> PixelBuffer {
  let pixels = PixelBuffer(width: width, height: height)
  let bytes = pixels.bytes
  for index in bytes.indices {
    bytes[index] = UInt8(truncatingIfNeeded: index &* 2_654_435_761 >> 13)
  }
  return pixels
}

/// A frame of one colour.
func frame(_ width: Int, _ height: Int, _ colour: SIMD3<UInt8>) -> PixelBuffer {
  let pixels = PixelBuffer(width: width, height: height)
  for index in pixels.bytes.indices {
    pixels.bytes[index] = index % 4 == 3 ? 0 : colour[index % 4]
  }
  return pixels
}

func thumbnails(until last: Double) throws -> [DrawnThumbnail] {
  try PredictionFigure.thumbnailSeconds(from: 0, to: last).map {
    DrawnThumbnail(
      seconds: $0, picture: try DrawnPicture(of: frame(120, 160), around: someRegion))
  }
}

func recording(_ moments: [DrawnMoment], title: String = "film.mp4") throws -> PredictionFigure {
  PredictionFigure(
    DrawnPrediction(
      title: title, classes: emotions,
      content: .recording(
        moments: moments, thumbnails: try thumbnails(until: moments.last?.seconds ?? 0))))
}

/// Red, green and blue of a pixel.
func colour(_ pixels: PixelBuffer, _ x: Int, _ y: Int) -> SIMD3<UInt8> {
  let bytes = pixels.bytes
  let start = 4 * (y * pixels.width + x)
  return SIMD3(bytes[start], bytes[start + 1], bytes[start + 2])
}

extension Colour {
  /// As a pixel has it.
  var bytes: SIMD3<UInt8> {
    SIMD3(SIMD3(red, green, blue).map { ($0 * 255).rounded() })
  }
}

extension SIMD3<Double> {
  fileprivate func map(_ change: (Double) -> Double) -> SIMD3<Double> {
    SIMD3(change(self[0]), change(self[1]), change(self[2]))
  }
}

/// Whether all bytes of both are the same. Buffers that nobody holds would be gone with their pixels.
func areSame(_ first: PixelBuffer, _ second: PixelBuffer) -> Bool {
  withExtendedLifetime((first, second)) { first.bytes.elementsEqual(second.bytes) }
}

/// A folder for one test, removed at its end.
final class Scratch {
  let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(at: folder) }

  func path(_ name: String) -> String { folder.appending(path: name).path }
  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }
}
