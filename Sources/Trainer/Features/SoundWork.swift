import Datasets
import Media

/// The features of a recording's sound, a vector for each frame; before its start and behind its end
/// there is silence.
final class SoundWork: FeatureWork {
  private(set) var table: FeatureTable
  private(set) var framesDone = 0
  var framesInAll: Int { frames.count }

  private let frames: Range<Int>
  private let extractor: SoundExtractor
  /// From the sound's start to the end of the last patch.
  private let samples: [Float]
  private var pass: [Float]

  /// Reads the sound as far as the frames reach: 64 kB a second.
  ///
  /// - Parameter file: a sound, or a film with one.
  /// - Throws: `MediaError`, `FeatureProblem.tooShort`.
  init(file: String, frames: Range<Int>, extractor: SoundExtractor) throws {
    self.frames = frames
    self.extractor = extractor
    table = FeatureTable(frames: frames.count, width: extractor.width)
    pass = Array(repeating: 0, count: extractor.samplesOfPass)
    let reader = AudioReader(rate: LogMelSpectrogram.rate)
    try reader.open(file)
    let needed = Double(frames.upperBound) * FrameClock.periodSeconds
    // A patch reaches less than its own length beyond its frame.
    let reach = Double(extractor.samplesOfPass) / Double(LogMelSpectrogram.rate)
    samples = try reader.read(seconds: 0..<(needed + reach))
    let seconds = Double(samples.count) / Double(LogMelSpectrogram.rate)
    let tolerance = Double(FrameClock.toleranceFrames) * FrameClock.periodSeconds
    guard seconds >= needed - tolerance else {
      throw FeatureProblem.tooShort(file: file, seconds: seconds, needed: needed)
    }
  }

  func advance() throws -> Bool {
    let end = min(framesDone + extractor.batch, frames.count)
    fill(from: (frames.lowerBound + framesDone) * SoundExtractor.frameSamples)
    try pass.withUnsafeBufferPointer(extractor.run)
    for frame in framesDone..<end {
      table.set(extractor.features(of: frame - framesDone), frame: frame)
    }
    framesDone = end
    return framesDone < frames.count
  }

  /// Fills the pass whose first frame starts at a sample.
  private func fill(from start: Int) {
    for index in pass.indices {
      let place = start - extractor.samplesBefore + index
      pass[index] = samples.indices.contains(place) ? samples[place] : 0
    }
  }
}
