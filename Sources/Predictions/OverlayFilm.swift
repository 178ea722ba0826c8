import AverInference
import Drawing
import Foundation
import Media
import Trainer

/// Writes a film once more, with what was predicted drawn on its pictures, and its sound.
struct OverlayFilm {
  let classes: [String]
  let prediction: RecordingPrediction

  /// Samples a second of the sound.
  private static let soundRate = 44_100

  /// Writes beside the file's place and renames.
  ///
  /// - Throws: `MediaError`, `DrawingError`, `TrainerError.system`, naming the file.
  func write(_ film: String, to output: String, progress: (Double) -> Void) throws {
    let file = try UnfinishedFile(output)
    try draw(film, to: file.path, progress)
    try file.finish()
  }

  private func draw(_ film: String, to output: String, _ progress: (Double) -> Void) throws {
    let reader = try VideoReader(film)
    let sound = try FilmSound(film, rate: Self.soundRate)
    let rate = FrameRate(reader.information.averageRate)
    let canvas = EvenPicture(reader.information.size)
    var settings = VideoWriter.Settings(size: canvas.size)
    (settings.rateFrames, settings.rateSeconds) = (rate.frames, rate.seconds)
    settings.soundRate = sound == nil ? nil : Self.soundRate
    let writer = try VideoWriter(output, settings)
    let overlay = FilmOverlay(
      classes: classes, hasAffect: prediction.moments.contains { $0.estimate.valence != nil })
    let length = Double(prediction.moments.count) * prediction.periodSeconds
    var frame = 0
    while case let seconds = rate.centreSeconds(of: frame), seconds < length,
      try reader.frame(at: seconds) != nil
    {
      canvas.take(reader.pixels)
      try overlay.draw(moment(at: seconds).drawn, on: canvas.pixels)
      try writer.append(canvas.pixels)
      try sound?.copy(until: rate.seconds(of: frame + 1), to: writer)
      frame += 1
      if frame % 25 == 0 { progress(seconds / length) }
    }
    try writer.finish()
    progress(1)
  }

  private func moment(at seconds: Double) -> Moment {
    let frame = Int(seconds / prediction.periodSeconds)
    var moment = prediction.moments[min(max(frame, 0), prediction.moments.count - 1)]
    moment.seconds = seconds
    return moment
  }
}

/// Frames a second as a fraction.
struct FrameRate: Equatable {
  let frames: Int
  let seconds: Int

  /// The nearest whole number or, where that is not near, the nearest of NTSC's rates or of thousandths.
  init(_ rate: Double) {
    let rate = min(max(rate, 1), 1000)
    if abs(rate - rate.rounded()) < 1e-3 {
      (frames, seconds) = (Int(rate.rounded()), 1)
    } else if case let ntsc = rate * 1.001, abs(ntsc - ntsc.rounded()) < 1e-3 {
      (frames, seconds) = (Int(ntsc.rounded()) * 1000, 1001)
    } else {
      (frames, seconds) = (Int((rate * 1000).rounded()), 1000)
    }
  }

  /// Where a frame begins.
  func seconds(of frame: Int) -> Double { Double(frame * seconds) / Double(frames) }

  /// The middle of a frame.
  func centreSeconds(of frame: Int) -> Double {
    (Double(frame) + 0.5) * Double(seconds) / Double(frames)
  }
}

/// A picture whose width and height are even, as encoders want them: the last column or row is left out.
final class EvenPicture {
  let size: ImageSize
  let pixels: PixelBuffer

  init(_ size: ImageSize) {
    // A single row is shown twice.
    self.size = ImageSize(width: max(2, size.width & ~1), height: max(2, size.height & ~1))
    pixels = PixelBuffer(width: self.size.width, height: self.size.height)
  }

  /// Copies a frame; of one of another size, which some streams change to, what fits.
  func take(_ frame: PixelBuffer) {
    let (source, target) = (frame.bytes, pixels.bytes)
    for row in 0..<size.height {
      let from = 4 * min(row, frame.height - 1) * frame.width
      let count = 4 * min(size.width, frame.width)
      _ = UnsafeMutableBufferPointer(
        rebasing: target[(4 * row * size.width)..<(4 * row * size.width + count)]
      ).update(fromContentsOf: source[from..<(from + count)])
    }
  }
}

/// The sound of a film, copied piece by piece.
private final class FilmSound {
  private let reader: AudioReader
  private let rate: Int
  /// Read and not yet copied, from `next` on.
  private var waiting: ArraySlice<Float> = []
  /// The sample that is read next.
  private var next = 0
  private var hasEnded = false

  /// Read at once: some containers are sought anew for each piece.
  private static let pieceSeconds = 10

  /// nil for a film without sound.
  init?(_ film: String, rate: Int) throws {
    reader = AudioReader(rate: rate)
    self.rate = rate
    do {
      try reader.open(film)
    } catch MediaError.noSoundTrack {
      return nil
    }
  }

  /// Copies so much as there is up to a time.
  func copy(until seconds: Double, to writer: VideoWriter) throws {
    let end = Int((seconds * Double(rate)).rounded())
    while case let wanted = end - (next - waiting.count), wanted > 0 {
      if waiting.isEmpty, !hasEnded { try readPiece() }
      guard !waiting.isEmpty else { return }
      try waiting.prefix(wanted).withUnsafeBufferPointer { try writer.append(samples: $0) }
      waiting = waiting.dropFirst(wanted)
    }
  }

  private func readPiece() throws {
    let end = next + Self.pieceSeconds * rate
    waiting = try reader.read(
      seconds: Double(next) / Double(rate)..<Double(end) / Double(rate))[...]
    next += waiting.count
    hasEnded = waiting.isEmpty
  }
}
