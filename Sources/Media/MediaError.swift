/// What can be wrong with an image or a recording; every message names the file.
public enum MediaError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file cannot be opened or read; `reason` is the operating system's.
  case unreadable(file: String, reason: String)
  /// The file holds no bytes.
  case empty(file: String)
  /// The content starts like neither JPEG nor PNG, whatever the file is called.
  case unknownFormat(file: String, firstBytes: [UInt8])
  /// The content is damaged, or of a kind that the decoder does not know.
  case broken(file: String, format: ImageFormat, reason: String)
  /// The header claims more pixels than are ever decoded.
  case tooManyPixels(file: String, width: Int, height: Int, limit: Int)
  /// The file is larger than images are.
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
      Self.foreignFormat(firstBytes).map { "\(file): is \($0); only JPEG and PNG are read" }
        ?? "\(file): is neither JPEG nor PNG (starts with \(Self.hexadecimal(firstBytes)))"
    case .broken(let file, let format, let reason): "\(file): broken \(format.rawValue): \(reason)"
    case .tooManyPixels(let file, let width, let height, let limit):
      "\(file): claims \(width)x\(height) pixels; at most \(limit) are decoded"
    case .tooManyBytes(let file, let bytes, let limit):
      "\(file): has \(bytes) bytes; images of at most \(limit) are read"
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

  /// The name of a format that is often found among faces under another's file name.
  private static func foreignFormat(_ firstBytes: [UInt8]) -> String? {
    let beginnings: [(format: String, bytes: [UInt8])] = [
      ("WebP", Array("RIFF".utf8)), ("GIF", Array("GIF8".utf8)), ("BMP", Array("BM".utf8)),
      ("TIFF", [0x49, 0x49, 0x2A, 0]), ("TIFF", [0x4D, 0x4D, 0, 0x2A]), ("text", Array("<".utf8)),
    ]
    return beginnings.first { firstBytes.starts(with: $0.bytes) }?.format
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}

/// The image formats that are read; raw values are for messages.
public enum ImageFormat: String, Sendable {
  case jpeg = "JPEG"
  case png = "PNG"

  /// The format that `bytes` start like, nil where it is neither.
  init?(startOf bytes: UnsafeRawBufferPointer) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else {
      return nil
    }
  }
}
