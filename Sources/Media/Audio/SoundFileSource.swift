import CSndFile
import Foundation

/// Owns libsndfile's handle of one recording.
final class SoundFileSource: SoundSource {
  private static let blockFrames = 4096

  let header: AudioHeader
  let seeksExactly = true

  private let file: RegularFile
  private let format: SoundFormat
  private let handle: OpaquePointer
  /// The sample that is read next; nil after an error.
  private var position: Int? = 0
  /// `[blockFrames, channels]`.
  private let interleaved: UnsafeMutablePointer<Float>

  /// Nil where libsndfile knows the container and not what is in it: FFmpeg may.
  ///
  /// - Throws: `MediaError` for a damaged file.
  init?(_ file: RegularFile, format: SoundFormat) throws {
    try ChunkedFile(file: file, format: format).requireWholeSound()
    var info = SF_INFO()
    var access = Self.access
    let user = Unmanaged.passUnretained(file).toOpaque()
    guard let handle = sf_open_virtual(&access, Int32(SFM_READ), &info, user) else {
      let code = sf_error(nil)
      if code == SF_ERR_UNSUPPORTED_ENCODING || code == SF_ERR_UNRECOGNISED_FORMAT { return nil }
      throw MediaError.brokenSound(file: file.path, reason: String(cString: sf_error_number(code)))
    }
    let isCounted = info.frames >= 0 && info.frames < sf_count_t.max
    let header = AudioHeader(
      format: format.rawValue, rate: Int(info.samplerate), channels: Int(info.channels),
      frames: isCounted ? Int(info.frames) : nil)
    do {
      try header.validate(file: file.path)
    } catch {
      sf_close(handle)
      throw error
    }
    self.file = file
    self.format = format
    self.handle = handle
    self.header = header
    interleaved = .allocate(capacity: Self.blockFrames * header.channels)
  }

  deinit {
    interleaved.deallocate()
    sf_close(handle)
  }

  func seek(to frame: Int) throws {
    if frame == position { return }
    let target = min(frame, header.frames ?? frame)
    let landing = format.seeksExactly ? target : 0
    guard sf_seek(handle, sf_count_t(landing), SEEK_SET) == landing else {
      throw broken("cannot go to \(Double(frame) / Double(header.rate)) s")
    }
    position = landing
    // Transform codecs carry state from block to block: only decoding them all gives the same bits.
    var missing = target - landing
    while missing > 0 {
      let got = try readInterleaved(min(Self.blockFrames, missing))
      if got == 0 { return }
      missing -= got
    }
  }

  func read(into block: UnsafeMutableBufferPointer<Float>) throws -> Int {
    var count = 0
    while count < block.count {
      let got = try readInterleaved(min(Self.blockFrames, block.count - count))
      if got == 0 { break }
      average(got, into: block, at: count)
      count += got
    }
    return count
  }

  private func readInterleaved(_ frames: Int) throws -> Int {
    guard let start = position else { throw broken("is read on after an error") }
    position = nil
    let got = Int(sf_readf_float(handle, interleaved, sf_count_t(frames)))
    let code = sf_error(handle)
    guard code == SF_ERR_NO_ERROR else { throw broken(String(cString: sf_error_number(code))) }
    if got < frames, let claimed = header.frames, start + got < claimed {
      throw MediaError.truncatedSound(
        file: file.path, claimed: "\(claimed) samples", present: "\(start + got)")
    }
    position = start + got
    return got
  }

  private func average(_ frames: Int, into block: UnsafeMutableBufferPointer<Float>, at start: Int)
  {
    let channels = header.channels
    let interleaved = self.interleaved
    let scale = 1 / Float(channels)
    for frame in 0..<frames {
      var sum: Float = 0
      for channel in 0..<channels { sum += interleaved[frame * channels + channel] }
      block[start + frame] = sum * scale
    }
  }

  private func broken(_ reason: String) -> MediaError {
    .brokenSound(file: file.path, reason: reason)
  }
}

extension SoundFileSource {
  /// How libsndfile reads a `RegularFile`: where a file cannot be opened it closes a descriptor, even
  /// one that it is told to leave alone, which by then could be another thread's.
  private static let access = SF_VIRTUAL_IO(
    get_filelen: { user in sf_count_t(file(user)?.size ?? 0) },
    seek: { offset, whence, user in
      sf_count_t(file(user)?.seek(Int(offset), whence) ?? -1)
    },
    read: { buffer, count, user in
      sf_count_t(file(user)?.read(into: buffer, count: Int(count)) ?? 0)
    },
    write: { _, _, _ in 0 },
    tell: { user in sf_count_t(file(user)?.position ?? -1) })

  private static func file(_ user: UnsafeMutableRawPointer?) -> RegularFile? {
    user.map { Unmanaged.fromOpaque($0).takeUnretainedValue() }
  }
}
