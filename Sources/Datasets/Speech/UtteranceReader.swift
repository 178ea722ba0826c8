import CounterRandom
import Foundation
import Media

/// Turns utterances into samples: reads, resamples to 16 kHz, cuts out, computes log-mel energies and
/// hides parts of them.
///
/// What comes out is a pure function of the sound file, the record and the key. Each thread has its own
/// reader. The log-mel energies are those of `LogMelSpectrogram`; behind an utterance that is shorter
/// than a patch there is silence.
public final class UtteranceReader: SampleSource {
  private let manifest: SpeechManifest
  private let cut: SpeechPatches
  private let patches: [SpeechPatch]
  private let augmentation: SpeechAugmentation
  private let format: SampleFormat
  private let spectrogram: LogMelSpectrogram
  private let sound = AudioReader(rate: LogMelSpectrogram.rate)
  /// The file that `sound` has open.
  private var opened: (path: String, header: AudioHeader)?
  /// The samples of a patch.
  private let samples: FloatBuffer
  /// A patch on its way to bfloat16.
  private let energies: FloatBuffer

  /// - Parameters:
  ///   - cut: how long a patch is.
  ///   - patches: what evaluation reads, by number; training reads stretches of records.
  ///   - augmentation: what training changes.
  ///   - format: how a patch lies in memory; with one channel, both orders are the same.
  /// - Throws: `MediaError.codec` where the Fourier transform is missing, `DatasetError.setting`.
  public init(
    manifest: SpeechManifest, cut: SpeechPatches, patches: [SpeechPatch] = [],
    augmentation: SpeechAugmentation, format: SampleFormat = .plain
  ) throws {
    try augmentation.validate()
    self.manifest = manifest
    self.cut = cut
    self.patches = patches
    self.augmentation = augmentation
    self.format = format
    spectrogram = try LogMelSpectrogram()
    samples = FloatBuffer(count: cut.samples)
    energies = FloatBuffer(count: cut.frames * LogMelSpectrogram.bands)
  }

  /// The shape of a sample, `[frames, bands]`.
  static func shape(of cut: SpeechPatches) -> SampleShape {
    SampleShape(height: cut.frames, width: LogMelSpectrogram.bands, channels: 1)
  }

  /// Bytes of one sample.
  public var sampleBytes: Int { Self.shape(of: cut).count * format.elementBytes }

  func label(of sample: Int32) -> Int32 {
    let utterance = patches.isEmpty ? sample : patches[Int(sample)].utterance
    return Int32(manifest.records[Int(utterance)].emotion?.rawValue ?? 0)
  }

  func prepare(_ upcoming: [Range<Int>]) {}

  /// Reads a random stretch of a record, louder or softer, with masks.
  ///
  /// - Shapes: `output` is `[frames, bands]`.
  /// - Throws: `SampleProblem` naming list, line and sound file.
  public func readForTraining(
    _ key: SampleKey, into output: UnsafeMutableRawPointer
  ) throws(SampleProblem) {
    try describing(key.sample) {
      let record = manifest.records[Int(key.sample)]
      let length = try length(of: record)
      var generator = key.generator(.speechStretch)
      let start =
        length > cut.samples ? generator.integer(below: length - cut.samples + 1) : 0
      try read(record, from: start, length: length)
      amplify(key)
      write(to: output) {
        augmentation.masks.apply(to: $0, bands: LogMelSpectrogram.bands, key: key)
      }
    }
  }

  /// Reads a patch.
  ///
  /// - Parameter sample: the number of the patch.
  /// - Shapes: `output` is `[frames, bands]`.
  /// - Throws: `SampleProblem` of the utterance, naming list, line and sound file.
  public func readForEvaluation(
    _ sample: Int32, into output: UnsafeMutableRawPointer
  ) throws(SampleProblem) {
    let patch = patches[Int(sample)]
    try describing(patch.utterance) {
      let record = manifest.records[Int(patch.utterance)]
      try read(record, from: Int(patch.start), length: try length(of: record))
      write(to: output) { _ in }
    }
  }

  /// How long an utterance is, in samples at 16 kHz: as its record and the header of its file say, and
  /// by decoding it where they do not.
  ///
  /// - Throws: `SampleProblem` naming list, line and sound file.
  public func length(ofUtterance utterance: Int32) throws(SampleProblem) -> Int {
    try describing(utterance) { try length(of: manifest.records[Int(utterance)]) }
  }

