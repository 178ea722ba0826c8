import Foundation

/// The files of RECOLA's recordings, from one listing of each folder.
struct RecordingFolders {
  /// What a folder holds for each recording.
  enum Content: String, CaseIterable {
    case individualArousal = "ratings_individual/arousal"
    case individualValence = "ratings_individual/valence"
    case goldArousal = "ratings_gold_standard/arousal"
    case goldValence = "ratings_gold_standard/valence"
    case audio = "recordings_audio"
    case video = "recordings_video"

    /// Endings of its files, in lower case.
    var extensions: Set<String> {
      switch self {
      case .individualArousal, .individualValence: ["csv"]
      case .goldArousal, .goldValence: ["arff"]
      case .audio: ["flac", "m4a", "mp3", "ogg", "opus", "wav"]
      case .video: ["avi", "m4v", "mkv", "mov", "mp4", "webm"]
      }
    }
  }

  let root: String
  private var files: [Content: [RecordingName: String]] = [:]

  /// Lists the folders that are there; other files in them are passed over.
  ///
  /// - Throws: `DatasetError` for a folder that cannot be listed, or for two files of one recording.
  init(root: String) throws {
    self.root = root
    for content in Content.allCases {
      let folder = "\(root)/\(content.rawValue)"
      guard FileManager.default.fileExists(atPath: folder) else { continue }
      for file in try FolderListing.names(in: folder)
      where content.extensions.contains(FolderListing.fileExtension(file)) {
        guard let name = RecordingName(FolderListing.stem(file[...])) else { continue }
        if let other = files[content, default: [:]].updateValue(file, forKey: name) {
          throw DatasetError.recording(
            folder: folder, name: name.text, reason: "is in both \(other) and \(file); remove one")
        }
      }
    }
  }

  /// All recordings that have a file somewhere, in order.
  var names: [RecordingName] { Set(files.values.flatMap(\.keys)).sorted() }

  /// The file of a recording, relative to the root.
  func path(_ content: Content, of name: RecordingName) -> String? {
    files[content]?[name].map { "\(content.rawValue)/\($0)" }
  }

  /// Refuses a recording that lacks what others have.
  ///
  /// - Parameter needsMedia: whether it has to have a film and a sound where others have.
  func checkComplete(_ name: RecordingName, needsMedia: Bool) throws {
    func refuse(_ content: Content, _ why: String) throws -> Never {
      throw DatasetError.recording(
        folder: root, name: name.text, reason: "nothing in \(content.rawValue), but \(why)")
    }
    let has = { path($0, of: name) != nil }
    for (one, other) in [
      (Content.individualArousal, Content.individualValence), (.goldArousal, .goldValence),
    ] where has(one) != has(other) {
      try refuse(has(one) ? other : one, "in \((has(one) ? one : other).rawValue)")
    }
    if needsMedia {
      for content in [Content.audio, .video] where !has(content) && files[content] != nil {
        try refuse(content, "other recordings are there")
      }
    }
    if name.split != .test && !has(.goldArousal) && !has(.individualArousal) {
      try refuse(.goldArousal, "only test recordings may be without ratings")
    }
  }
}
