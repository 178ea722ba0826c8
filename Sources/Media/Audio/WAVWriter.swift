import CSndFile
import Foundation

/// Writes a WAV file; owns libsndfile's handle, for one thread at a time.
///
/// The same samples give the same bytes: nothing in the file tells when it was written.
public final class WAVWriter {
  /// How samples are stored.
  public enum SampleType: Sendable {
    /// 16-bit integers, rounded; what is beyond full scale is clipped.
    case int16
    /// 32-bit floats, as they are.
    case float32
  }

  private let path: String
  private let channels: Int
  private let sampleType: SampleType
  private var handle: OpaquePointer?

  /// Creates a file, or empties the one that is there.
  ///
  /// - Parameters:
  ///   - rate: in Hz, within `AudioHeader.rates`.
  ///   - channels: within `AudioHeader.channelCounts`.
  /// - Throws: `MediaError.unwritable`, `MediaError.codec`.
  public init(
    _ path: String, rate: Int, channels: Int = 1, sampleType: SampleType = .int16
  ) throws {
    guard AudioHeader.rates.contains(rate), AudioHeader.channelCounts.contains(channels) else {
      throw MediaError.codec(reason: "no sound has \(channels) channels at \(rate) Hz")
    }
    self.path = path
    self.channels = channels
    self.sampleType = sampleType
    let encoding = sampleType == .int16 ? SF_FORMAT_PCM_16 : SF_FORMAT_FLOAT
    var info = SF_INFO()
    info.samplerate = Int32(rate)
    info.channels = Int32(channels)
    info.format = Int32(SF_FORMAT_WAV | encoding)
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw MediaError.unwritable(path) }
    handle = sf_open_fd(descriptor, Int32(SFM_WRITE), &info, Int32(SF_TRUE))
    if handle == nil { throw failure() }
    // libsndfile would put the hour into the chunk of peaks.
    sf_command(handle, Int32(SFC_SET_ADD_PEAK_CHUNK), nil, Int32(SF_FALSE))
  }

  deinit { if let handle { sf_close(handle) } }

  /// Appends samples.
  ///
  /// - Shapes: `[frames, channels]`; full scale is 1.
  /// - Throws: `MediaError.unwritable`; `MediaError.codec` for a sample that is no finite number.
  public func write(_ samples: [Float]) throws {
    precondition(samples.count.isMultiple(of: channels))
    if let index = samples.firstIndex(where: { !$0.isFinite }) {
      throw MediaError.codec(reason: "sample \(index) is \(samples[index])")
    }
    let count = sf_count_t(samples.count)
    let written =
      switch sampleType {
      case .int16: sf_write_short(handle, samples.map(Self.integer), count)
      case .float32: sf_write_float(handle, samples, count)
      }
    if written != count { throw failure() }
  }

  /// Completes the file; nothing can be written after it.
  ///
  /// - Throws: `MediaError.unwritable`.
  public func close() throws {
    guard let handle else { return }
    self.handle = nil
    let code = sf_close(handle)
    if code != 0 { throw failure(code) }
  }

  /// The inverse of how libsndfile reads: a sample of 1/32768 is 1.
  private static func integer(_ sample: Float) -> Int16 {
    Int16(max(-32768, min(32767, (sample * 32768).rounded(.toNearestOrEven))))
  }

  private func failure(_ code: Int32? = nil) -> MediaError {
    .unwritable(file: path, reason: String(cString: sf_error_number(code ?? sf_error(handle))))
  }
}
