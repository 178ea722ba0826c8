/// What the name of a file of RAVDESS says, such as `03-01-06-01-02-01-12.wav`.
///
/// - Source: S. R. Livingstone and F. A. Russo, "The Ryerson audio-visual database of emotional speech
///   and song (RAVDESS)", PLOS ONE 13(5), 2018.
public struct RAVDESSName: Equatable, Sendable {
  /// Sound, picture or both.
  public enum Modality: Int, Sendable {
    case audioVideo = 1
    case video, audio
  }

  /// Speech or song.
  public enum VocalChannel: Int, Sendable {
    case speech = 1
    case song
  }

  /// Field 1: `03` is sound alone.
  public var modality: Modality
  /// Field 2.
  public var vocalChannel: VocalChannel
  /// Field 3.
  public var emotion: VocalEmotion
  /// Field 4: `02` is strong; nothing neutral is.
  public var isStrong: Bool
  /// Field 5: 1 for "Kids are talking by the door", 2 for "Dogs are sitting by the door".
  public var statement: Int
  /// Field 6: 1 or 2.
  public var repetition: Int
  /// Field 7: 1 to 24, odd for men.
  public var actor: Int

  /// Why a name of the right form means nothing.
  struct Problem: Error, Equatable {
    var reason: String
  }

  /// Reads the name of a file, without folders, whatever its ending; nil where it is not seven numbers
  /// of two digits, so that the file is something else.
  init?(file: Substring) throws(Problem) {
    let fields = FolderListing.stem(file).split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == Self.fields.count,
      fields.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
    else { return nil }
    let codes = fields.compactMap { Int($0) }
    for (code, (name, most)) in zip(codes, Self.fields) where !(1...most).contains(code) {
      throw Problem(reason: "the \(name) \(code) is not 1 to \(most)")
    }
    guard codes.count == fields.count, let modality = Modality(rawValue: codes[0]),
      let vocalChannel = VocalChannel(rawValue: codes[1]),
      let emotion = VocalEmotion(rawValue: codes[2] - 1)
    else { return nil }
    self.modality = modality
    self.vocalChannel = vocalChannel
    self.emotion = emotion
    isStrong = codes[3] == 2
    statement = codes[4]
    repetition = codes[5]
    actor = codes[6]
    if isStrong && emotion == .neutral { throw Problem(reason: "nothing neutral is strong") }
  }

  /// What each field means, and its largest code.
  private static let fields = [
    ("modality", 3), ("vocal channel", 2), ("emotion", 8), ("intensity", 2), ("statement", 2),
    ("repetition", 2), ("actor", 24),
  ]
}
