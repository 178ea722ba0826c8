import Datasets
import Media
import Nets

/// Rows of a recording's sound, one for each frame and for those behind the last that it reaches into; before its start and behind its end
/// there is silence.
package final class SoundWork: FeatureWork {
  package private(set) var table: FeatureTable
  package private(set) var framesDone = 0
  package let framesInAll: Int

  private let frames: Range<Int>
  private let extractor: any SoundRows
  /// From the sound's start to the end of the last patch.
  private let samples: [Float]
  private var pass: [Float]

  /// Reads the sound as far as the frames reach: 64 kB a second.
  ///
  /// - Parameter file: a sound, or a film with one.
  /// - Throws: `MediaError`, `FeatureProblem.tooShort`.
  convenience init(file: String, frames: Range<Int>, extractor: any SoundRows) throws {
    let needed = Double(frames.upperBound) * FrameClock.periodSeconds
    let samples = try Self.samples(of: file, lasting: frames.upperBound, extractor)
    let seconds = Double(samples.count) / Double(LogMelSpectrogram.rate)
    let tolerance = Double(FrameClock.toleranceFrames) * FrameClock.periodSeconds
    guard seconds >= needed - tolerance else {
      throw FeatureProblem.tooShort(file: file, seconds: seconds, needed: needed)
    }
    self.init(samples: samples, frames: frames, extractor: extractor)
  }

  /// Reads so much of a sound as some frames need; behind its end there is silence.
  ///
  /// - Throws: `MediaError`.
  package convenience init(file: String, lasting frames: Int, extractor: any SoundRows) throws {
    self.init(
      samples: try Self.samples(of: file, lasting: frames, extractor), frames: 0..<frames,
      extractor: extractor)
  }

  /// A sound from its start to the end of the last patch of some frames, or a little more.
  private static func samples(
    of file: String, lasting frames: Int, _ extractor: any SoundRows
  ) throws -> [Float] {
    let reader = AudioReader(rate: LogMelSpectrogram.rate)
    try reader.open(file)
    // A patch reaches less than its own length beyond its frame.
    let reach = extractor.samplesOfPass + extractor.rowsBehind * PatchPlace.frameSamples
    return try reader.read(
      seconds:
        0..<(Double(frames) * FrameClock.periodSeconds
        + Double(reach) / Double(LogMelSpectrogram.rate)))
  }

  /// Reads the whole of a sound, of four hours at most.
  ///
  /// - Throws: `MediaError`, also where it holds no sound.
  package convenience init(whole file: String, extractor: any SoundRows) throws {
    let reader = AudioReader(rate: LogMelSpectrogram.rate)
    try reader.open(file)
    let samples = try reader.read()
    guard !samples.isEmpty else {
      throw MediaError.brokenSound(file: file, reason: "holds no sound")
    }
    self.init(samples: samples, extractor: extractor)
  }

  /// Rows of sound that is in memory.
  ///
  /// - Parameters:
  ///   - samples: at 16 kHz.
  ///   - frames: nil for all that there are, at least one.
  package init(samples: [Float], frames: Range<Int>? = nil, extractor: any SoundRows) {
    let all = max(1, (samples.count + PatchPlace.frameSamples / 2) / PatchPlace.frameSamples)
    self.samples = samples
    self.frames = frames ?? 0..<all
    self.extractor = extractor
    framesInAll = self.frames.count + extractor.rowsBehind
    table = FeatureTable(frames: framesInAll, width: extractor.width, type: extractor.type)
    pass = Array(repeating: 0, count: extractor.samplesOfPass)
  }

  package var framesWithRows: Int { framesDone }

  package func forget(before frame: Int) { table.forget(before: frame) }

  package func advance() throws -> Bool {
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

extension SoundExtractor {
  /// All outputs for each frame of a sound that is in memory.
  ///
  /// - Parameter samples: at 16 kHz.
  /// - Throws: `NetsError.kernel`.
  package func rows(of samples: [Float]) throws -> [[Float]] {
    let everything = AllOutputs(self)
    let work = SoundWork(samples: samples, extractor: everything)
    while try work.advance() {}
    return everything.rows
  }
}

/// Keeps all outputs of an extractor, frame by frame.
private final class AllOutputs: SoundRows {
  private(set) var rows: [[Float]] = []
  private let extractor: SoundExtractor

  init(_ extractor: SoundExtractor) { self.extractor = extractor }

  var width: Int { extractor.width }
  var type: TensorType { extractor.type }
  var batch: Int { extractor.batch }
  var samplesBefore: Int { extractor.samplesBefore }
  var samplesOfPass: Int { extractor.samplesOfPass }
  var rowsBehind: Int { extractor.rowsBehind }

  func run(_ samples: UnsafeBufferPointer<Float>) throws { try extractor.run(samples) }

  func copyRow(of place: Int, to table: inout FeatureTable, frame: Int) {
    rows.append(extractor.row(of: place))
  }
}
