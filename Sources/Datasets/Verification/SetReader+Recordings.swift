extension SetReader {
  /// The splits of RECOLA; a recording that cannot be used does not keep the others from being read.
  func recordings() throws -> [VerifiedPart] {
    guard let folders = try log.attempt(path, { try RecordingFolders(root: path) }) else {
      return []
    }
    var parts: [Split: RecordingPart] = [:]
    for name in folders.names {
      var notes: [String] = []
      let recording = try log.attempt(path) {
        try RecordingManifest.recording(name, in: folders, notes: &notes)
      }
      if let recording { parts[name.split, default: RecordingPart()].add(recording, notes) }
    }
    if folders.names.isEmpty {
      try log.add(
        Finding(kind: .list, file: path, reason: "no recording is called as RECOLA's are"))
    }
    return Split.allCases.compactMap { split in parts[split]?.verified(split, root: path) }
  }

  /// Films and sounds without annotations.
  func mediaFolder() throws -> [VerifiedPart] {
    let listing = try log.attempt(path) {
      try FolderListing(of: path) {
        MediaFolder.extensions.contains(FolderListing.fileExtension($0))
      }
    }
    guard let listing else { return [] }
    try note(listing.problems)
    let (files, folder) = (listing.files, path)
    if files.isEmpty {
      try log.add(Finding(kind: .list, file: path, reason: "holds neither films nor sounds"))
    }
    let report = PartReport(name: "unlabeled", file: path, unit: "files", count: files.count)
    return [
      VerifiedPart(report, itemCount: files.count) { index in
        let isSound = MediaFolder.sounds.contains(FolderListing.fileExtension(files[index]))
        return MediaItem(
          kind: isSound ? .sound : .film, path: "\(folder)/\(files[index])", list: folder)
      }
    ]
  }
}

/// The recordings of a split, without their traces.
private struct RecordingPart {
  private var groups: [GroupReport] = []
  private var items: [MediaItem] = []
  private var notes: [String] = []
  private var valence = ValueRange()
  private var arousal = ValueRange()

  mutating func add(_ recording: Recording, _ notes: [String]) {
    var group = GroupReport(name: recording.name, count: recording.frameCount)
    group.valence = Self.range(recording.valence)
    group.arousal = Self.range(recording.arousal)
    if let range = group.valence { valence.add(range) }
    if let range = group.arousal { arousal.add(range) }
    groups.append(group)
    self.notes += notes
    let frames = recording.firstFrame + recording.frameCount
    // Sound and picture end a little before or after the last rating.
    let tolerance = RecordingManifest.defaultToleranceFrames
    let seconds = Double(max(0, frames - tolerance)) * Recording.framePeriodSeconds
    for (kind, path) in [
      (MediaItem.Kind.sound, recording.audioPath), (.film, recording.videoPath),
    ] {
      guard let path else { continue }
      items.append(MediaItem(kind: kind, path: path, neededSeconds: seconds, list: ""))
    }
  }

  func verified(_ split: Split, root: String) -> VerifiedPart {
    var report = PartReport(
      name: split.rawValue, file: root, unit: "recordings", count: groups.count)
    (report.groups, report.notes) = (groups, notes)
    if valence.count + arousal.count > 0 { (report.valence, report.arousal) = (valence, arousal) }
    // Sendable values only: what is captured does not change any more.
    let items = items
    return VerifiedPart(report, itemCount: items.count) { index in
      var item = items[index]
      (item.path, item.list) = ("\(root)/\(item.path)", root)
      return item
    }
  }

  /// The values of the gold standard, or of all annotators where there is none.
  private static func range(_ trace: AffectTrace?) -> ValueRange? {
    guard let trace else { return nil }
    var range = ValueRange()
    for value in trace.gold.isEmpty ? trace.individual.flatMap({ $0 }) : trace.gold {
      range.add(value)
    }
    return range
  }
}
