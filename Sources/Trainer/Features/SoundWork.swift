import Datasets
import Media

/// Rows of a recording's sound, one for each frame and for those behind the last that it reaches into; before its start and behind its end
/// there is silence.
final class SoundWork: FeatureWork {
  private(set) var table: FeatureTable
  private(set) var framesDone = 0
  let framesInAll: Int

  private let frames: Range<Int>
  private let extractor: any SoundRows
  /// From the sound's start to the end of the last patch.
  private let samples: [Float]
  private var pass: [Float]

  /// Reads the sound as far as the frames reach: 64 kB a second.
  ///
  /// - Parameter file: a sound, or a film with one.
  /// - Throws: `MediaError`, `FeatureProblem.tooShort`.
  init(file: String, frames: Range<Int>, extractor: any SoundRows) throws {
    self.frames = frames
    self.extractor = extractor
    framesInAll = frames.count + extractor.rowsBehind
    table = FeatureTable(frames: framesInAll, width: extractor.width, type: extractor.type)
    pass = Array(repeating: 0, count: extractor.samplesOfPass)
    let reader = AudioReader(rate: LogMelSpectrogram.rate)
    try reader.open(file)
    let needed = Double(frames.upperBound) * FrameClock.periodSeconds
    // A patch reaches less than its own length beyond its frame.
    let reach =
      Double(extractor.samplesOfPass + extractor.rowsBehind * PatchPlace.frameSamples)
      / Double(LogMelSpectrogram.rate)
    samples = try reader.read(seconds: 0..<(needed + reach))
    let seconds = Double(samples.count) / Double(LogMelSpectrogram.rate)
    let tolerance = Double(FrameClock.toleranceFrames) * FrameClock.periodSeconds
    guard seconds >= needed - tolerance else {
      throw FeatureProblem.tooShort(file: file, seconds: seconds, needed: needed)
    }
  }

  func advance() throws -> Bool {
    let end = min(framesDone + extractor.batch, framesInAll)
    fill(from: (frames.lowerBound + framesDone) * PatchPlace.frameSamples)
    try pass.withUnsafeBufferPointer(extractor.run)
    for frame in framesDone..<end {
      extractor.copyRow(of: frame - framesDone, to: &table, frame: frame)
    }
    framesDone = end
    return framesDone < framesInAll
  }

  /// Fills the pass whose first frame starts at a sample.
  private func fill(from start: Int) {
    for index in pass.indices {
      let place = start - extractor.samplesBefore + index
      pass[index] = samples.indices.contains(place) ? samples[place] : 0
    }
  }
}
