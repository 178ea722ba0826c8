/// What a file shows or lets hear.
public enum MediaKind: String, Codable, Sendable, CaseIterable {
  /// A still picture.
  case image
  /// Pictures over time, mostly with sound.
  case film
  /// Sound alone.
  case sound

  /// Endings of names, in lower case.
  public var extensions: Set<String> {
    switch self {
    case .image: ["bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp"]
    case .film:
      ["3gp", "avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "ts", "webm", "wmv"]
    case .sound:
      ["aac", "aif", "aiff", "au", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav", "wma"]
    }
  }

  /// The kind that a file's name tells; nil for any other name.
  public init?(name: some StringProtocol) {
    guard let dot = name.lastIndex(of: "."),
      case let ending = name[name.index(after: dot)...].lowercased(),
      let kind = Self.allCases.first(where: { $0.extensions.contains(ending) })
    else { return nil }
    self = kind
  }

  /// The kind of a file, told by what it holds and not by its name.
  ///
  /// - Throws: `MediaError` naming the file, where it is none of these or broken.
  public init(ofContent path: String) throws {
    let start = try RegularFile(path).bytes(at: 0, count: 16)
    if start.withUnsafeBytes({ ImageFormat(startOf: $0) }) != nil {
      self = .image
      return
    }
    do {
      _ = try VideoReader(path)
      self = .film
    } catch MediaError.noVideo {
      self = .sound
    } catch let error as MediaError {
      // Not every format of sound is a container of films.
      guard (try? AudioReader().open(path)) != nil else { throw error }
      self = .sound
    }
  }
}
