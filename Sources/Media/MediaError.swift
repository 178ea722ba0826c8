/// What can be wrong with an image, a video or a recording; every message names the file.
public enum MediaError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be opened or read; `reason` is the operating system's.
  case unreadable(file: String, reason: String)
  /// The file holds no bytes.
  case empty(file: String)
  /// The content starts like no image format that is read, whatever the file is called.
  case unknownFormat(file: String, firstBytes: [UInt8])
  /// The content is damaged, or of a kind that the decoder does not know.
  case broken(file: String, format: ImageFormat, reason: String)
  /// The header claims more pixels than are ever decoded.
  case tooManyPixels(file: String, width: Int, height: Int, limit: Int)
  /// The content is no container that is read, or its header is damaged; `reason` is FFmpeg's.
  case notVideo(file: String, reason: String)
  /// The file holds other things, such as sound alone.
  case noVideo(file: String)
  /// There is a video stream, without a single frame.
  case noFrames(file: String)
  /// FFmpeg knows the container, but was built without this codec.
  case unsupportedCodec(file: String, codec: String)
  /// The video is damaged or cut off, at about `seconds` where that is known.
  case brokenVideo(file: String, seconds: Double?, reason: String)
  /// The file claims to last longer, or its frames lie further apart, than any recording.
  case tooLong(file: String, seconds: Double, limit: Double)
  /// The file is larger than what is read.
  case tooManyBytes(file: String, bytes: Int, limit: Int)
  /// A codec could not be set up or could not encode.
  case codec(reason: String)
  /// The file cannot be written; `reason` is the operating system's.
  case unwritable(file: String, reason: String)
  /// The content is in no format that holds sound, whatever the file is called.
  case unknownSound(file: String, firstBytes: [UInt8], reason: String)
  /// The file has no sound track.
  case noSoundTrack(file: String)
  /// The sound is damaged, or its header claims what no recording is.
  case brokenSound(file: String, reason: String)
  /// The header claims more sound than the file holds.
  case truncatedSound(file: String, claimed: String, present: String)
  /// The recording is longer than what is read at once.
  case soundTooLong(file: String, limitSeconds: Double)
  /// Seconds that no recording has were asked for.
  case soundRange(file: String, lower: Double, upper: Double)

  /// The message for the user.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason)"
    case .empty(let file): "\(file): is empty (0 bytes)"
    case .unknownFormat(let file, let firstBytes):
      "\(file): is no image of a kind that is read (\(Self.readable)); it starts "
        + (firstBytes.first == UInt8(ascii: "<")
          ? "like text" : "with \(Self.hexadecimal(firstBytes))")
    case .broken(let file, let format, let reason): "\(file): broken \(format.rawValue): \(reason)"
    case .tooManyPixels(let file, let width, let height, let limit):
      "\(file): claims \(width)x\(height) pixels; at most \(limit) are decoded"
    case .tooManyBytes(let file, let bytes, let limit):
      "\(file): has \(bytes) bytes; at most \(limit) are read"
    case .notVideo(let file, let reason): "\(file): is no video that can be read: \(reason)"
    case .noVideo(let file): "\(file): has no video stream (sound alone?)"
    case .noFrames(let file): "\(file): has a video stream without frames"
    case .unsupportedCodec(let file, let codec):
      "\(file): is \(codec) video, which this FFmpeg cannot decode; convert it to H.264"
    case .brokenVideo(let file, let seconds, let reason):
      "\(file): broken video\(seconds.map { " at \(Self.rounded($0)) s" } ?? ""): \(reason)"
    case .tooLong(let file, let seconds, let limit):
      "\(file): claims to last \(Self.rounded(seconds)) s; at most \(Self.rounded(limit)) are read"
    case .codec(let reason): "codec: \(reason)"
    case .unwritable(let file, let reason): "\(file): cannot be written: \(reason)"
    case .unknownSound(let file, let firstBytes, let reason):
      "\(file): is no recording (starts with \(Self.hexadecimal(firstBytes))): \(reason)"
    case .noSoundTrack(let file): "\(file): has no sound track"
    case .brokenSound(let file, let reason): "\(file): broken recording: \(reason)"
    case .truncatedSound(let file, let claimed, let present):
      "\(file): truncated recording: claims \(claimed) but holds \(present)"
    case .soundTooLong(let file, let limitSeconds):
      "\(file): is longer than \(limitSeconds) s; read it in ranges"
    case .soundRange(let file, let lower, let upper):
      "\(file): \(lower) s to \(upper) s is no range of a recording; start at 0 or later"
    }
  }

  private static let readable = ImageFormat.allCases.map(\.rawValue).joined(separator: ", ")

  /// To a millisecond.
  private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