  private func describing<Value>(
    _ utterance: Int32, _ body: () throws -> Value
  ) throws(SampleProblem) -> Value {
    do {
      return try body()
    } catch {
      // After an error nobody knows where the file stands.
      opened = nil
      throw SampleProblem(
        sample: utterance, file: manifest.path, line: manifest.records[Int(utterance)].line,
        reason: "\(error)")
    }
  }

  // MARK: - Sound

  private func length(of record: SpeechRecord) throws -> Int {
    let path = manifest.path(of: record)
    let file = try open(path)
    let begin = Self.sample(at: record.startSeconds)
    let claimed = try file.seconds.map(Self.sample) ?? decodedLength(of: record)
    let end = min(record.endSeconds.map(Self.sample) ?? claimed, claimed)
    guard end > begin else {
      throw UnusableUtterance(
        path: path, reason: "has \(file.seconds ?? 0) s of sound and none of the utterance")
    }
    guard end - begin <= Self.sample(at: AudioReader.defaultLimitSeconds) else {
      throw MediaError.soundTooLong(file: path, limitSeconds: AudioReader.defaultLimitSeconds)
    }
    return end - begin
  }

  /// Decodes a recording of unknown length up to the utterance's end.
  private func decodedLength(of record: SpeechRecord) throws -> Int {
    let most = record.startSeconds + AudioReader.defaultLimitSeconds + 1
    var count = 0
    try sound.read(seconds: 0..<(record.endSeconds ?? most)) { count += $0.count }
    return count
  }

  private func open(_ path: String) throws -> AudioHeader {
    if let opened, opened.path == path { return opened.header }
    opened = nil
    let header = try sound.open(path)
    opened = (path, header)
    return header
  }

  /// Fills `samples` from a sample of an utterance on, with zeros behind its end.
  private func read(_ record: SpeechRecord, from start: Int, length: Int) throws {
    let first = Self.sample(at: record.startSeconds) + start
    let count = min(cut.samples, length - start)
    let buffer = samples.values
    var filled = 0
    try sound.read(seconds: Self.seconds(first)..<Self.seconds(first + count)) { block in
      let part = min(block.count, count - filled)
      _ = UnsafeMutableBufferPointer(rebasing: buffer[filled..<(filled + part)])
        .update(fromContentsOf: UnsafeBufferPointer(rebasing: block[..<part]))
      filled += part
    }
    guard filled > 0 else {
      throw UnusableUtterance(
        path: manifest.path(of: record),
        reason: "ends before \(Self.seconds(first)) s, though its header promises more")
    }
    buffer[filled...].update(repeating: 0)
  }

  private func amplify(_ key: SampleKey) {
    guard augmentation.gainDecibels > 0 else { return }
    var generator = key.generator(.speechGain)
    let most = augmentation.gainDecibels
    let factor = powf(10, generator.uniform(in: -most...most) / 20)
    for index in samples.values.indices { samples.values[index] *= factor }
  }

  private static func sample(at seconds: Double) -> Int {
    Int((seconds * Double(LogMelSpectrogram.rate)).rounded())
  }

  private static func seconds(_ sample: Int) -> Double {
    Double(sample) / Double(LogMelSpectrogram.rate)
  }

  // MARK: - Energies

  private func write(
    to output: UnsafeMutableRawPointer,
    change: (UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    let energies = energies.values
    spectrogram.compute(UnsafeBufferPointer(samples.values), into: energies)
    change(energies)
    switch format.element {
    case .float32:
      _ = UnsafeMutableRawBufferPointer(start: output, count: sampleBytes)
        .initializeMemory(as: Float.self, fromContentsOf: energies)
    case .bfloat16:
      let rounded = output.assumingMemoryBound(to: BFloat16.self)
      for index in energies.indices { rounded[index] = BFloat16(rounding: energies[index]) }
    }
  }
}

/// Memory for numbers that a reader keeps from sample to sample.
private final class FloatBuffer {
  let values: UnsafeMutableBufferPointer<Float>

  init(count: Int) {
    values = .allocate(capacity: count)
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }
}

/// A sound file that opens, and does not hold the utterance.
private struct UnusableUtterance: Error, CustomStringConvertible {
  let path: String
  let reason: String
  var description: String { "\(path): \(reason)" }
}
